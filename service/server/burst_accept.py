"""Accepts many connections at once when a worker is busy, so that a health check does not wait behind them.

uvloop accepts one connection in each turn of its event loop. A turn that answers a hundred requests takes long: behind
hundreds of new clients, a health check would wait for seconds.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Any

_MAX_ACCEPTS = 32


class BurstAcceptor:
    """Accepts many connections in one turn of the event loop; one acceptor for each process.

    Only a busy worker may use it: of several workers that share a port, the first to wake would take all connections
    that come together.
    """

    def __init__(self, listening: Sequence[socket.socket]) -> None:
        """Take the sockets that the server listens on; they must not block."""
        self._listening = listening
        self._has_accepted = False
        self._opening: set[asyncio.Task[Any]] = set()  # the event loop itself would forget them

    def accept_more(self, protocol: Callable[[], asyncio.Protocol], loop: asyncio.AbstractEventLoop) -> None:
        """Accept up to 32 that wait on each socket, once in a turn, each for a ``protocol`` of its own."""
        if self._has_accepted:
            return
        self._has_accepted = True
        loop.call_soon(self._begin_turn)
        for listening in self._listening:
            for _ in range(_MAX_ACCEPTS):
                if not self._accept(listening, protocol, loop):
                    break

    async def accept_all(self, protocol: Callable[[], asyncio.Protocol], loop: asyncio.AbstractEventLoop) -> None:
        """Accept all that wait on each socket, before it is closed; returns when each has its ``protocol``."""
        for listening in self._listening:
            while self._accept(listening, protocol, loop):
                pass
        await asyncio.gather(*self._opening, return_exceptions=True)
        await asyncio.sleep(0)  # those that the event loop accepted itself have theirs a turn later

    def _accept(
        self, listening: socket.socket, protocol: Callable[[], asyncio.Protocol], loop: asyncio.AbstractEventLoop
    ) -> bool:
        """Accept one; tells whether there was one."""
        try:
            connection, _ = listening.accept()
        except OSError:  # none waits, or there is no descriptor for it, or the port has been closed
            return False
        opening = loop.create_task(loop.connect_accepted_socket(protocol, connection))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)
        return True

    def _begin_turn(self) -> None:
        self._has_accepted = False
