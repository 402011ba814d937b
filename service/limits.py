"""The largest body a request may have."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import TooLargeError, problem

_MB = 1024 * 1024


class BodyLimit:
    """ASGI middleware: refuses a body over the limit with 413, by its Content-Length before any of it is read.

    A body without a Content-Length (chunked) is counted as it arrives.
    """

    def __init__(self, app: ASGIApp, *, megabytes: int) -> None:
        self._app = app
        self._megabytes = megabytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Request(scope).headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._megabytes * _MB:
            refusal = problem(TooLargeError.status, self._sentence(), instance=scope["path"])
            await refusal(scope, receive, send)
            return
        await self._app(scope, self._counting(receive), send)

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
