"""How much work a worker takes on at once; what is over that is refused at once, so that the rest keeps its speed."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import request_state
from service.errors import OverloadedError
from service.exempt_paths import takes_place
from service.http.problems import refusal
from service.monitoring import deferred, metrics


class Admission:
    """ASGI middleware: refuses what comes while ``max_in_flight`` requests are in flight, with 503 and ``Retry-After``.

    A request is in flight while the worker works on it: from the end of its body to the end of its handler, however
    that ends, but not while its client is slow to read. ``service/server/client_timeouts.py`` counts the same for
    requests whose handler has not begun.
    """

    def __init__(self, app: ASGIApp, *, max_in_flight: int) -> None:
        self._app = app
        self._max_in_flight = max_in_flight
        self._in_flight = 0
        self._is_shown_soon = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or not takes_place(scope["path"]):
            await self._app(scope, receive, send)
            return
        admitted = False

        def admit() -> None:
            nonlocal admitted
            if max(self._in_flight, request_state.of(scope).in_flight) >= self._max_in_flight:
                metrics.SHED.inc()
                raise OverloadedError(
                    f"this worker has {self._max_in_flight} requests in flight, the most it takes; send it again "
                    "after a second, send fewer at once, or start the service with more workers or a larger "
                    "SERVICE_MAX_IN_FLIGHT"
                )
            admitted = True
            self._in_flight += 1
            self._show_in_flight()

        async def receive_whole() -> Message:
            message = await receive()
            if not admitted and message["type"] == "http.request" and not message.get("more_body", False):
                admit()
            return message

        async def send_meanwhile(message: Message) -> None:
            self._in_flight -= admitted
            try:
                await send(message)
            finally:
                self._in_flight += admitted

        try:
            if request_state.of(scope).in_flight or not _has_body(scope):
                admit()
            await self._app(scope, receive_whole, send_meanwhile)
        except OverloadedError as error:  # before the application has begun
            await refusal(scope, error.status, str(error), headers=error.headers)(scope, receive, send)
        finally:
            self._in_flight -= admitted
            if admitted:
                self._show_in_flight()

    def _show_in_flight(self) -> None:
        """Set the gauge once the event loop's turn is over: once for all requests that begin and end in it."""
        if not self._is_shown_soon:
            self._is_shown_soon = True
            deferred.call(self._show)

    def _show(self) -> None:
        self._is_shown_soon = False
        metrics.IN_FLIGHT.set(self._in_flight)


def _has_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope.get("headers", ()))
