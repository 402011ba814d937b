"""What a client may take its time for, and how much it may send before a request has begun.

Uvicorn limits only how long a connection idles between two requests. Without the rest a handful of clients that send
a byte now and then, or never read an answer, would hold a worker's memory and descriptors for ever. Each connection
looks at itself once a second, so that a request costs no timer.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service import request_state
from service.exempt_paths import takes_place
from service.server.burst_accept import BurstAcceptor
from service.server.connections import Connections
from service.server.strict_http import StrictProtocol

MIN_BYTES_PER_SECOND = 10 * 1024
"""Bytes a second: so many more give a body, or an answer, a second more than its setting says."""

_CHECK_SECONDS = 1.0
_LAST_REQUEST_SECONDS = 1.0
"""How long after its start a connection may be without a request when the server ends."""
_BUSY_REQUESTS = 8
"""Requests in flight from which on the next connection would wait for long."""


@dataclass(frozen=True)
class ClientTimeouts:
    """How long a client may take, in seconds, and how large its headers may be, in bytes."""

    headers: float
    body: float
    answer: float
    header_bytes: int


class ClientTimeoutProtocol(StrictProtocol):
    """HTTP with limits on what is waited for.

    The phases of a request: its headers come, its body comes, it is worked on (no limit: that is the server's own
    time), its answer is read. ``_deadline`` is the end of either of the first two. The last ends when the client is
    too far behind ``MIN_BYTES_PER_SECOND``.
    """

    def __init__(
        self,
        *arguments: Any,
        timeouts: ClientTimeouts,
        max_in_flight: int,
        acceptor: BurstAcceptor,
        connections: Connections,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self._timeouts = timeouts
        self._max_in_flight = max_in_flight
        self._acceptor = acceptor
        self._connections = connections
        self._is_worked_on = False
        """Whether a request is whole, and not answered yet."""
        self._in_flight = False
        """Whether ``_connections`` counts it: the worker waits for nobody."""
        self._deadline: float | None = None
        self._header_bytes = 0
        self._unread_first: tuple[float, int] | None = None
        """When an answer was first found unread, and how many bytes of it; None while none is."""
        self._check: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._deadline = self.loop.time() + self._timeouts.headers
        self._check = self.loop.call_later(_CHECK_SECONDS, self._check_deadlines)
        self._connections.add(self)
        if self._connections.is_crowded:
            self._acceptor.accept_more(self._new_protocol, self.loop)

    def shutdown(self) -> None:
        """End with the answer under way; where a client has just connected, with the answer to what it will ask."""
        if self._deadline is not None and not self._has_asked() and not self._refused:
            connected = self._deadline - self._timeouts.headers
            self.loop.call_later(connected + _LAST_REQUEST_SECONDS - self.loop.time(), super().shutdown)
        else:
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        if self._check is not None:
            self._check.cancel()
        self._connections.remove(self)
        super().connection_lost(exc)
        self._is_worked_on = False
        self._count_flight()

    def data_received(self, data: bytes) -> None:
        """Count what comes before a request has begun, and refuse it when it is too much."""
        if self._in_headers:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._in_headers and self._header_bytes > self._timeouts.header_bytes and not self._refused:
            self._refuse(*self._too_large(), behind=self._is_answering())

    def on_message_begin(self) -> None:
        """Start the time for a request's headers."""
        super().on_message_begin()
        self._deadline = self.loop.time() + self._timeouts.headers

    def _check_head(self, method: bytes, version: str) -> tuple[int, str] | None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)  # with ": " and CR LF
        return self._too_large() if size > self._timeouts.header_bytes else super()._check_head(method, version)

    def _too_large(self) -> tuple[int, str]:
        return 431, (
            f"the request's line and headers are larger than {self._timeouts.header_bytes // 1024} KB, the most "
            "this service takes; send less in them, or start the service with a larger SERVICE_MAX_HEADER_KB"
        )

    def _begin_request(self) -> None:
        """Start the time for a request's body."""
        if self._connections.in_flight >= _BUSY_REQUESTS:
            self._acceptor.accept_more(self._new_protocol, self.loop)
        super()._begin_request()
        self._header_bytes = 0
        self._deadline = self.loop.time() + self._timeouts.body
        if "drain" in self.app_state and self.app_state["drain"].draining:
            self.cycle.keep_alive = False

    def _new_protocol(self) -> HttpToolsProtocol:
        """Make the protocol of another connection, as Uvicorn does."""
        made: HttpToolsProtocol = self.config.http_protocol_class(  # type: ignore[call-arg,assignment]
            config=self.config, server_state=self.server_state, app_state=self.app_state, _loop=self.loop
        )
        return made

    def on_body(self, body: bytes) -> None:
        """Give a body that comes at a fair speed all the time it needs."""
        if self._deadline is not None:
            self._deadline += len(body) / MIN_BYTES_PER_SECOND
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait no more: the rest is the server's own time."""
        super().on_message_complete()
        if self._refused or self.parser.should_upgrade():
            return
        self._deadline = None
        if not self.pipeline and self._is_answering():
            # What waits for its turn of the event loop is in flight, and nobody else sees it.
            if self._connections.in_flight >= self._max_in_flight:
                request_state.of(self.cycle.scope).in_flight = self._connections.in_flight
            self._is_worked_on = takes_place(self.scope["path"])
            self._count_flight()

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        following = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()
        self._is_worked_on = following is not None and not following.more_body and takes_place(following.scope["path"])
        self._count_flight()

    def pause_writing(self) -> None:
        """Wait for the client to read, which takes nothing from other clients."""
        super().pause_writing()
        self._count_flight()

    def resume_writing(self) -> None:
        """Begin anew with an answer's time: the client has read what was there."""
        self._unread_first = None
        super().resume_writing()
        self._count_flight()

    def _count_flight(self) -> None:
        in_flight = self._is_worked_on and not self.flow.write_paused
        self._connections.in_flight += in_flight - self._in_flight
        self._in_flight = in_flight

    @property
    def address(self) -> str:
        """The address at the other end; empty for a socket without any."""
        return self.client[0] if self.client else ""

    @property
    def is_idle(self) -> bool:
        """Whether no request has begun, and no answer is left to be read."""
        return self._in_headers and self._header_bytes == 0 and not self._is_answering() and self._unread_first is None

    def lag(self, now: float) -> float | None:
        """Seconds that the client is behind ``MIN_BYTES_PER_SECOND``; None while nothing is awaited of it."""
        if self._unread_first is not None:
            since, size = self._unread_first
            return now - since - (size - self.transport.get_write_buffer_size()) / MIN_BYTES_PER_SECOND
        if self._refused or self._deadline is None or self._is_held_up():
            return None
        return now - self._deadline + (self._timeouts.headers if self._in_headers else self._timeouts.body)

    def hang_up(self, why: str) -> None:
        """Close, with a refusal if a request has begun."""
        if self._unread_first is not None:
            self.transport.abort()
        elif self.is_idle:
            self.transport.close()
        elif not self._in_headers:
            self._refuse_body(408, why)
        else:
            self._refuse(408, why)

    def refuse_newcomer(self, why: str) -> None:
        """Refuse a connection before anything was asked."""
        self._refuse(503, f"{why}, and all are being answered; ask again after a second")

    def _check_deadlines(self) -> None:
        now = self.loop.time()
        self._check = self.loop.call_later(_CHECK_SECONDS, self._check_deadlines)
        self._limit_unread(now)
        if not self._refused and self._deadline is not None:
            if self._is_held_up():
                self._deadline += _CHECK_SECONDS
            elif now > self._deadline:
                self._time_out()
        if not self.is_idle:
            self._connections.look_at(self, now)

    def _is_held_up(self) -> bool:
        """Whether it is not the client's fault that nothing comes: the worker is not done with what came before."""
        return self.flow.read_paused or (self._in_headers and self._is_answering())

    def _limit_unread(self, now: float) -> None:
        """Cut a connection whose client does not read: closing it would wait for the client to read all."""
        unread = self.transport.get_write_buffer_size()
        if unread == 0:
            self._unread_first = None
        elif self._unread_first is None:
            self._unread_first = now, unread
        elif (self.lag(now) or 0.0) > self._timeouts.answer:
            self.transport.abort()

    def _time_out(self) -> None:
        if not self._in_headers:
            self._refuse_body(408, f"the body did not come within {self._timeouts.body:g} s; send it again, faster")
        elif self._header_bytes == 0:
            self.transport.close()  # connected, and never asked for anything
        else:
            self._refuse(408, f"the headers did not come within {self._timeouts.headers:g} s; send them again, faster")

    def _has_asked(self) -> bool:
        return self.cycle is not None
