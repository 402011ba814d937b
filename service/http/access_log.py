"""Names, counts, times and logs every request, and adds the security headers to pages.

One middleware does all of it, since each would wrap ``send`` again, for every message of every request.
"""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import request_state
from service.http.problems import CLIENT_LEFT
from service.http.request_id import HEADER, request_id
from service.http.security import page_headers
from service.monitoring import deferred, json_log, metrics


class AccessLog:
    """ASGI middleware around everything that can be asked for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._ended: list[tuple[Scope, int, int, int, float]] = []
        """Requests, each with its status, bytes in and out, and seconds."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        state = request_state.of(scope)
        # Named already if the protocol refused it before its turn came.
        name = state.request_id = state.request_id or request_id(scope["headers"])
        status, received, sent = 0, 0, 0

        async def counting_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def counting_send(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.get("headers", ())
                message["headers"] = [*headers, *page_headers(headers), (HEADER, name.encode())]
            else:
                sent += len(message.get("body", b""))
            await send(message)

        failed = False
        try:
            await self._app(scope, counting_receive, counting_send)
        except BaseException as error:
            failed = True
            state.problem = f"{type(error).__name__}: {error}"[:200].encode(errors="replace").decode()
            raise
        finally:
            seconds = time.perf_counter() - began
            # What failed is answered by the server for us, with 500.
            ended = 500 if failed else status or CLIENT_LEFT
            if state.refused is not None:  # the client was told so, and not what the application says
                ended, state.problem = state.refused
            self._ended.append((scope, ended, received, sent, seconds))
            if len(self._ended) == 1:
                deferred.call(self._record)

    def _record(self) -> None:
        """Count and log all that a turn of the event loop has answered."""
        ended, self._ended = self._ended, []
        metrics.count_requests((scope, status, seconds) for scope, status, _, _, seconds in ended)
        for scope, status, received, sent, seconds in ended:
            json_log.log_request(scope, status, bytes_in=received, bytes_out=sent, seconds=seconds)
