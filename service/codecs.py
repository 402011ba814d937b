"""The content types of ``/invocations``: bytes → float32 (N, 28, 28, 1), and probabilities (N, 10) → bytes.

Field names follow TensorFlow Serving's REST API (``instances``/``inputs`` → ``predictions``/``outputs``); media types
follow SageMaker's.
"""

import gc
import struct
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from math import prod
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt
import orjson

from service.engines import Pixels, Probabilities
from service.errors import MalformedError, TooLargeError, UnusableError, shortened

JSON, JSON_LINES, CSV, NPY = "application/json", "application/jsonlines", "text/csv", "application/x-npy"

_SHAPES = "28×28, 28×28×1 or 784"
_PIXELS = 28 * 28
_IMAGE_SHAPES = ((28, 28), (28, 28, 1), (_PIXELS,))
_NUMBER_TYPES = {int, float}
# Rows that are written at a time: between them another thread has its turn.
_WRITTEN = 256
_NPY_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


@dataclass(frozen=True)
class Batch:
    """Images from a request.

    Attributes:
        pixels: float32 (N, 28, 28, 1) in 0…1, N ≥ 1.
        field: the JSON field they came in, which decides the name of the answer's.

    """

    pixels: Pixels
    field: Literal["instances", "inputs"] = "instances"


