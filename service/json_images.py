"""JSON → float32 (N, 28, 28, 1): TensorFlow Serving's row and column formats, and one image a line.

Nearly every body is plain: one field, images of 784, 28×28 or 28×28×1 numbers, nothing else. simdjson reads these
straight into an array; no Python object is made for a number or a list, of which millions would hold Python's lock, and
so the event loop, for a second. What is not plain, or wrong in no obvious way, is read again, to be understood or
explained.
"""

import gc
import struct
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import simdjson

from service.batches import IMAGE_SHAPES, PIXELS, SHAPES, Batch, check_count, numbered_lines, scaled, times
from service.engines import Pixels
from service.errors import MalformedError, UnusableError, shortened

_NUMBER_TYPES = {int, float}
_BOM = b"\xef\xbb\xbf"
_OPENING = ord("[")
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[],"))
_ROW = b"[" + b",".join([b"[]"] * 28) + b"]"
_IMAGE = b"[" + b",".join([_ROW] * 28) + b"]"
"""The brackets and commas of an image of 28×28×1 numbers."""


def read_json(body: bytes, *, max_batch: int) -> Batch:
    """Read ``{"instances": [image, …]}`` or ``{"inputs": [image, …]}``.

    Raises:
        MalformedError: not JSON.
        UnusableError: other fields, or not images.
        TooLargeError: more than ``max_batch`` images.

    """
    batch = _read_plain(body, max_batch)
    return _read_any(body, max_batch) if batch is None else batch


def _read_plain(body: bytes, max_batch: int) -> Batch | None:
    """Read one field with images of one shape; None for what may be something else; errors as ``read_json``."""
    if body.startswith(_BOM):  # which simdjson skips, and JSON does not have
        return None
    try:
        content: Any = simdjson.Parser().parse(body)
        (field,) = content
        if field not in ("instances", "inputs"):
            return None
        images = content[field]
        if type(images) is not simdjson.Array:
            return None
        check_count(len(images), max_batch)
        what = f'"{field}"'
        if not _is_plain(images, body, what):
            return None
    except (TypeError, ValueError, AttributeError, RuntimeError):
        return None
    try:
        numbers = np.frombuffer(images.as_buffer(of_type="d"))
    except (TypeError, ValueError, RuntimeError) as error:  # something is none
        raise _wrong_content(what) from error
    if len(numbers) != PIXELS * len(images):  # a pixel is []
        raise _wrong_content(what)
    return Batch(scaled(numbers, what), field)


def _is_plain(images: Any, body: bytes, what: str) -> bool:
    """Whether there is nothing in a simdjson.Array of images but lists of the right lengths and what they hold.

    What that is, is numbers, or not to be had as such.

    Raises:
        UnusableError: the lists are not those of images of one shape.

    """
    lengths = set()
    for image in images:
        if type(image) is not simdjson.Array:
            return False
        length = len(image)
        if length not in (28, PIXELS):
            raise _wrong_length(length, what)
        lengths.add(length)
    arrays = np.count_nonzero(np.frombuffer(body, np.uint8) == _OPENING)
    if lengths == {PIXELS}:
        if arrays != 1 + len(images):
            raise _wrong_content(what)
        return True
    if lengths != {28}:
        return False
    if {len(row) for image in images for row in image} != {28}:
        raise _wrong_content(what)
    if arrays == 1 + 29 * len(images):
        return True
    brackets = body.translate(None, _ALL_BUT_BRACKETS)
    if brackets != b"[" + b",".join([_IMAGE] * len(images)) + b"]":
        raise _several_shapes(what)
    return True


def _read_any(body: bytes, max_batch: int) -> Batch:
    content = _parse(body)
    fields = [field for field in ("instances", "inputs") if isinstance(content, dict) and field in content]
    if len(fields) != 1:
        raise UnusableError(
            'the JSON must be an object with either "instances" or "inputs": '
            f"a list of images, each {SHAPES} numbers from 0 to 1"
        )
    signature = content.get("signature_name", "serving_default")
    if signature != "serving_default":
        raise UnusableError(f"there is no signature {shortened(signature)}; the only one is serving_default")
    field = fields[0]
    value = content[field]
    # The signature's only input may be named: a column of images, or each row by itself.
    if isinstance(value, dict) and list(value) == ["images"]:
        value = value["images"]
    elif isinstance(value, list) and all(isinstance(row, dict) and list(row) == ["images"] for row in value):
        value = [row["images"] for row in value]
    pixels = _from_list(value, f'"{field}"', max_batch, body)
    return Batch(pixels, "inputs" if field == "inputs" else "instances")


