"""HEAD wherever GET answers (RFC 9110, section 9.3.2): the same status and headers, and no body."""

from starlette.types import ASGIApp, Receive, Scope, Send

_OWN = ("/ping",)  # answers HEAD itself, and is asked most


class HeadAsGet:
    """ASGI middleware: asks the application for what GET would answer; the server sends no body to HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope.get("method") != "HEAD" or scope["path"] in _OWN:
            await self._app(scope, receive, send)
            return
        headers = [header for header in scope["headers"] if header[0] != b"range"]  # which is for GET alone
        asked = {**scope, "method": "GET", "headers": headers}
        try:
            await self._app(asked, receive, send)
        finally:
            if "route" in asked:
                scope["route"] = asked["route"]  # for the metrics
