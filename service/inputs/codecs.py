"""The content types of ``/invocations``: bytes → float32 (N, 28, 28, 1), and probabilities (N, 10) → bytes.

Field names follow TensorFlow Serving's REST API (``instances``/``inputs`` → ``predictions``/``outputs``); media types
follow SageMaker's.
"""

from codecs import BOM_UTF8
from collections.abc import Callable
from io import BytesIO
from math import prod
from typing import IO, Any

import numpy as np
import orjson

from service.errors import MalformedError, UnusableError, shortened
from service.inputs.batches import (
    IMAGE_SHAPES,
    PIXELS,
    SHAPES,
    Batch,
    check_count,
    format_shape,
    normalize,
    numbered_lines,
)
from service.inputs.json_images import read_json, read_json_lines
from service.models.engines import Probabilities

JSON, JSON_LINES, CSV, NPY = "application/json", "application/jsonlines", "text/csv", "application/x-npy"

# Rows that are written at a time: between them another thread has its turn.
_ROWS_AT_ONCE = 256
_NPY_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_csv(body: bytes, *, max_batch: int, first: int = 1) -> Batch:
    """Read one image a row, 784 comma-separated numbers from 0 to 1, no header; as ``read_json_lines``."""
    if first == 1 and body.startswith(BOM_UTF8):
        raise MalformedError("the CSV begins with a byte order mark; save it as UTF-8 without")
    rows = numbered_lines(body, max_batch, first)
    values = np.empty((len(rows), PIXELS), np.float32)
    for position, (number, row) in enumerate(rows):
        columns = row.count(b",") + 1
        if columns != PIXELS:
            hint = ""
            if columns == 1:
                hint = "; separate them with commas"
            elif columns == PIXELS + 1 and not row.endswith(b","):
                hint = "; leave the label out, and a header row"
            raise UnusableError(f"row {number} has {columns} columns, an image has {PIXELS}{hint}")
        try:
            with np.errstate(over="ignore"):  # infinite as float32, which is refused with all others
                values[position] = row.split(b",")
        except ValueError as error:
            raise _not_a_number(row, number) from error
        if b"_" in row:  # Python's float() reads 1_0 as 10
            raise _not_a_number(row, number)
    return Batch(normalize(values, lambda position: f"row {rows[position][0]}"))


def _not_a_number(row: bytes, number: int) -> MalformedError:
    cell = next((cell.strip() for cell in row.split(b",") if not _is_number(cell)), b"")
    found = f"{shortened(cell.decode('utf-8', 'replace'))} is not" if cell else "a cell is empty"
    return MalformedError(f"row {number} is not all numbers: {found}. Leave headers, quotes and labels out")


def _is_number(cell: bytes) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return b"_" not in cell


def read_npy(body: bytes, *, max_batch: int) -> Batch:
    """Read a NumPy array file: floats from 0 to 1, or uint8 from 0 to 255, of shape (N, 28, 28[, 1]) or (N, 784).

    The array is a view of the body; nothing is unpickled. Errors as ``read_json``.
    """
    stream = BytesIO(body)
    shape, fortran_order, dtype = read_npy_header(stream, size=len(body))
    check_count(shape[0], max_batch)
    array = np.frombuffer(body, dtype, offset=stream.tell()).reshape(shape, order="F" if fortran_order else "C")
    return Batch(normalize(array, name_in_array))


def name_in_array(index: int, first: int = 0) -> str:
    """Give an image's name in errors, by its index in a part that begins with the array's image ``first``."""
    return f"the array's image {first + index}, counted from 0,"


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
    if shape[1:] not in IMAGE_SHAPES:
        raise UnusableError(f"each image in the array is {format_shape(shape[1:])}; expected {SHAPES}")
    if not whole or prod(shape) * dtype.itemsize != size - stream.tell():
        raise MalformedError(
            f"the .npy header promises shape {shortened(shape)} of {dtype}, the body has {size - stream.tell()} bytes"
        )
    return shape, fortran_order, dtype


def write_json(probabilities: Probabilities, batch: Batch) -> bytes:
    """Write ``{"predictions": [[…], …]}``, or ``{"outputs": …}`` where the request said ``inputs``."""
    field = "predictions" if batch.field == "instances" else "outputs"
    rows = (
        orjson.dumps(probabilities[start : start + _ROWS_AT_ONCE], option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
        for start in range(0, len(probabilities), _ROWS_AT_ONCE)
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
