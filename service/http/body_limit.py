"""The largest body a request may have."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import TooLargeError
from service.http.problems import refusal

_MB = 1024 * 1024


def content_length(request: Request) -> int | None:
    """The declared length of a request's body in bytes; None where none is declared, as in chunked requests."""
    return _declared(request.scope)


def _declared(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length":
            # Leading zeros are legal, and Python refuses to convert thousands of digits; 10^18 is over every limit.
            return int(value.lstrip(b"0")[:19] or 0)
    return None


class BodyLimit:
    """ASGI middleware: refuses a body over the limit with 413, by its Content-Length before any of it is read.

    A body without a Content-Length (chunked) is counted as it arrives; one with it the server's parser ends there.
    """

    def __init__(self, app: ASGIApp, *, megabytes: int) -> None:
        self._app = app
        self._megabytes = megabytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = _declared(scope)
        if size is None:
            await self._app(scope, self._counting(receive), send)
            return
        if size > self._megabytes * _MB:
            await refusal(scope, TooLargeError.status, self._sentence())(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _counting(self, receive: Receive) -> Receive:
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._megabytes * _MB:
                raise TooLargeError(self._sentence())
            return message

        return counted

    def _sentence(self) -> str:
        return (
            f"the body is larger than {self._megabytes} MB ({self._megabytes * _MB:,} bytes), the most this service "
            "takes; send less at once, or start the service with a larger SERVICE_MAX_BODY_MB"
        )
