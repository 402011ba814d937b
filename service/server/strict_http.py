"""HTTP as its standard has it: what is no valid request is refused, and never taken for something else.

Uvicorn answers what it cannot read with plain text, loses the body of a request that asks for another protocol and
reads it as the next request (RFC 9112, section 11.2: request smuggling), and takes requests with no Host or two.
"""

import time
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from service import request_state
from service.http.media_types import PROBLEM
from service.http.problems import problem
from service.http.request_id import request_id as name_request
from service.monitoring import json_log
from service.server import request_head

_PIECE_BYTES = 1024 * 1024


class StrictProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol; refusals are problem documents, sent after the answers to the requests before."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_headers = True
        self._refused = False
        self._fault: tuple[int, str] | None = None
        """Why the newest request is refused once the parser lets go of it."""
        self._refusal: bytes | None = None
        """What is to be sent once the requests before are answered."""
        self._earlier: list[RequestResponseCycle] = []
        """The requests that are yet to be answered, without the newest."""

    def data_received(self, data: bytes) -> None:
        """Parse what has come."""
        if self._refused:
            return
        self._unset_keepalive_if_required()
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if self._fault is not None:
                    break
                data = self._head_without_upgrade() + data[upgrade.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as Uvicorn has it
            except httptools.HttpParserError as error:
                if not self._refused:
                    self._refuse_unreadable(*request_head.unreadable(error, data))
                return
            else:
                break
        if self._fault is not None:
            self._refuse(*self._fault, behind=self._is_answering())

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version()
        return request_head.without_upgrade(self.parser.get_method(), self.url, version, self.headers)

    def on_message_begin(self) -> None:
        """Expect a request's headers."""
        super().on_message_begin()
        self._in_headers = True

    def on_headers_complete(self) -> None:
        """Begin with a request, unless its head is wrong; one that asks for another protocol is parsed once more."""
        if self._refused:
            return
        self._fault = self._check_head(self.parser.get_method(), self.parser.get_http_version())
        self._refused = self._fault is not None
        if not self._refused and not self.parser.should_upgrade():
            self._begin_request()

    def _check_head(self, method: bytes, version: str) -> tuple[int, str] | None:
        return request_head.fault(method, version, self.headers)

    def _begin_request(self) -> None:
        if self._is_answering():
            self._earlier.append(self.cycle)
        super().on_headers_complete()  # raises where it cannot read the URL: then there is no such request
        self._in_headers = False

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body, and wake the application for much of it at a time, where its length is declared.

        To wake it for each of the pieces in which a large body comes would take longer than to read them.
        """
        if self._refused or self.cycle.response_complete:
            return
        is_declared = any(name == b"content-length" for name, _ in self.headers)
        if is_declared and len(self.cycle.body) + len(body) < _PIECE_BYTES:
            self.cycle.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Expect the next request."""
        if self._refused or self.parser.should_upgrade():
            return
        # What follows in the same piece is the next request's.
        self._in_headers = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, or with the refusal of what came behind the last."""
        was_last = not self.pipeline
        super().on_response_complete()
        if was_last:
            self._earlier.clear()
            if self._refusal is not None:
                self._send_and_close(self._refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the requests that are yet to be answered; Uvicorn tells only the newest."""
        for cycle in self._earlier:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse_unreadable(self, status: int, detail: str) -> None:
        if self._in_headers:
            self._refuse(status, detail, behind=self._is_answering())
        else:
            self._refuse_body(status, detail)

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
        self._refused = True
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
