"""Bodies too large for memory, as asynchronous inference sends them: up to 1 GB, in a file, a block at a time.

JSON lines, CSV and .npy can be read in blocks; a JSON document or a picture cannot, and is refused.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from math import prod
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np

from service import codecs
from service.codecs import WRITERS, Batch
from service.engines import Engine
from service.errors import MalformedError, TooLargeError

ANSWERS = (codecs.JSON_LINES, codecs.CSV)
"""What an answer can be written as without knowing its end."""

BLOCK = 1_000
"""Images in memory at a time: 3 MB of pixels."""

_CHUNK = 1024 * 1024


@contextmanager
def received(stored: IO[bytes]) -> Iterator[IO[bytes]]:
    """Give a complete file from its start, and close it in the end."""
    with stored:
        stored.seek(0)
        yield stored


async def store(stream: AsyncIterator[bytes]) -> IO[bytes]:
    """Write a request's body into an unnamed temporary file."""
    file: IO[bytes] = TemporaryFile()  # noqa: SIM115 (outlives this call; closed by whoever reads it)
    try:
        async for chunk in stream:
            file.write(chunk)
    except BaseException:
        file.close()
        raise
    return file


def predict(body: IO[bytes], content_type: str, accepted: str, engine: Engine) -> IO[bytes]:
    """Classify every image of a stored body; returns a file with the answer, at its end.

    Args:
        body: as ``store`` made it.
        content_type: JSON lines, CSV or .npy.
        accepted: one of ``ANSWERS``.
        engine: the model.

    Raises:
        TooLargeError: the content type cannot be read in blocks.
        ServiceError: as the readers in ``codecs``; lines and rows are counted from the start of the body.

    """
    if content_type not in _BLOCKS:
        body.close()
        raise TooLargeError(
            f"a body of this size can be {', '.join(_BLOCKS)}, not {content_type}; send one of them, or less"
        )
    answer: IO[bytes] = TemporaryFile()  # noqa: SIM115 (as above)
    try:
        with received(body) as file:
            for batch in _BLOCKS[content_type](file):
                answer.write(WRITERS[accepted](engine.predict(batch.pixels), batch))
    except BaseException:
        answer.close()
        raise
    return answer


def chunks(answer: IO[bytes]) -> Iterator[bytes]:
    """Read an answer for sending, and close it in the end."""
    with received(answer) as file:
        yield from iter(lambda: file.read(_CHUNK), b"")


def _line_blocks(read: Callable[..., Batch]) -> Callable[[IO[bytes]], Iterator[Batch]]:
    def blocks(file: IO[bytes]) -> Iterator[Batch]:
        first = 1
        while lines := list(islice(file, BLOCK)):
            if any(line.strip() for line in lines):
                yield read(b"".join(lines), max_batch=BLOCK, first=first)
            first += len(lines)

    return blocks


def _npy_blocks(file: IO[bytes]) -> Iterator[Batch]:
    shape, fortran_order, dtype = codecs.read_npy_header(file)
    start, size = file.tell(), file.seek(0, 2)
    codecs.require_npy_size(shape, dtype, size - start)
    if fortran_order or not shape:
        raise MalformedError("a .npy file of this size must be in C order, with images along its first axis")
    stride = dtype.itemsize * prod(shape[1:])
    for first in range(0, shape[0], BLOCK):
        count = min(BLOCK, shape[0] - first)
        file.seek(start + first * stride)
        block: np.ndarray[Any, Any] = np.frombuffer(file.read(count * stride), dtype).reshape(count, *shape[1:])
        yield codecs.batch_of(block, f"the array (from image {first})", max_batch=BLOCK)


_BLOCKS: dict[str, Callable[[IO[bytes]], Iterator[Batch]]] = {
    codecs.JSON_LINES: _line_blocks(codecs.read_json_lines),
    codecs.CSV: _line_blocks(codecs.read_csv),
    codecs.NPY: _npy_blocks,
}
