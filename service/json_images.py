"""JSON → float32 (N, 28, 28, 1): TensorFlow Serving's row and column formats, and one image a line.

simdjson writes the numbers into an array as they come, whatever lists they are in. That the lists are those of images
is told by how many there are, or by the text's brackets and commas, so that no Python object is made for a number.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import simdjson

from service import json_document
from service.batches import PIXELS, SHAPES, Batch, Field, check_count, numbered_lines, scaled
from service.engines import Pixels
from service.errors import UnusableError, shortened

_MOST_FIELDS = 100
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
        UnusableError: not one of these fields, another signature, or not images.
        TooLargeError: more than ``max_batch`` images.

    """
    field, images, alone = _found(json_document.parse(body, "the body"))
    what = f'"{field}"'
    check_count(len(images), max_batch)
    text = body if alone else images.mini
    if all(map(_is_named, images)):
        rows = [row["images"] for row in images]
        _check(rows, text, what)
        numbers = np.concatenate([_numbers(row, 1, what) for row in rows])
    else:
        _check(images, text, what)
        numbers = _numbers(images, len(images), what)
    return Batch(scaled(numbers, what), field)


def _found(content: Any) -> tuple[Field, Any, bool]:
    """Give the field, its simdjson.Array, and whether the document has no other lists; errors as ``read_json``."""
    names = list(islice(content, _MOST_FIELDS)) if type(content) is simdjson.Object else []
    fields: list[Field] = [field for field in get_args(Field) for name in names if name == field]
    if len(fields) != 1:
        raise UnusableError(
            'the JSON must be an object with either "instances" or "inputs": '
            f"a list of images, each {SHAPES} numbers from 0 to 1"
        )
    signature = content["signature_name"] if "signature_name" in names else "serving_default"
    if signature != "serving_default":
        given = shortened(signature) if isinstance(signature, str) else "that is no text"
        raise UnusableError(f"there is no signature {given}; the only one is serving_default")
    images = content[fields[0]]
    named = _is_named(images)
    if named:
        images = images["images"]
    if type(images) is not simdjson.Array:
        raise UnusableError(f'"{fields[0]}" must be a list of images, each {SHAPES} numbers from 0 to 1')
    return fields[0], images, names == fields and not named


def read_json_lines(body: bytes, *, max_batch: int, first: int = 1) -> Batch:
    """Read one image a line, each a JSON array; errors as ``read_json``, and they name the line.

    ``first`` is the number of the body's first line, where it is a part of a larger one.
    """
    return Batch(np.concatenate([_read_line(line, number) for number, line in numbered_lines(body, max_batch, first)]))


def _read_line(line: bytes, number: int) -> Pixels:
    what = f"line {number}"
    image = json_document.parse(line, what)
    _check([image], b"[%b]" % line, what)
    return scaled(_numbers(image, 1, what), what)


def _is_named(value: Any) -> bool:
    return type(value) is simdjson.Object and list(islice(value, 2)) == ["images"]


def _check(images: Iterable[Any], text: bytes, what: str) -> None:
    """Require that a list of images holds lists of one image's lengths, and no others.

    What is in the lists are numbers then, or not to be had as such.

    Args:
        images: the list's values.
        text: the list, and nothing else with brackets in it.
        what: the list's name in errors.

    Raises:
        UnusableError: the lists are not those of images of one shape.

    """
    lengths: list[int] = []
    for image in images:
        if type(image) is not simdjson.Array:
            kind = "dict" if type(image) is simdjson.Object else type(image).__name__
            raise UnusableError(
                f"each image in {what} is of type {kind}; expected {SHAPES} numbers. A single image is a list of one"
            )
        if len(image) not in (28, PIXELS):
            raise UnusableError(f"each image in {what} is {len(image)} rows or numbers; expected {SHAPES}")
        lengths.append(len(image))
    arrays = np.count_nonzero(np.frombuffer(text, np.uint8) == _OPENING)
    if set(lengths) == {PIXELS}:
        if arrays != 1 + len(lengths):
            raise _wrong_content(what)
        return
    if set(lengths) != {28}:
        raise _several_shapes(what)
    # None: not a list, as the rows of a single image are where a list of images was to be.
    rows = {len(row) if type(row) is simdjson.Array else None for image in images for row in image}
    if rows == {None}:
        raise UnusableError(f"each image in {what} is 28; expected {SHAPES}. A single image is a list of one")
    if rows != {28}:
        raise _wrong_content(what)
    if arrays == 1 + 29 * len(lengths):
        return
    brackets = text.translate(None, _ALL_BUT_BRACKETS)
    if brackets != b"[" + b",".join([_IMAGE] * len(lengths)) + b"]":
        raise _several_shapes(what)


def _numbers(array: Any, images: int, what: str) -> npt.NDArray[np.float64]:
    """Give the numbers of ``images`` in lists that were checked, one after the other."""
    try:
        numbers = np.frombuffer(array.as_buffer(of_type="d"))
    except TypeError as error:  # something is none
        raise _wrong_content(what) from error
    if len(numbers) != PIXELS * images:  # a pixel is []
        raise _wrong_content(what)
    return numbers


def _wrong_content(what: str) -> UnusableError:
    return UnusableError(f"{what} must hold numbers from 0 to 1 and nothing else, each image {SHAPES}")


def _several_shapes(what: str) -> UnusableError:
    return UnusableError(f"{what} must hold images of one shape, each {SHAPES} numbers from 0 to 1")
