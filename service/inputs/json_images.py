"""JSON → float32 (N, 28, 28, 1): TensorFlow Serving's row and column formats, and one image a line.

simdjson writes the numbers into an array as they come, whatever lists they are in. The number of lists, or the text's
brackets and commas, show whether the lists are images, so that no Python object is made for a number. Only where other
fields hold lists too does the reader look at each pixel of 28×28×1.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
from simdjson import Array, Object

from service.arrays import Images
from service.errors import MalformedError, UnusableError, shortened
from service.inputs import json_document
from service.inputs.batch_validation import (
    PIXELS,
    SHAPES,
    Batch,
    Field,
    check_count,
    normalize,
    numbered_lines,
    only_carriage_returns,
)

_FIELDS = get_args(Field)
_COLOURS = (3, 4)
_HINT = ". A single image is a list of one"
_KINDS = {
    int: "a number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    type(None): "null",
    Object: "an object",
}
_MAX_COUNTED_LENGTH = 1_000_000
"""A longer list is only said to be longer: simdjson counts some millions, and no further."""
_OPENING = ord("[")
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[],"))
_ROW = b"[" + b",".join([b"[]"] * 28) + b"]"
_IMAGE = b"[" + b",".join([_ROW] * 28) + b"]"
"""The brackets and commas of an image of 28×28×1 numbers."""


def read_json(body: bytes, *, max_batch: int) -> Batch:
    """Read ``{"instances": [image, …]}`` or ``{"inputs": [image, …]}``; fields of other names are not looked at.

    The signature's only input may be named: ``{"inputs": {"images": [image, …]}}`` and
    ``{"instances": [{"images": image}, …]}``. A bare list ``[image, …]``, as SageMaker's own predictor sends it, is
    read as ``instances``.

    Raises:
        MalformedError: not JSON.
        UnusableError: not one of these fields, one of them twice, another signature, or not images.
        TooLargeError: more than ``max_batch`` images.

    """
    content = json_document.parse(body, "the body")
    if _is_list(content):
        return _read_list(content, body, max_batch)
    names = json_document.field_names(content)
    fields = [field for field in _FIELDS if field in names]
    if len(fields) != 1:
        raise UnusableError(
            f'the JSON must be an object with either "instances" or "inputs"{", not both" if fields else ""}: '
            f"a list of images, each {SHAPES} numbers from 0 to 1"
        )
    is_signed = "signature_name" in names
    if is_signed and (signature := content["signature_name"]) not in ("", "serving_default"):
        found = f"there is no signature {shortened(signature)}" if isinstance(signature, str) else "it is no text"
        raise UnusableError(f"signature_name must be serving_default, or left out: {found}")
    field = fields[0]
    what = f'"{field}"'
    images = content[field]
    if is_column := _is_named(images):
        images = images["images"]
    if not _is_list(images):
        raise UnusableError(
            f"{what} must be a list of images, each {SHAPES} numbers from 0 to 1"
            + (', or an object with that list as "images" and nothing else' if type(images) is Object else "")
        )
    check_count(len(images), max_batch)
    if not is_column and type(images[0]) is Object:
        if not all(map(_is_named, images)):
            raise UnusableError(f'each object in {what} must have one image as "images", {SHAPES}, and nothing else')
        images = [row["images"] for row in images]

    def name(index: int) -> str:
        return f"{what}[{index}]"

    _check(images, body, what, name, hint=_HINT, no_other_lists=len(names) == 1 + is_signed)
    return Batch(normalize(_numbers(images, what), name), field)


def _read_list(images: Any, body: bytes, max_batch: int) -> Batch:
    check_count(len(images), max_batch)

    def name(index: int) -> str:
        return f"the list's item {index}, counted from 0,"

    _check(images, body, "the list", name, hint=_HINT)
    return Batch(normalize(_numbers(images, "the list"), name))


def read_json_lines(body: bytes, *, max_batch: int, first: int = 1) -> Batch:
    """Read one image a line, each a JSON array; errors as ``read_json``, and they name the line.

    ``first`` is the number of the body's first line, where it is a part of a larger one.
    """
    return Batch(np.concatenate([_read_line(line, number) for number, line in numbered_lines(body, max_batch, first)]))


def _read_line(line: bytes, number: int) -> Images:
    what = f"line {number}"
    try:
        images = [json_document.parse(line, what)]
    except MalformedError as error:
        raise (only_carriage_returns(number) if b"]\r" in line else error) from error

    def name(_: int) -> str:
        return what

    _check(images, b"[%b]" % line, what, name)
    return normalize(_numbers(images, what), name)


def _is_list(value: Any) -> bool:
    return type(value) is Array


def _is_named(value: Any) -> bool:
    return type(value) is Object and list(islice(value, 2)) == ["images"]


def _check(
    images: Sequence[Any],
    text: bytes,
    what: str,
    name: Callable[[int], str],
    *,
    hint: str = "",
    no_other_lists: bool = True,
) -> None:
    """Require that a list of images holds lists of one image's lengths, and no others.

    What is in the lists are numbers then, or not to be had as such.

    Args:
        images: the list's values.
        text: what they are parsed from, and the list.
        what: the list's name in errors.
        name: gives an image's name in errors, by its index.
        hint: what is said besides where the first image seems to be a part of one.
        no_other_lists: whether brackets in the text are the images', in whatever they hold.

    Raises:
        UnusableError: the lists are not those of images of one shape.

    """
    lengths = {len(image) if type(image) is Array else None for image in images}
    if not lengths <= {28, PIXELS}:
        for index, image in enumerate(images):
            _check_length(image, name(index), hint if index == 0 else "")
    if len(lengths) > 1:
        raise _several_shapes(what)
    # If the text has no more brackets than lists that are checked, there are no other lists.
    opened = np.count_nonzero(np.frombuffer(text, np.uint8) == _OPENING)
    if lengths == {PIXELS}:
        if opened != 1 + len(images) and (no_other_lists or any(Array in map(type, image) for image in images)):
            raise _wrong_content(what)
        return
    if {len(row) if type(row) is Array else None for image in images for row in image} != {28}:
        for index, image in enumerate(images):
            _check_rows(image, name(index), hint if index == 0 else "")
    if opened == 1 + 29 * len(images):
        return
    if no_other_lists:
        brackets = text.translate(None, _ALL_BUT_BRACKETS).strip(b",")
        is_even = brackets == b"[" + b",".join([_IMAGE] * len(images)) + b"]"
    else:
        depths = {_depth(pixel) for image in images for row in image for pixel in row}
        is_even = depths in ({0}, {1})
    if not is_even:
        pixel = images[0][0][0]
        if _is_list(pixel) and len(pixel) in _COLOURS:
            raise UnusableError(f"{name(0)} is 28×28×{len(pixel)}; expected {SHAPES}: make it grey")
        raise _several_shapes(what)


def _check_length(image: Any, name: str, hint: str) -> None:
    """Require an image's number of rows or numbers; the hint is for a number, which may be one of a single image's."""
    if not _is_list(image):
        more = hint if type(image) in (int, float) else ""
        raise UnusableError(f"{name} is {_KINDS[type(image)]}; expected {SHAPES} numbers{more}")
    length = len(image)
    if length not in (28, PIXELS):
        found = str(length) if length <= _MAX_COUNTED_LENGTH else f"over {_MAX_COUNTED_LENGTH:,}"
        more = ", a list in a list" if length == 1 and _is_list(image[0]) else ""
        raise UnusableError(f"{name} has length {found}{more}; expected {SHAPES} numbers")


def _check_rows(image: Any, name: str, hint: str) -> None:
    """Require 28 rows of 28; the hint helps a client that sent one image's rows instead of images."""
    lengths = {len(row) for row in image if _is_list(row)}
    others = {type(row) for row in image if not _is_list(row)}
    if not others and lengths == {28}:
        return
    if (others <= {int, float} and not lengths) or (lengths == {1} and not others):
        shape = "28×1" if lengths else "28 numbers"
        raise UnusableError(f"{name} is {shape}; expected {SHAPES}{hint}")
    if not others:
        found = " and ".join(map(str, sorted(lengths)))
        raise UnusableError(f"the rows of {name} are {found} long; expected {SHAPES}")
    raise _wrong_content(name)


def _depth(pixel: Any) -> int:
    """0 for what is no list, 1 for a list of one that is none, 2 for other lists."""
    if not _is_list(pixel):
        return 0
    return 1 if len(pixel) == 1 and not _is_list(pixel[0]) else 2


def _numbers(images: Any, what: str) -> npt.NDArray[np.float64]:
    """Give the numbers of images that were checked, one after the other."""
    arrays = images if isinstance(images, list) else [images]
    try:
        parts = [np.frombuffer(array.as_buffer(of_type="d")) for array in arrays]
    except TypeError as error:  # something is none
        raise _wrong_content(what) from error
    numbers = np.concatenate(parts) if len(parts) > 1 else parts[0]
    if len(numbers) != PIXELS * len(images):  # a pixel is []
        raise _wrong_content(what)
    return numbers


def _wrong_content(what: str) -> UnusableError:
    return UnusableError(f"{what} must hold numbers from 0 to 1 and nothing else, each image {SHAPES}")


def _several_shapes(what: str) -> UnusableError:
    return UnusableError(f"{what} must be of one shape throughout, each image {SHAPES} numbers from 0 to 1")
