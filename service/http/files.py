"""Answers with a file that is read once and kept, so that a slow client holds no descriptor and costs no disk.

Starlette reads a file anew for each client, piece by piece, each piece on another thread.
"""

from email.utils import parsedate
from functools import lru_cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from service.errors import PreconditionError
from service.http import compression

_MAX_KEPT = 128
_conditions = StaticFiles()


def answer(request: Request, path: Path) -> Response:
    """Give a file: 304 to a client that has it, and a part of it to one that asks for a range.

    Browsers ask each time whether they have it still: a page's scripts fit each other only in one version.

    Raises:
        PreconditionError: it is another one than the client asks for.

    """
    status = path.stat()
    whole = FileResponse(path, stat_result=status, headers={"Cache-Control": "no-cache"})
    if compression.pays(whole.headers):
        whole.headers.add_vary_header("Accept-Encoding")
    asked = Headers(scope=request.scope)
    _require_preconditions(whole.headers, asked)
    if _conditions.is_not_modified(whole.headers, asked):
        return NotModifiedResponse(whole.headers)
    if asked.get("range", "").lower().startswith("bytes="):  # other units are to be ignored (RFC 9110, 14.2)
        return whole
    return Response(_read(path, status.st_mtime_ns), headers=whole.headers)


def _require_preconditions(headers: Headers, asked: Headers) -> None:
    """Require what ``If-Match``, or else ``If-Unmodified-Since``, asks for (RFC 9110, sections 13.1.1 and 13.1.4)."""
    tags = asked.get("if-match")
    if tags is not None:
        if tags.strip() != "*" and headers["etag"] not in [tag.strip() for tag in tags.split(",")]:
            raise PreconditionError(f"the file's entity tag is {headers['etag']}, which If-Match does not list")
        return
    since = parsedate(asked.get("if-unmodified-since", ""))
    if since is not None and (parsedate(headers["last-modified"]) or since) > since:
        raise PreconditionError(f"the file was modified at {headers['last-modified']}, after If-Unmodified-Since")


@lru_cache(maxsize=_MAX_KEPT)
def _read(path: Path, modified_ns: int) -> bytes:  # noqa: ARG001 (a file that was changed is read again)
    return path.read_bytes()
