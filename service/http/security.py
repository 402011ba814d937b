"""Who may ask, where that is not decided in front of the service, and what browsers may do with its pages."""

import hmac
from collections.abc import Iterable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from service.exempt_paths import HEALTH_CHECKS
from service.http.problems import refusal

NOSNIFF = ("X-Content-Type-Options", "nosniff")
"""On every answer, also on Uvicorn's own."""

# Everything a page needs is our own file. Tables draw their bars with style="--share: …", which only style attributes
# may do: neither <style> nor <script> works inside a page. Swagger UI draws its arrows from data: addresses.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
    b"font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = [
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"geolocation=(), microphone=()"),
]
_PAGES = (b"text/html", b"image/svg+xml")  # an SVG opened by itself is a page that may hold scripts


def page_headers(headers: Iterable[tuple[bytes, bytes]]) -> Sequence[tuple[bytes, bytes]]:
    """Give what an answer with these headers needs besides, if it is a page: a strict policy and its companions."""
    for name, value in headers:
        if name == b"content-type" and value.startswith(_PAGES):
            return _PAGE_HEADERS
    return ()


class ApiKey:
    """ASGI middleware: refuses requests without the key, except health checks, whose senders cannot be taught one."""

    def __init__(self, app: ASGIApp, *, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] in HEALTH_CHECKS or self._is_given(scope):
            await self._app(scope, receive, send)
            return
        detail = "this service asks for its API key, as Authorization: Bearer KEY or as X-Api-Key: KEY"
        answer = refusal(scope, 401, detail, headers={"WWW-Authenticate": "Bearer"})
        await answer(scope, receive, send)

    def _is_given(self, scope: Scope) -> bool:
        for name, value in scope["headers"]:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                value = value[7:].strip()
            elif name != b"x-api-key":
                continue
            if hmac.compare_digest(value, self._key):  # takes as long for a key that is nearly right
                return True
        return False
