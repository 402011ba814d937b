"""Bodies too large for memory, as asynchronous inference sends them: through a file, a block at a time.

JSON lines, CSV and .npy can be read in blocks; a JSON document or a picture cannot, and is refused.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from math import prod
from os import SEEK_END
from tempfile import TemporaryFile, gettempdir
from typing import IO, Any

import numpy as np
from starlette.requests import Request

from service.arrays import Engine, scale
from service.errors import ExhaustedError, MalformedError, TooLargeError
from service.http import offload
from service.http.body_limit import content_length
from service.http.media_types import ALL_JSON_LINES, CSV, JSON_LINES, NPY
from service.http.messages import read_body
from service.inputs import npy_images
from service.inputs.batch_validation import MAX_LINE_BYTES, Batch, check_count, normalize
from service.inputs.csv_images import read_csv
from service.inputs.json_images import read_json_lines
from service.outputs.writers import WRITERS

ANSWERS = (*ALL_JSON_LINES, CSV)
"""What an answer can be written as without knowing its end."""

BLOCK = 1_000
"""Images in memory at a time: 3 MB of pixels."""

_IN_MEMORY_BYTES = 64 * 1024 * 1024
_CHUNK = 1024 * 1024


@contextmanager
def received(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Give a complete file from its start, and close it in the end."""
    with file:
        file.seek(0)
        yield file


@contextmanager
def stored() -> Iterator[IO[bytes]]:
    """Make an unnamed file, which outlives the block unless that fails.

    Raises:
        ExhaustedError: it cannot be made, or not be written.

    """
    file: IO[bytes] | None = None
    try:
        file = TemporaryFile()  # noqa: SIM115 (outlives this call)
        yield file
        file.flush()
    except BaseException as error:
        if file is not None:
            with suppress(OSError):  # what could not be written cannot be written now
                file.close()
        if isinstance(error, OSError):
            raise ExhaustedError(
                f"a body of this size goes through a file in {gettempdir()}, which cannot be written "
                f"({error.strerror}); "
                "send less at once, or send it again later; whoever runs the service: make room there, or set TMPDIR"
            ) from error
        raise


async def receive(request: Request) -> bytes | IO[bytes]:
    """Read a request's body: into memory if it is small, else into an unnamed file, whose reader closes it.

    Raises:
        ExhaustedError: there is no room for the file.

    """
    size = content_length(request)
    if size is not None and size <= _IN_MEMORY_BYTES:
        return await read_body(request)
    with stored() as file:
        async for chunk in request.stream():
            file.write(chunk)
    if file.tell() > _IN_MEMORY_BYTES:
        return file
    with received(file) as small:
        return small.read()


async def predict(body: IO[bytes], content_type: str, accepted: str, engine: Engine) -> IO[bytes]:
    """Classify every image of a stored body; returns a file with the answer, at its end.

    A block is one piece of large work: that of other requests comes between.

    Args:
        body: the file ``receive`` made.
        content_type: JSON lines, CSV or .npy.
        accepted: one of ``ANSWERS``.
        engine: the model.

    Raises:
        TooLargeError: the content type cannot be read in blocks.
        ServiceError: as the readers; lines and rows are counted from the start of the body.

    """
    if content_type not in _BLOCKS:
        body.close()
        raise TooLargeError(f"a body of this size can be {', '.join(_BLOCKS)}, not {content_type}")
    with received(body) as file, stored() as answer:
        blocks = _BLOCKS[content_type](file)
        while await offload.run(_predict_block, blocks, accepted, engine, answer):
            pass
    return answer


def _predict_block(blocks: Iterator[Batch], accepted: str, engine: Engine, answer: IO[bytes]) -> bool:
    """Classify the next block; False where there was none."""
    batch = next(blocks, None)
    if batch is None:
        return False
    answer.write(WRITERS[accepted](engine.predict(scale(batch.pixels)), batch))
    return True


def chunks(answer: IO[bytes]) -> Iterator[bytes]:
    """Read an answer for sending, and close it in the end."""
    with received(answer) as file:
        yield from iter(lambda: file.read(_CHUNK), b"")


def _line_blocks(read: Callable[..., Batch]) -> Callable[[IO[bytes]], Iterator[Batch]]:
    def blocks(file: IO[bytes]) -> Iterator[Batch]:
        first, is_blank = 1, True
        # Of a line that is longer than one may be, as much is read as the reader needs to refuse it.
        while lines := list(islice(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), BLOCK)):
            if any(line.strip() or len(line.rstrip(b"\n")) > MAX_LINE_BYTES for line in lines):
                is_blank = False
                yield read(b"".join(lines), max_batch=BLOCK, first=first)
            first += len(lines)
        if is_blank:
            check_count(0, BLOCK)

    return blocks


def _npy_blocks(file: IO[bytes]) -> Iterator[Batch]:
    size = file.seek(0, SEEK_END)
    file.seek(0)
    shape, fortran_order, dtype = npy_images.read_npy_header(file, size=size)
    if fortran_order:
        raise MalformedError("a .npy file of this size must be in C order, one image after the other")
    images = dtype.itemsize * prod(shape[1:])
    for first in range(0, shape[0], BLOCK):
        count = min(BLOCK, shape[0] - first)
        block: np.ndarray[Any, Any] = np.frombuffer(file.read(count * images), dtype).reshape(count, *shape[1:])
        yield Batch(normalize(block, partial(npy_images.name_in_array, first=first)))


_BLOCKS: dict[str, Callable[[IO[bytes]], Iterator[Batch]]] = {
    JSON_LINES: _line_blocks(read_json_lines),
    CSV: _line_blocks(read_csv),
    NPY: _npy_blocks,
}
