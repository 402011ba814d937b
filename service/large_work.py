"""Work that would keep the event loop from other requests for milliseconds: large bodies, batches and pictures.

One thread, since a worker process has one core to use.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large-work")


async def run(work: Callable[..., T], *arguments: Any) -> T:
    """Call ``work`` off the event loop, after the large work asked for earlier."""
    return await asyncio.get_running_loop().run_in_executor(_thread, work, *arguments)
