"""What a client may take its time for, and how much it may send before a request has begun.

Uvicorn limits only how long a connection idles between two requests. Without the rest a handful of clients that send
a byte now and then, or never read an answer, would hold a worker's memory and descriptors for ever. Each connection
looks at itself once a second, so that a request costs no timer.
"""

import asyncio
import time
from dataclasses import dataclass
from itertools import islice
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service import request_state
from service.http.media_types import PROBLEM
from service.http.problems import problem
from service.http.request_id import request_id as name_request
from service.monitoring import json_log
from service.server.burst_accept import BurstAcceptor
from service.server.cork import CorkedTransport

MIN_BYTES_PER_SECOND = 10 * 1024
"""Bytes a second: so many more give a body, or an answer, a second more than its setting says."""

_CHECK_SECONDS = 1.0
_BUSY_REQUESTS = 16
"""Requests under way, those of the last turn among them, from which on the next connection would wait for long."""


@dataclass(frozen=True)
class ClientTimeouts:
    """How long a client may take, in seconds, and how large its headers may be, in bytes."""

    headers: float
    body: float
    answer: float
    header_bytes: int


class ClientTimeoutProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol, with limits on what it waits for.

    The phases of a request: its headers come, its body comes, it is worked on (no limit: that is the server's own
    time), its answer is read. ``_deadline`` is the end of either of the first two, ``_unread_deadline`` of the last.
    """

    def __init__(
        self, *arguments: Any, timeouts: ClientTimeouts, max_in_flight: int, acceptor: BurstAcceptor, **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self._timeouts = timeouts
        self._max_in_flight = max_in_flight
        self._acceptor = acceptor
        self._deadline: float | None = None
        self._in_headers = True
        self._header_bytes = 0
        self._refused = False
        self._refusal: bytes | None = None
        """What is to be sent once the requests before are answered."""
        self._unread_deadline: float | None = None
        self._check: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self.transport = CorkedTransport(transport, self.loop)  # type: ignore[assignment]
        self._deadline = self.loop.time() + self._timeouts.headers
        self._check = self.loop.call_later(_CHECK_SECONDS, self._check_deadlines)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        if self._check is not None:
            self._check.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes before a request has begun, and refuse it when it is too much."""
        if self._refused:
            return
        if self._in_headers:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._refused or (self._in_headers and self._header_bytes > self._timeouts.header_bytes):
            self._refuse(
                431,
                f"the request's line and headers are larger than {self._timeouts.header_bytes // 1024} KB, the most "
                "this service takes; send less in them, or start the service with a larger SERVICE_MAX_HEADER_KB",
                behind=self._is_answering(),
            )

    def on_message_begin(self) -> None:
        """Start the time for a request's headers."""
        super().on_message_begin()
        self._in_headers = True
        self._deadline = self.loop.time() + self._timeouts.headers

    def on_headers_complete(self) -> None:
        """Start the time for a request's body, unless its headers are too large."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)  # with ": " and CR LF
        if size > self._timeouts.header_bytes or self._refused:
            self._refused = True
            return
        if len(self.tasks) >= _BUSY_REQUESTS:
            self._acceptor.accept_more(self._new_protocol, self.loop)
        # Counted where a request arrives: what waits for its turn of the event loop is in flight, whatever it asks for,
        # and nobody else sees it. Tasks that are done leave the set a turn later; a pipelined request's turn is none of
        # this one's.
        if len(self.tasks) >= self._max_in_flight and not self._is_answering():
            waiting = (task for task in self.tasks if not task.done())
            request_state.of(self.scope).in_flight = sum(1 for _ in islice(waiting, self._max_in_flight))
        super().on_headers_complete()  # raises where it cannot read the URL: then there is no such request
        self._in_headers, self._header_bytes = False, 0
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
        if self._refused:
            return
        if self._deadline is not None:
            self._deadline += len(body) / MIN_BYTES_PER_SECOND
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait no more: the rest is the server's own time."""
        if self._refused:
            return
        self._deadline = None
        # What follows in the same piece is the next request's.
        self._in_headers = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, or with the refusal of what came behind the last."""
        was_last = not self.pipeline
        super().on_response_complete()
        if was_last and self._refusal is not None:
            self._send_and_close(self._refusal)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (Uvicorn's words, which it would send as plain text)
        """Refuse what is no HTTP as all else is refused."""
        detail = "this is no valid HTTP/1.1 request; check its first line, its headers, and how its length is told"
        if self._in_headers:
            self._refuse(400, detail, behind=self._is_answering())
        else:
            self._refuse_body(400, detail)

    def resume_writing(self) -> None:
        """Begin anew with an answer's time: the client has read what was there."""
        self._unread_deadline = None
        super().resume_writing()

    def _check_deadlines(self) -> None:
        now = self.loop.time()
        self._check = self.loop.call_later(_CHECK_SECONDS, self._check_deadlines)
        self._limit_unread(now)
        if self._deadline is None or self._refused:
            return
        if self.flow.read_paused or (self._in_headers and self._is_answering()):
            self._deadline += _CHECK_SECONDS  # not the client's fault: the worker is not done with what came before
        elif now > self._deadline:
            self._time_out()

    def _limit_unread(self, now: float) -> None:
        """Cut a connection whose client does not read: closing it would wait for the client to read all."""
        unread = self.transport.get_write_buffer_size()
        if unread == 0:
            self._unread_deadline = None
        elif self._unread_deadline is None:
            self._unread_deadline = now + self._timeouts.answer + unread / MIN_BYTES_PER_SECOND
        elif now > self._unread_deadline:
            self.transport.abort()

    def _time_out(self) -> None:
        if not self._in_headers:
            self._refuse_body(408, f"the body did not come within {self._timeouts.body:g} s; send it again, faster")
        elif self._header_bytes == 0:
            self.transport.close()  # connected, and never asked for anything
        else:
            self._refuse(408, f"the headers did not come within {self._timeouts.headers:g} s; send them again, faster")

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse_body(self, status: int, detail: str) -> None:
        """Refuse the newest request, whose body will never be whole."""
        if self.cycle.response_started:
            self._refused = True
            self.transport.abort()  # answered before its body had come
            return
        if self.pipeline and self.pipeline[0][0] is self.cycle:
            self.pipeline.popleft()  # the application will not hear of it
            self._refuse(status, detail, behind=True)
            return
        state = request_state.of(self.cycle.scope)
        state.refused = status, detail  # the application logs and counts it
        state.request_id = state.request_id or name_request(self.cycle.scope["headers"])
        self._refuse(status, detail, request_id=state.request_id)

    def _refuse(self, status: int, detail: str, *, request_id: str | None = None, behind: bool = False) -> None:
        """Answer in the application's place, and close.

        Args:
            status: the answer's.
            detail: what was wrong and what to do.
            request_id: None if the application has not heard of the request, so that nobody else logs it.
            behind: whether requests that came before are yet to be answered.

        """
        self._refused, self._deadline = True, None
        if self._refusal is not None or self.transport.is_closing():
            return
        if request_id is None:
            request_id = name_request(())
            json_log.write({"time": time.time(), "status": status, "problem": detail, "request_id": request_id})
        body = problem(status, detail).body
        headers = (
            f"content-type: {PROBLEM}\r\ncontent-length: {len(body)}\r\nx-request-id: {request_id}\r\n"
            "connection: close\r\n\r\n"
        )
        defaults = b"".join(b"%s: %s\r\n" % header for header in self.server_state.default_headers)
        self._refusal = STATUS_LINE[status] + defaults + headers.encode() + bytes(body)
        if not behind:
            self._send_and_close(self._refusal)

    def _send_and_close(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()
