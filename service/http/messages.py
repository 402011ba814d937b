"""Reads bodies and headers and answers with JSON; with Starlette's general ways, a request takes 5 % longer.

Measured with ``python -m benchmarks.speed.parts messages``, eight requests at a time.
"""

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Scope

from service.http import offload

# Putting more together takes milliseconds, in which Python lets other threads run.
_LARGE_BYTES = 1024 * 1024


class EncodedJSON(Response):
    """JSON that is written already, with status 200 and no headers of its own."""

    media_type = "application/json"

    def __init__(self, content: bytes) -> None:
        self.status_code = 200
        self.background = None
        self.body = content
        self.raw_headers = [(b"content-length", b"%d" % len(content)), (b"content-type", b"application/json")]


async def read_body(request: Request) -> bytes:
    """Receive a request's body, once: nothing keeps it for another time.

    Raises:
        ClientDisconnect: the client left before it was whole.

    """
    chunks: list[bytes] = []
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    if len(chunks) == 1:
        return chunks[0]
    if sum(map(len, chunks)) > _LARGE_BYTES:
        return await offload.run(b"".join, chunks)
    return b"".join(chunks)


CUSTOM_ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"
"""A caller's own header, which an answer to an invocation has, too."""


def echoed(scope: Scope) -> dict[str, str]:
    """Give an invocation's custom attributes back, answered or refused, so that its caller can tell it from others."""
    if scope["path"] == "/invocations" or scope["path"].endswith("/invoke"):
        given = header(scope, CUSTOM_ATTRIBUTES)
        return {} if given is None else {CUSTOM_ATTRIBUTES.decode(): given}
    return {}


def header(scope: Scope, name: bytes) -> str | None:
    """Look up a header by its name in lower case; where it is there several times, one list (RFC 9110, section 5.3)."""
    found: bytes | None = None
    for given, value in scope["headers"]:
        if given == name:
            found = value if found is None else found + b", " + value
    return None if found is None else found.decode("latin-1")
