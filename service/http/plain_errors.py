"""Errors of the framework's own, which it words as plain text, as problem documents: ranges, CORS preflights."""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.exempt_paths import FILES
from service.http.problems import refusal

_RANGES = {
    HTTPStatus.BAD_REQUEST: "the header Range cannot be read; send it as bytes=0-99, or leave it out",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "the file has no such range; Content-Range says how long it is",
}
"""What is wrong with a range, by the status that the framework answers it with."""


class PlainErrors:
    """ASGI middleware: turns a plain refusal of a file's range or of a preflight into a problem document."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and rewrite its refusal."""
        if scope["type"] != "http" or (scope["method"] != "OPTIONS" and not scope["path"].startswith(FILES)):
            await self._app(scope, receive, send)
            return
        refused: Message | None = None
        words = b""

        async def rewriting(message: Message) -> None:
            nonlocal refused, words
            if message["type"] == "http.response.start" and _is_plain_error(message):
                refused = message
                return
            if refused is None:
                await send(message)
                return
            words += message.get("body", b"")
            if message.get("more_body", False):
                return
            kept = {name.decode(): value.decode("latin-1") for name, value in refused["headers"]}
            headers = {name: value for name, value in kept.items() if name not in ("content-type", "content-length")}
            detail = _RANGES.get(refused["status"]) if scope["method"] != "OPTIONS" else None
            await refusal(scope, refused["status"], detail or words.decode(), headers=headers)(scope, receive, send)

        await self._app(scope, receive, rewriting)


def _is_plain_error(message: Message) -> bool:
    types = [value for name, value in message.get("headers", ()) if name == b"content-type"]
    return message["status"] >= HTTPStatus.BAD_REQUEST and (not types or types[0].startswith(b"text/plain"))