def read_json_lines(body: bytes, *, max_batch: int, first: int = 1) -> Batch:
    """Read one image a line, each a JSON array; errors as ``read_json``, and they name the line.

    ``first`` is the number of the body's first line, where it is a part of a larger one.
    """
    lines = numbered_lines(body, max_batch, first)
    return Batch(
        np.concatenate([_from_list([_parse(line, number)], f"line {number}", 1, line) for number, line in lines])
    )


def _parse(body: bytes, line: int | None = None) -> Any:
    # The collector would look through millions of new lists again and again, and find none to free.
    gc.disable()
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        where = "the body" if line is None else f"line {line}"
        raise MalformedError(f"{where} is not JSON: {error}") from error
    finally:
        gc.enable()


def _from_list(value: Any, what: str, max_batch: int, text: bytes) -> Pixels:
    """Check a JSON list of images, parsed from ``text``, and bring it to float32 (N, 28, 28, 1)."""
    if not isinstance(value, list):
        raise UnusableError(f"{what} must be a list of images, each {SHAPES} numbers from 0 to 1")
    check_count(len(value), max_batch)
    # true and false are numbers to Python, and to nobody else.
    if b"true" not in text and b"false" not in text and (numbers := _numbers(value)) is not None:
        return scaled(numbers, what)
    # What is wrong is looked for here and not by NumPy, which would build whatever array a hostile nesting or a long
    # text calls for.
    for image in value:
        if type(image) is not list:
            raise UnusableError(
                f"each image in {what} is of type {type(image).__name__}; expected {SHAPES} numbers. "
                "A single image is a list of one"
            )
        if len(image) not in (28, PIXELS):
            raise _wrong_length(len(image), what)
        if not _is_image(image):
            raise _wrong_content(what)
    try:
        array = np.array(value, np.float64)
    except (ValueError, OverflowError) as error:
        raise _several_shapes(what) from error
    if array.shape[1:] not in IMAGE_SHAPES:
        raise UnusableError(
            f"each image in {what} is {times(array.shape[1:])}; expected {SHAPES}. A single image is a list of one"
        )
    return scaled(array, what)


def _wrong_length(length: int, what: str) -> UnusableError:
    return UnusableError(f"each image in {what} is {length} rows or numbers; expected {SHAPES}")


def _wrong_content(what: str) -> UnusableError:
    return UnusableError(f"{what} must hold numbers from 0 to 1 and nothing else, each image {SHAPES}")


def _several_shapes(what: str) -> UnusableError:
    return UnusableError(f"{what} must hold images of one shape, each {SHAPES} numbers from 0 to 1")


def _numbers(images: list[Any]) -> npt.NDArray[np.float64] | None:
    """Give the pixels of well-formed images, one after the other; None where there is something to explain.

    Without a look at each number: those that are none cannot be packed.
    """
    try:
        parts: Any = images
        lengths = set(map(len, parts))
        if lengths == {28}:
            parts = list(chain.from_iterable(parts))
            if set(map(len, parts)) != {28}:
                return None
            if type(parts[0][0]) is list:
                parts = list(chain.from_iterable(parts))
                if set(map(len, parts)) != {1}:
                    return None
        elif lengths != {PIXELS}:
            return None
        numbers = list(chain.from_iterable(parts))
        return np.frombuffer(struct.pack(f"{len(numbers)}d", *numbers))
    except (TypeError, OverflowError, KeyError, struct.error):
        return None


def _is_image(image: list[Any]) -> bool:
    """Whether a list is 784 numbers, or 28 rows of 28 numbers or of 28 lists of one number."""
    if set(map(type, image)) <= _NUMBER_TYPES:
        return True
    for row in image:
        if type(row) is not list or len(row) != 28:
            return False
        pixels = [p[0] if type(p) is list and len(p) == 1 else p for p in row] if type(row[0]) is list else row
        if not set(map(type, pixels)) <= _NUMBER_TYPES:
            return False
    return True
