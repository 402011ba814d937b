"""Compresses pages, reports, scripts and other text that GET answers, with gzip, for clients that accept it.

Predictions answer POST, and are not compressed: most fit into one packet, and programs that ask for batches are nearby,
where the network is faster than gzip. Pictures are compressed already.

Source: RFC 9110, sections 8.4 (codings), 8.8.3 (weak entity tags), 12.5.3 (``Accept-Encoding``) and 12.5.5 (``Vary``).
"""

import gzip
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http import negotiation, offload
from service.http.messages import header

_MIN_BYTES = 1024
"""Smaller answers fit into one packet as they are."""
_INLINE_BYTES = 16 * 1024
"""Larger answers take longer than a millisecond to compress."""
_MAX_KEPT = 64
"""Compressed answers that a worker keeps: more than there are pages, reports, figures and scripts."""

_TEXT = ("text/", "application/json", "application/problem+json", "image/svg+xml")


class Compression:
    """ASGI middleware around the routes that answer GET; HEAD must have become GET before."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[bytes, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and compress its answer if that pays and the client accepts it."""
        if scope.get("method") != "GET":
            await self._app(scope, receive, send)
            return
        accepted = negotiation.accepts_gzip(header(scope, b"accept-encoding"))
        held: Message | None = None

        async def compressing(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message.get("headers", ())))
                message = {**message, "headers": headers.raw}
                if pays(headers):
                    if not _varies(headers):
                        headers.add_vary_header("Accept-Encoding")
                    if accepted and message["status"] != HTTPStatus.PARTIAL_CONTENT:
                        held = message  # until its length is known
                        return
                elif accepted and message["status"] == HTTPStatus.NOT_MODIFIED and _varies(headers):
                    _weaken(headers)
            elif held is not None:
                start, held = held, None
                if not message.get("more_body", False):
                    message = {**message, "body": await self._compressed(message["body"])}
                    headers = MutableHeaders(raw=start["headers"])
                    headers["Content-Encoding"], headers["Content-Length"] = "gzip", str(len(message["body"]))
                    _weaken(headers)
                await send(start)
            await send(message)

        await self._app(scope, receive, compressing)

    async def _compressed(self, content: bytes) -> bytes:
        """Compress, or find what was compressed before; what was asked for longest ago is forgotten."""
        found = self._kept.pop(content, None)
        if found is None:
            found = await offload.run(_gzip, content) if len(content) > _INLINE_BYTES else _gzip(content)
            while len(self._kept) >= _MAX_KEPT:
                del self._kept[next(iter(self._kept))]
        self._kept[content] = found
        return found


def pays(headers: Headers) -> bool:
    """Tell whether an answer with these headers is worth compressing: text of a kilobyte or more."""
    size = int(headers.get("content-length", 0))
    return (
        size >= _MIN_BYTES and headers.get("content-type", "").startswith(_TEXT) and "content-encoding" not in headers
    )


def _varies(headers: Headers) -> bool:
    return "accept-encoding" in headers.get("vary", "").lower()


def _weaken(headers: MutableHeaders) -> None:
    """Mark an entity tag as one of several codings of the same content, whose bytes differ."""
    tag = headers.get("etag")
    if tag is not None and not tag.startswith("W/"):
        headers["ETag"] = f"W/{tag}"


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, 6, mtime=0)