def read_json(body: bytes, *, max_batch: int) -> Batch:
    """Read ``{"instances": [image, …]}`` or ``{"inputs": [image, …]}``.

    Raises:
        MalformedError: not JSON.
        UnusableError: other fields, or not images.
        TooLargeError: more than ``max_batch`` images.

    """
    content = _parse(body)
    fields = [field for field in ("instances", "inputs") if isinstance(content, dict) and field in content]
    if len(fields) != 1:
        raise UnusableError(
            'the JSON must be an object with either "instances" or "inputs": '
            f"a list of images, each {_SHAPES} numbers from 0 to 1"
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
    lines = _lines(body, max_batch, first)
    return Batch(
        np.concatenate([_from_list([_parse(line, number)], f"line {number}", 1, line) for number, line in lines])
    )


def read_csv(body: bytes, *, max_batch: int, first: int = 1) -> Batch:
    """Read one image a row, 784 comma-separated numbers from 0 to 1, no header; as ``read_json_lines``."""
    rows = _lines(body, max_batch, first)
    values = np.empty((len(rows), _PIXELS), np.float32)
    for position, (number, row) in enumerate(rows):
        columns = row.count(b",") + 1
        if columns != _PIXELS:
            raise UnusableError(f"row {number} has {columns} columns, an image has {_PIXELS}")
        try:
            with np.errstate(over="ignore"):  # infinite as float32, which is refused with all others
                values[position] = row.split(b",")
        except ValueError as error:
            raise MalformedError(f"row {number} is not all numbers ({error}); leave a header row out") from error
        if b"_" in row:  # Python's float() reads 1_0 as 10
            raise MalformedError(f"row {number} is not all numbers: there is an underscore")
    return Batch(_scaled(values, "the CSV"))


def read_npy(body: bytes, *, max_batch: int) -> Batch:
    """Read a NumPy array file: floats from 0 to 1, or uint8 from 0 to 255, of shape (N, 28, 28[, 1]) or (N, 784).

    The array is a view of the body; nothing is unpickled. Errors as ``read_json``.
    """
    stream = BytesIO(body)
    shape, fortran_order, dtype = read_npy_header(stream, size=len(body))
    _check_count(shape[0], max_batch)
    array = np.frombuffer(body, dtype, offset=stream.tell()).reshape(shape, order="F" if fortran_order else "C")
    return Batch(_scaled(array, "the array"))


def read_npy_header(stream: IO[bytes], *, size: int) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read a .npy file's shape, whether it is in Fortran order, and its dtype; leave the stream where the data begin.

    Args:
        stream: the file, at its start.
        size: its length in bytes.

    Raises:
        MalformedError: not a .npy file, or not as long as its header promises.
        UnusableError: not an array of images.

    """
    try:
        read_header = _NPY_HEADERS[np.lib.format.read_magic(stream)]
        shape, fortran_order, dtype = read_header(stream)
        whole = all(type(length) is int and length >= 0 for length in shape)
    except Exception as error:  # the header is a Python literal: NumPy lets several kinds of error through
        raise MalformedError(f"the body is not a .npy file ({shortened(str(error))})") from error
    if dtype.kind != "f" and dtype != np.uint8:
        raise UnusableError(f"the array holds {dtype}; send floats from 0 to 1, or uint8 from 0 to 255")
    if not shape:
        raise UnusableError("the array is a single number; an image is 28×28, a batch is (N, …)")
    if shape[1:] not in _IMAGE_SHAPES:
        raise UnusableError(f"each image in the array is {_times(shape[1:])}; expected {_SHAPES}")
    if not whole or prod(shape) * dtype.itemsize != size - stream.tell():
        raise MalformedError(
            f"the .npy header promises shape {shortened(shape)} of {dtype}, the body has {size - stream.tell()} bytes"
        )
    return shape, fortran_order, dtype


def scaled_block(array: npt.NDArray[Any], what: str) -> Batch:
    """Bring an array of images, called ``what`` in errors, to float32 (N, 28, 28, 1).

    Raises:
        UnusableError: pixels are out of range.

    """
    return Batch(_scaled(array, what))


def write_json(probabilities: Probabilities, batch: Batch) -> bytes:
    """Write ``{"predictions": [[…], …]}``, or ``{"outputs": …}`` where the request said ``inputs``."""
    field = "predictions" if batch.field == "instances" else "outputs"
    rows = (
        orjson.dumps(probabilities[start : start + _WRITTEN], option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
        for start in range(0, len(probabilities), _WRITTEN)
    )
    return b'{"%s":[%s]}' % (field.encode(), b",".join(rows))


def write_json_lines(probabilities: Probabilities, batch: Batch) -> bytes:  # noqa: ARG001 (one signature for all)
    """Write one JSON array of probabilities an image and line."""
    return b"".join(orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n" for row in probabilities)


def write_csv(probabilities: Probabilities, batch: Batch) -> bytes:  # noqa: ARG001
    """Write one row of probabilities an image."""
    return "".join(",".join(map(str, row)) + "\n" for row in probabilities.tolist()).encode()


def write_npy(probabilities: Probabilities, batch: Batch) -> bytes:  # noqa: ARG001
    """Write a NumPy array file, float32 (N, 10)."""
    stream = BytesIO()
    np.save(stream, probabilities, allow_pickle=False)
    return stream.getvalue()


READERS: dict[str, Callable[..., Batch]] = {
    JSON: read_json,
    JSON_LINES: read_json_lines,
    CSV: read_csv,
    NPY: read_npy,
}
WRITERS: dict[str, Callable[[Probabilities, Batch], bytes]] = {
    JSON: write_json,
    JSON_LINES: write_json_lines,
    CSV: write_csv,
    NPY: write_npy,
}


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


def _lines(body: bytes, max_batch: int, first: int) -> list[tuple[int, bytes]]:
    """Number the lines that are not blank."""
    # Counted before they are split: a million empty lines cost nothing that way.
    if body.count(b"\n") > 2 * max_batch:
        _check_count(body.count(b"\n"), max_batch)
    lines = [(number, line.strip()) for number, line in enumerate(body.split(b"\n"), first)]
    lines = [(number, line) for number, line in lines if line]
    _check_count(len(lines), max_batch)
    return lines


def _from_list(value: Any, what: str, max_batch: int, text: bytes) -> Pixels:
    """Check a JSON list of images, parsed from ``text``, and bring it to float32 (N, 28, 28, 1)."""
    if not isinstance(value, list):
        raise UnusableError(f"{what} must be a list of images, each {_SHAPES} numbers from 0 to 1")
    _check_count(len(value), max_batch)
    # true and false are numbers to Python, and to nobody else.
    if b"true" not in text and b"false" not in text and (numbers := _numbers(value)) is not None:
        return _scaled(numbers, what)
    # What is wrong is looked for here and not by NumPy, which would build whatever array a hostile nesting or a long
    # text calls for.
    for image in value:
        if type(image) is not list:
            raise UnusableError(
                f"each image in {what} is of type {type(image).__name__}; expected {_SHAPES} numbers. "
                "A single image is a list of one"
            )
        if len(image) not in (28, _PIXELS):
            raise UnusableError(f"each image in {what} is {len(image)} rows or numbers; expected {_SHAPES}")
        if not _is_image(image):
            raise UnusableError(f"{what} must hold numbers from 0 to 1 and nothing else, each image {_SHAPES}")
    try:
        array = np.array(value, np.float64)
    except (ValueError, OverflowError) as error:
        raise UnusableError(f"{what} must hold images of one shape, each {_SHAPES} numbers from 0 to 1") from error
    if array.shape[1:] not in _IMAGE_SHAPES:
        raise UnusableError(
            f"each image in {what} is {_times(array.shape[1:])}; expected {_SHAPES}. A single image is a list of one"
        )
    return _scaled(array, what)


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
        elif lengths != {_PIXELS}:
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


def _times(shape: tuple[int, ...]) -> str:
    return shortened("×".join(map(str, shape[:8]))).strip("'") or "a number"


def _check_count(count: int, max_batch: int) -> None:
    if count == 0:
        raise UnusableError("there is no image in the request; send at least one")
    if count > max_batch:
        raise TooLargeError(
            f"the request has {count:,} images, and {max_batch:,} is the most this service takes at once; split it, "
            "or start the service with a larger SERVICE_MAX_BATCH"
        )


def _scaled(array: npt.NDArray[Any], what: str) -> Pixels:
    """Bring pixels to 0…1, refusing what is not; the range is never guessed from the values."""
    if array.dtype == np.uint8:
        array = array.astype(np.float32) / np.float32(255)
    low, high = array.min(), array.max()
    if low >= 0 and high <= 1:  # not so with NaN, which either of them is then
        return np.ascontiguousarray(array, np.float32).reshape(-1, 28, 28, 1)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise UnusableError(f"{what} holds NaN or infinite pixels; expected numbers from 0 to 1")
    hint = "; divide by 255" if high > 2 and low >= 0 else ""
    raise UnusableError(f"the pixels in {what} range from {low:.9g} to {high:.9g}; expected 0 to 1{hint}")
