"""What happens between SIGTERM and the end: say so to whoever asks, and keep answering for a moment.

A load balancer learns from ``/ping`` that no more requests should come here; until it has asked, requests that still
come are answered. After that Uvicorn closes the port and finishes what it has.
"""

import asyncio
import signal
import threading
from types import FrameType

from service.classifier import Models


def install(models: Models, *, seconds: float) -> None:
    """Put a delay before Uvicorn's own handler of SIGTERM; to be called while its server starts, in its event loop.

    Args:
        models: say 503 on ``/ping`` from the signal on.
        seconds: how long the port stays open after it.

    """
    if threading.current_thread() is not threading.main_thread():
        return  # a test client's loop: signals are not its business
    loop = asyncio.get_running_loop()
    stop = signal.getsignal(signal.SIGTERM)

    def drain(number: int, frame: FrameType | None) -> None:
        models.drain()
        if callable(stop):
            loop.call_soon_threadsafe(loop.call_later, seconds, stop, number, frame)

    signal.signal(signal.SIGTERM, drain)
