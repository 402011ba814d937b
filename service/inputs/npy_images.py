"""NumPy array files → (N, 28, 28, 1), float32 or uint8."""

from io import BytesIO
from math import prod
from typing import IO, Any

import numpy as np

from service.errors import MalformedError, UnusableError, shortened
from service.inputs.batches import IMAGE_SHAPES, SHAPES, Batch, check_count, format_shape, normalize

_NPY_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
    (3, 0): np.lib.format.read_array_header_2_0,  # but for its text, UTF-8, which only structured dtypes need
}


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
