"""How much work a worker takes on at once; what is over that is refused at once, so that the rest keeps its speed."""

from starlette.types import ASGIApp, Receive, Scope, Send

from service import request_state
from service.http.problems import refusal
from service.monitoring import metrics

ALWAYS_ADMITTED = ("/ping", "/metrics")
"""What must be answered most of all when there is too much to do."""


class Admission:
    """ASGI middleware: refuses what comes while ``max_in_flight`` requests are in flight, with 503 and ``Retry-After``.

    A request is in flight from its headers to the end of its handler, however that ends: a client that is slow to send
    its body holds a place, for no longer than ``service/server/client_timeouts.py`` lets it. That is also where the
    requests are counted whose handler has not begun.
    """

    def __init__(self, app: ASGIApp, *, max_in_flight: int) -> None:
        self._app = app
        self._max_in_flight = max_in_flight
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] in ALWAYS_ADMITTED:
            await self._app(scope, receive, send)
            return
        if max(self._in_flight, request_state.of(scope).in_flight) >= self._max_in_flight:
            metrics.SHED.inc()
            await self._refusal(scope)(scope, receive, send)
            return
        self._in_flight += 1
        metrics.IN_FLIGHT.inc()
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_flight -= 1
            metrics.IN_FLIGHT.dec()

    def _refusal(self, scope: Scope) -> ASGIApp:
        detail = (
            f"this worker has {self._max_in_flight} requests in flight, the most it takes; send it again after a "
            "second, send fewer at once, or start the service with more workers or a larger SERVICE_MAX_IN_FLIGHT"
        )
        return refusal(scope, 503, detail, headers={"Retry-After": "1"})
