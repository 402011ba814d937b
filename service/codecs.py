"""The content types of ``/invocations``: bytes → float32 (N, 28, 28, 1), and probabilities (N, 10) → bytes.

Field names follow TensorFlow Serving's REST API (``instances``/``inputs`` → ``predictions``/``outputs``); media types
follow SageMaker's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from math import prod
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt
import orjson

from service.engines import Pixels, Probabilities
from service.errors import MalformedError, TooLargeError, UnusableError

JSON, JSON_LINES, CSV, NPY = "application/json", "application/jsonlines", "text/csv", "application/x-npy"

_SHAPES = "28×28, 28×28×1 or 784"
_PIXELS = 28 * 28


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
    if content.get("signature_name", "serving_default") != "serving_default":
        raise UnusableError(f"there is no signature {content['signature_name']!r}; the only one is serving_default")
    field = fields[0]
    value = content[field]
    # The signature's only input may be named: a column of images, or each row by itself.
    if isinstance(value, dict) and list(value) == ["images"]:
        value = value["images"]
    elif isinstance(value, list) and all(isinstance(row, dict) and list(row) == ["images"] for row in value):
        value = [row["images"] for row in value]
    return Batch(_images(value, f'"{field}"', max_batch), "inputs" if field == "inputs" else "instances")


def read_json_lines(body: bytes, *, max_batch: int, first: int = 1) -> Batch:
    """Read one image a line, each a JSON array; errors as ``read_json``, and they name the line.

    ``first`` is the number of the body's first line, where it is a part of a larger one.
    """
    lines = [(number, line) for number, line in enumerate(body.splitlines(), first) if line.strip()]
    _check_count(len(lines), max_batch)
    return Batch(np.concatenate([_images([_parse(line, number)], f"line {number}", 1) for number, line in lines]))


def read_csv(body: bytes, *, max_batch: int, first: int = 1) -> Batch:
    """Read one image a row, 784 comma-separated numbers from 0 to 1, no header; as ``read_json_lines``."""
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as error:
        raise MalformedError(f"the CSV is not ASCII text (byte {error.start})") from error
    rows = [(number, line.split(",")) for number, line in enumerate(text.splitlines(), first) if line.strip()]
    _check_count(len(rows), max_batch)
    values = np.empty((len(rows), _PIXELS), np.float32)
    for position, (number, row) in enumerate(rows):
        if len(row) != _PIXELS:
            raise UnusableError(f"row {number} has {len(row)} columns, an image has {_PIXELS}")
        try:
            values[position] = row
        except ValueError as error:
            raise MalformedError(f"row {number} is not all numbers ({error}); leave a header row out") from error
    return Batch(_scaled(values, "the CSV"))


def read_npy(body: bytes, *, max_batch: int) -> Batch:
    """Read a NumPy array file: floats from 0 to 1, or uint8 from 0 to 255, of shape (N, 28, 28[, 1]) or (N, 784).

    The array is a view of the body; nothing is unpickled. Errors as ``read_json``.
    """
    stream = BytesIO(body)
    shape, fortran_order, dtype = read_npy_header(stream)
    start = stream.tell()
    require_npy_size(shape, dtype, len(body) - start)
    array = np.frombuffer(body, dtype, offset=start).reshape(shape, order="F" if fortran_order else "C")
    return batch_of(array, "the array", max_batch=max_batch)


def read_npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read a .npy file's shape, whether it is in Fortran order, and its dtype: floats or uint8.

    Raises:
        MalformedError: not a .npy file.
        UnusableError: another dtype.

    """
    try:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran_order, dtype = read_header(stream)
    except Exception as error:  # the header is a Python literal: NumPy lets several kinds of error through
        raise MalformedError(f"the body is not a .npy file ({error})") from error
    if dtype.kind != "f" and dtype != np.uint8:
        raise UnusableError(f"the array holds {dtype}; send floats from 0 to 1, or uint8 from 0 to 255")
    return shape, fortran_order, dtype


def require_npy_size(shape: tuple[int, ...], dtype: np.dtype[Any], size: int) -> None:
    """Raise ``MalformedError`` unless an array of that shape takes ``size`` bytes."""
    if min(shape, default=0) < 0 or prod(shape) * dtype.itemsize != size:
        raise MalformedError(f"the .npy header promises shape {shape} of {dtype}, the body has {size} bytes")


def batch_of(array: npt.NDArray[Any], what: str, *, max_batch: int) -> Batch:
    """Check an array of images, called ``what`` in errors, and bring it to float32 (N, 28, 28, 1)."""
    return Batch(_images(array, what, max_batch))


def write_json(probabilities: Probabilities, batch: Batch) -> bytes:
    """Write ``{"predictions": [[…], …]}``, or ``{"outputs": …}`` where the request said ``inputs``."""
    field = "predictions" if batch.field == "instances" else "outputs"
    return orjson.dumps({field: probabilities}, option=orjson.OPT_SERIALIZE_NUMPY)


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
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        where = "the body" if line is None else f"line {line}"
        raise MalformedError(f"{where} is not JSON: {error}") from error


def _images(value: Any, what: str, max_batch: int) -> Pixels:
    """Check a list or array of images and bring it to float32 (N, 28, 28, 1)."""
    if not isinstance(value, list | np.ndarray):
        raise UnusableError(f"{what} must be a list of images, each {_SHAPES} numbers from 0 to 1")
    if isinstance(value, np.ndarray) and value.ndim == 0:
        raise UnusableError(f"{what} is a single number; an image is {_SHAPES}, a batch is (N, …)")
    _check_count(len(value), max_batch)
    try:
        array = value if isinstance(value, np.ndarray) else np.array(value, np.float32)
    except (ValueError, TypeError) as error:
        raise UnusableError(f"{what} must hold images of one shape, each {_SHAPES} numbers from 0 to 1") from error
    if array.shape[1:] not in ((28, 28), (28, 28, 1), (_PIXELS,)):
        found = "×".join(map(str, array.shape[1:])) or "a number"
        raise UnusableError(f"each image in {what} is {found}; expected {_SHAPES}")
    return _scaled(array, what)


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
    if not (np.isfinite(low) and np.isfinite(high)):
        raise UnusableError(f"{what} holds NaN or infinite pixels; expected numbers from 0 to 1")
    if low < 0 or high > 1:
        hint = "; divide by 255" if high > 1 and low >= 0 else ""
        raise UnusableError(f"the pixels in {what} range from {low:g} to {high:g}; expected 0 to 1{hint}")
    return np.ascontiguousarray(array, np.float32).reshape(-1, 28, 28, 1)
