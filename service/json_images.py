"""JSON → float32 (N, 28, 28, 1): TensorFlow Serving's row and column formats, and one image a line.

simdjson writes the numbers into an array as they come, whatever lists they are in. That the lists are those of images
is told by how many there are, or by the text's brackets and commas, so that no Python object is made for a number.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
from simdjson import Array, Object

from service import json_document
from service.batches import PIXELS, SHAPES, Batch, Field, check_count, numbered_lines, scaled
from service.engines import Pixels
from service.errors import UnusableError, shortened

_FIELDS = get_args(Field)
_HINT = ". A single image is a list of one"
_LONGEST_LENGTH = 0xFFFFFF
"""simdjson counts no further."""
_OPENING = ord("[")
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[],"))
_ROW = b"[" + b",".join([b"[]"] * 28) + b"]"
_IMAGE = b"[" + b",".join([_ROW] * 28) + b"]"
"""The brackets and commas of an image of 28×28×1 numbers."""


def read_json(body: bytes, *, max_batch: int) -> Batch:
    """Read ``{"instances": [image, …]}`` or ``{"inputs": [image, …]}``; fields of other names are not looked at.

    The signature's only input may be named: ``{"inputs": {"images": [image, …]}}`` and
    ``{"instances": [{"images": image}, …]}``.

    Raises:
        MalformedError: not JSON.
        UnusableError: not one of these fields, one of them twice, another signature, or not images.
        TooLargeError: more than ``max_batch`` images.

    """
    content = json_document.parse(body, "the body")
    names = json_document.field_names(content)
    fields = [field for field in _FIELDS if field in names]
    if len(fields) != 1:
        raise UnusableError(
            'the JSON must be an object with either "instances" or "inputs": '
            f"a list of images, each {SHAPES} numbers from 0 to 1"
        )
    is_signed = "signature_name" in names
    if is_signed and (signature := content["signature_name"]) != "serving_default":
        given = f" {shortened(signature)}" if isinstance(signature, str) else ", and signature_name is a text"
        raise UnusableError(f"there is no signature{given}; the only one is serving_default")
    field = fields[0]
    what = f'"{field}"'
    images = content[field]
    if is_column := _is_named(images):
        images = images["images"]
    if not _is_list(images):
        raise UnusableError(f"{what} must be a list of images, each {SHAPES} numbers from 0 to 1")
    check_count(len(images), max_batch)
    if not is_column and all(map(_is_named, images)):
        images = [row["images"] for row in images]
    _check(images, body, what, hint=_HINT, only=len(names) == 1 + is_signed)
    return Batch(scaled(_numbers(images, what), what), field)


def read_json_lines(body: bytes, *, max_batch: int, first: int = 1) -> Batch:
    """Read one image a line, each a JSON array; errors as ``read_json``, and they name the line.

    ``first`` is the number of the body's first line, where it is a part of a larger one.
    """
    return Batch(np.concatenate([_read_line(line, number) for number, line in numbered_lines(body, max_batch, first)]))


def _read_line(line: bytes, number: int) -> Pixels:
    what = f"line {number}"
    images = [json_document.parse(line, what)]
    _check(images, b"[%b]" % line, what)
    return scaled(_numbers(images, what), what)


def _is_list(value: Any) -> bool:
    return type(value) is Array


def _is_named(value: Any) -> bool:
    return type(value) is Object and list(islice(value, 2)) == ["images"]


def _check(images: Sequence[Any], text: bytes, what: str, *, hint: str = "", only: bool = True) -> None:
    """Require that a list of images holds lists of one image's lengths, and no others.

    What is in the lists are numbers then, or not to be had as such.

    Args:
        images: the list's values.
        text: what they are parsed from, and the list.
        what: the list's name in errors.
        hint: what is said to who sent an image instead of a list of one.
        only: whether the text has no other lists, nor texts with brackets in them, unless the images have.

    Raises:
        UnusableError: the lists are not those of images of one shape.

    """
    lengths = {_length(image, what, hint) for image in images}
    if len(lengths) > 1:
        raise _several_shapes(what)
    # As many lists as these images have at least are no more than these.
    opened = np.count_nonzero(np.frombuffer(text, np.uint8) == _OPENING)
    if lengths == {PIXELS}:
        if opened != 1 + len(images) and (only or any(Array in map(type, image) for image in images)):
            raise _wrong_content(what)
        return
    rows = {len(row) if type(row) is Array else type(row) for image in images for row in image}
    if rows <= {int, float}:
        raise UnusableError(f"each image in {what} is 28 numbers; expected {SHAPES}{hint}")
    if rows != {28}:
        raise _wrong_content(what)
    if opened == 1 + 29 * len(images):
        return
    if only:
        brackets = text.translate(None, _ALL_BUT_BRACKETS).strip(b",")
        is_even = brackets == b"[" + b",".join([_IMAGE] * len(images)) + b"]"
    else:
        depths = {_depth(pixel) for image in images for row in image for pixel in row}
        is_even = depths in ({0}, {1})
    if not is_even:
        raise _several_shapes(what)


def _length(image: Any, what: str, hint: str) -> int:
    if not _is_list(image):
        kind = "dict" if type(image) is Object else type(image).__name__
        raise UnusableError(f"each image in {what} is of type {kind}; expected {SHAPES} numbers{hint}")
    length = len(image)
    if length not in (28, PIXELS):
        more = " or more" if length == _LONGEST_LENGTH else ""
        raise UnusableError(f"each image in {what} is {length}{more} rows or numbers; expected {SHAPES}")
    return length


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
    return UnusableError(f"{what} must hold images of one shape, each {SHAPES} numbers from 0 to 1")
