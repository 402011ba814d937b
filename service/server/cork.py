"""A response's head and body in one system call, and so in one packet: Uvicorn writes the one, then the other.

Named after TCP_CORK (tcp(7)), which does the same in the kernel, for two system calls more.
"""

import asyncio
from typing import Any


class CorkedTransport:
    """A transport that hands on writes two and two; one alone when the event loop's next turn comes.

    Only for who writes by ``write``: everything else passes by what is held back.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Hold ``data`` back, or write it with what was."""
        held, self._held = self._held, None
        if self._transport.is_closing():  # the client left, which Uvicorn tells the newest of its requests alone
            return
        if held is None:
            self._held = data
            self._loop.call_soon(self.flush)
        else:
            self._transport.writelines((held, data))

    def flush(self) -> None:
        """Write what is held back."""
        held, self._held = self._held, None
        if held is not None and not self._transport.is_closing():  # by a reset, say
            self._transport.write(held)

    def close(self) -> None:
        """Write what is held back, and close."""
        self.flush()
        self._transport.close()
