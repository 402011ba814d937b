"""The addresses to listen on, and how to close them without losing who already waits there."""

import asyncio
import ctypes
import errno
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn

from service.server.burst_accept import BurstAcceptor

_SO_ATTACH_FILTER = 26
"""socket(7), Linux; Python has no name for it."""
_DROP_SYN = (
    struct.pack("HBBI", 0x30, 0, 0, 13),  # load the flags; a packet begins here with its TCP header, IPv4 or IPv6
    struct.pack("HBBI", 0x45, 0, 1, 0x02),  # is SYN among them? If not, skip the next
    struct.pack("HBBI", 0x06, 0, 0, 0),  # let nothing of it through
    struct.pack("HBBI", 0x06, 0, 0, 0xFFFFFFFF),  # let all of it through
)
"""A classic BPF program that drops what asks for a new connection."""

_MAX_UNSENT_BYTES = 128 * 1024
"""Bytes of an answer that the kernel takes before they can be sent; of a slow client's it would take megabytes."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Bind to the host's addresses, so that a taken port or a wrong address is a sentence and not Uvicorn's log entry.

    Raises:
        OSError: none of them can be had, or one is taken.

    """
    bound, missing = [], None
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, _, _, _, address in found:
        listening = socket.socket(family)
        listening.setblocking(False)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # connections inherit it (tcp(7))
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MAX_UNSENT_BYTES)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            listening.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:  # localhost is ::1, too, where there is no IPv6
                raise
            missing = error
        else:
            bound.append(listening)
    if missing is not None and not bound:
        raise missing
    return bound


def _let_nobody_in(listening: socket.socket) -> None:
    """Have the kernel drop who asks to connect to a port from now on, for all processes that share it (Linux).

    Who was let in stays in its queue. Who was being let in still comes into it: such a client may already think that it
    is connected, and closing the port would reset it if the rest of its handshake were dropped. Closing it would also
    reset those who came after the last look into the queue; a client whose SYN was dropped sends it again after a
    second, and then learns that the port is closed.
    """
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(b"".join(_DROP_SYN))
    filter_program = struct.pack("HxxxxxxP", len(_DROP_SYN), ctypes.addressof(program))
    with suppress(OSError):  # a sandbox without it: then few are reset, instead of none
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_program)


class Server(uvicorn.Server):
    """Uvicorn's, but whoever stands in the port's queue when it closes is let in and answered first."""

    def __init__(self, config: uvicorn.Config, acceptor: BurstAcceptor, *, is_last: Callable[[], bool]) -> None:
        """Take what accepts connections, and what tells whether nobody else will accept any when this server ends."""
        super().__init__(config)
        self._acceptor = acceptor
        self._is_last = is_last

    async def shutdown(self, sockets: Sequence[socket.socket] | None = None) -> None:
        """Accept all that wait, then close the port and finish what has begun."""
        if self._is_last():
            for listening in sockets or ():
                _let_nobody_in(listening)
        loop = asyncio.get_running_loop()
        protocol_class: Any = self.config.http_protocol_class
        protocol = partial(  # as Uvicorn makes it
            protocol_class,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            _loop=loop,
        )
        await self._acceptor.accept_all(protocol, loop)
        await super().shutdown(list(sockets or ()))
