"""Work that would keep the event loop from other requests for milliseconds: large bodies, batches and pictures.

As many threads as the worker has cores to use: one each, unless there are fewer workers than cores.

A few large bodies and batches at a time take tens of megabytes, which the process would keep. Once there has been no
large work for a second, they are given back to the system.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from service import memory

T = TypeVar("T")
Array = npt.NDArray[np.float32]

_PIECE_IMAGES = 256
"""Images of a batch that are one piece of work: 16 ms, after which another request's piece may come."""


def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=threads, thread_name_prefix="large-work")


_IDLE_SECONDS = 1.0

_threads, _executor = 1, _pool(1)
_ended_at = 0.0
"""When the last large work ended, in the event loop's time."""
_trimming: asyncio.AbstractEventLoop | None = None
"""The event loop that will give memory back."""


def set_threads(threads: int) -> None:
    """Say how many cores this worker may use, before any work is asked for."""
    global _threads, _executor  # one pool a process, as there is one set of cores
    if threads != _threads:
        _threads, _executor = threads, _pool(threads)


async def run(work: Callable[..., T], *arguments: Any) -> T:
    """Call ``work`` off the event loop, after the large work asked for earlier."""
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(_executor, work, *arguments)
    finally:
        _note_end(loop)


async def run_in_pieces(work: Callable[[Any], Array], batch: npt.NDArray[Any]) -> Array:
    """Call ``work`` on pieces of a batch, on every thread, and put the answers together.

    A thread asks for its next piece when it has done one: pieces of other batches come between.
    """
    pieces = iter(range(0, len(batch), _PIECE_IMAGES))
    done: dict[int, Array] = {}

    async def worker() -> None:
        for start in pieces:
            done[start] = await run(work, batch[start : start + _PIECE_IMAGES])

    await asyncio.gather(*(worker() for _ in range(_threads)))
    return np.concatenate([done[start] for start in sorted(done)])


def _note_end(loop: asyncio.AbstractEventLoop) -> None:
    global _ended_at, _trimming  # as the process has one memory
    _ended_at = loop.time()
    if _trimming is not loop:
        _trimming = loop
        loop.call_later(_IDLE_SECONDS, _trim_when_idle, loop)


def _trim_when_idle(loop: asyncio.AbstractEventLoop) -> None:
    global _trimming
    idle = loop.time() - _ended_at
    if idle < _IDLE_SECONDS:
        loop.call_later(_IDLE_SECONDS - idle, _trim_when_idle, loop)
        return
    _trimming = None
    loop.run_in_executor(_executor, memory.trim)
