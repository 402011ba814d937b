"""What a worker does when SIGTERM or its supervisor's death tells it to stop: it answers on for a moment, then ends.

A load balancer learns from ``/ping`` that no more requests should come here; until it has asked, requests that still
come are answered, each with ``Connection: close``, so that clients that keep connections look for another. After that
Uvicorn closes the port and finishes what it has.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from types import FrameType

from service.errors import NotReadyError


class Drain:
    """Whether this process was told to stop."""

    def __init__(self) -> None:
        self._draining = False
        self._parent: int | None = None

    def install(self, *, seconds: float) -> None:
        """Put a delay before Uvicorn's own handler of SIGTERM; to be called in its event loop, while it starts.

        Args:
            seconds: how long the port stays open after the signal.

        """
        if threading.current_thread() is not threading.main_thread():
            return  # a test client's loop: signals are not its business
        loop = asyncio.get_running_loop()
        self._parent = os.getppid()
        stop = signal.getsignal(signal.SIGTERM)

        def drain(number: int, frame: FrameType | None) -> None:
            self._draining = True
            if callable(stop):
                loop.call_soon_threadsafe(loop.call_later, seconds, stop, number, frame)

        signal.signal(signal.SIGTERM, drain)
        supervisor = multiprocessing.parent_process()
        if supervisor is not None and sys.platform != "win32":
            # Killed, it can tell nobody to stop; a worker without it would hold the port for ever. Forked workers
            # learn of it from the kernel, see ``supervisor.py``; this is for those that Uvicorn started.
            loop.add_reader(supervisor.sentinel, self._orphaned, loop, supervisor.sentinel)

    def _orphaned(self, loop: asyncio.AbstractEventLoop, sentinel: int) -> None:
        loop.remove_reader(sentinel)
        signal.raise_signal(signal.SIGTERM)

    @property
    def orphaned(self) -> bool:
        """Whether the process that started this one is gone."""
        return self._parent not in (None, os.getppid())

    @property
    def draining(self) -> bool:
        """Whether this process was told to stop."""
        return self._draining

    def require_open(self) -> None:
        """Raise ``NotReadyError`` once the process was told to stop."""
        if self._draining:
            raise NotReadyError("the service was told to stop and is finishing its requests; send new ones elsewhere")
