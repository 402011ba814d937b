"""Sends a response's head and body in one system call, and so in one packet; Uvicorn writes one after the other.

``python -m benchmarks.speed.parts cork --over-http`` measures what it gains.

Named after TCP_CORK (tcp(7)), which does the same in the kernel, for two system calls more.
"""

import asyncio
from typing import Any


class CorkedTransport:
    """Buffers one write and sends it with the next; sends it alone in the event loop's next turn.

    Only ``write`` is buffered: other methods that send would overtake it.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Buffer ``data``, or send it with what is buffered."""
        held, self._held = self._held, None
        if self._transport.is_closing():  # the client left; Uvicorn tells only the newest request
            return
        if held is None:
            self._held = data
            self._loop.call_soon(self.flush)
        else:
            self._transport.writelines((held, data))

    def flush(self) -> None:
        """Send what is buffered."""
        held, self._held = self._held, None
        if held is not None and not self._transport.is_closing():  # by a reset, say
            self._transport.write(held)

    def close(self) -> None:
        """Send what is buffered, and close."""
        self.flush()
        self._transport.close()
