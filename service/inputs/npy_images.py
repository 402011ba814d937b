"""NumPy array files → (N, 28, 28, 1), float32 or uint8."""

from io import BytesIO
from math import prod
from typing import IO, Any

import numpy as np

from service.errors import MalformedError, UnusableError, shortened
from service.inputs.batch_validation import IMAGE_SHAPES, SHAPES, Batch, check_count, format_shape, normalize

_NPY_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
    (3, 0): np.lib.format.read_array_header_2_0,  # but for its text, UTF-8, which only structured dtypes need
}

_PREFIX = b"\x93NUMPY"
_MAGIC_BYTES = len(_PREFIX) + 2  # and the version
_OTHER_FILES = {
    b"PK\x03\x04": "it is a ZIP archive, as numpy.savez and torch.save write it",
    b"\x80": "it is a pickle, which is never read",
    b"\x1f\x8b": "it is compressed with gzip",
    b"[": "it is text, such as JSON, which has another content type",
    b"{": "it is text, such as JSON, which has another content type",
}
"""What a file begins with that is no .npy file, and what is said of it."""


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
    read_header = _NPY_HEADERS[_version(stream.read(_MAGIC_BYTES))]
    try:
        shape, fortran_order, dtype = read_header(stream)
        whole = all(type(length) is int and length >= 0 for length in shape)
    except Exception as error:  # the header is a Python literal: NumPy lets several kinds of error through
        raise MalformedError("the .npy file's header cannot be read; save the array anew, with numpy.save") from error
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


def _version(magic: bytes) -> tuple[int, int]:
    """Read the version of the format from a .npy file's first bytes.

    Raises:
        MalformedError: they are of no such file; the message names what people send instead of it.

    """
    if not magic.startswith(_PREFIX) or len(magic) < _MAGIC_BYTES:
        found = next((f": {what}" for start, what in _OTHER_FILES.items() if magic.startswith(start)), "")
        raise MalformedError(f"the body is not a .npy file{found}; write one with numpy.save(file, array)")
    version = magic[-2], magic[-1]
    if version not in _NPY_HEADERS:
        raise MalformedError(
            f"the .npy file is of version {version[0]}.{version[1]}; read are "
            f"{', '.join(f'{major}.{minor}' for major, minor in _NPY_HEADERS)}, which numpy.save writes"
        )
    return version
