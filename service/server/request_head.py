"""What a request's line and headers must be before anybody reads further (RFC 9110, RFC 9112)."""

import re
from collections.abc import Sequence
from http import HTTPMethod, HTTPStatus

from httptools import HttpParserInvalidMethodError

Headers = Sequence[tuple[bytes, bytes]]

# RFC 9112, section 3.2: uri-host [":" port]; empty where the address has no host.
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?")
_REQUEST_LINE = re.compile(rb"(?:\A|\n)([!#$%&'*+.^_`|~0-9A-Za-z-]+) [^\s]+ HTTP/1\.[01]\r?\n")


def fault(method: bytes, version: str, headers: Headers) -> tuple[int, str] | None:
    """Say what is wrong with a request that the parser could read: status and sentence, or None.

    Args:
        method: as the client wrote it.
        version: ``1.1`` or ``1.0``.
        headers: names in lower case.

    """
    if method == b"CONNECT":
        return HTTPStatus.NOT_IMPLEMENTED, "this service is no proxy and opens no tunnels; ask it for a path"
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1:
        return HTTPStatus.BAD_REQUEST, f"the request has {len(hosts)} Host headers; send one"
    if not hosts:
        if version == "1.0":
            return None
        return HTTPStatus.BAD_REQUEST, "the request has no Host header, which HTTP/1.1 requires; send one"
    if not _HOST.fullmatch(hosts[0]):
        return HTTPStatus.BAD_REQUEST, "the Host header is no host name; send a name or an address, and perhaps a port"
    return None


def unreadable(error: Exception, piece: bytes) -> tuple[int, str]:
    """Say why the parser could not read a request.

    Args:
        error: what the parser raised.
        piece: the bytes it was given.

    """
    methods = {line[1].decode() for line in _REQUEST_LINE.finditer(piece)}
    if isinstance(error, HttpParserInvalidMethodError) and methods - set(HTTPMethod.__members__):
        return HTTPStatus.NOT_IMPLEMENTED, "no method of that name is known here; GET /docs lists what is taken"
    return (
        HTTPStatus.BAD_REQUEST,
        "this is no valid HTTP/1.1 request; check its first line, its headers, and how its length is told",
    )


def without_upgrade(method: bytes, target: bytes, version: str, headers: Headers) -> bytes:
    """Write a request's head as if its client had not asked for another protocol (RFC 9110, section 7.8).

    A server may ignore ``Upgrade``. The parser does not: it takes what follows the head for the other protocol, and so
    loses the body, which would then be read as the next request.
    """
    lines = [b"%s %s HTTP/%s" % (method, target, version.encode())]
    lines += [b"%s: %s" % header for header in headers if header[0] != b"upgrade"]
    return b"\r\n".join([*lines, b"", b""])
