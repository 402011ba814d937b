"""Every refusal is a problem document (RFC 9457): which one an exception becomes. Browsers get it as a page.

The document's ``type`` is ``about:blank``, so ``title`` is the status's phrase, and ``detail`` says what was wrong and
what to do.
"""

from collections.abc import Callable
from http import HTTPMethod, HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import Scope

from service import request_state
from service.errors import ExhaustedError, ServiceError
from service.http import negotiation
from service.http.media_types import HTML, PROBLEM
from service.http.messages import echoed, header

CLIENT_LEFT = 499
"""What logs and metrics show, as nginx does, for a client that left before its answer had begun; it is never sent."""


def problem(status: int, detail: str, *, instance: str | None = None, headers: Any = None) -> Response:
    """Build a problem response.

    Args:
        status: the HTTP status code, repeated in the body.
        detail: one or two sentences for the caller: what was wrong, what to do.
        instance: the path that was asked for.
        headers: further response headers.

    """
    phrase = HTTPStatus(status).phrase
    # Client text in a sentence may hold what is not text (lone surrogates), which JSON cannot.
    detail = detail.encode("utf-8", "replace").decode()
    document: dict[str, str | int] = {"type": "about:blank", "title": phrase, "status": int(status), "detail": detail}
    if instance is not None:
        document["instance"] = instance
        if instance.startswith(("/v1/models", "/v2")):
            document["error"] = detail  # where clients of TensorFlow Serving and of the Open Inference Protocol look
    return Response(orjson.dumps(document), status_code=status, media_type=PROBLEM, headers=headers)


def refusal(scope: Scope, status: int, detail: str, *, instance: str | None = None, headers: Any = None) -> Response:
    """Build the problem response to a request, and keep its sentence for the log.

    Args:
        scope: the request's.
        status: as of ``problem``.
        detail: as of ``problem``.
        instance: the path that was asked for, if it is to be written in another way than in the scope.
        headers: further response headers.

    """
    request_state.of(scope).problem = detail.encode("utf-8", "replace").decode()
    headers = {**(headers or {}), **echoed(scope)}
    return problem(status, detail, instance=scope["path"] if instance is None else instance, headers=headers)


def install(app: FastAPI, *, page: Callable[[Request, int, str], Response]) -> None:
    """Make every error of the app a problem document, or a page where a browser looks around.

    Args:
        app: the application.
        page: makes the page of a request, a status and a ``detail``.

    """
    app.state.problem_page = page
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(MemoryError, _out_of_memory)
    app.add_exception_handler(ClientDisconnect, _client_left)
    app.add_exception_handler(Exception, _unexpected)


async def answer(request: Request, error: ServiceError | ClientDisconnect | MemoryError) -> Response:
    """Turn what a route raised into its response, as the app's own handlers do."""
    if isinstance(error, ServiceError):
        return await _service_error(request, error)
    return await (_out_of_memory if isinstance(error, MemoryError) else _client_left)(request, error)


def _answer(request: Request, status: int, detail: str, headers: Any = None) -> Response:
    refused = refusal(request.scope, status, detail, instance=request.url.path, headers=headers)
    if request.method not in ("GET", "HEAD"):
        return refused
    if not negotiation.prefers(header(request.scope, b"accept"), HTML, PROBLEM):
        refused.headers.add_vary_header("Accept")
        return refused
    page: Response = request.app.state.problem_page(request, status, detail)
    page.headers.update({k: v for k, v in refused.headers.items() if k not in ("content-type", "content-length")})
    return page


async def _service_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    return _answer(request, error.status, str(error), error.headers)


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND and (location := _without_slash(request)):
        return Response(status_code=HTTPStatus.TEMPORARY_REDIRECT, headers={"Location": location})
    detail = {
        HTTPStatus.NOT_FOUND: f"there is nothing at {request.url.path}; GET /docs lists what there is",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.url.path} does not take {request.method}; see GET /docs",
    }.get(HTTPStatus(error.status_code), error.detail)
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (methods := _methods(request)):
        headers = {"Allow": ", ".join(methods)}
    return _answer(request, error.status_code, detail, headers)


def _without_slash(request: Request) -> str | None:
    """Say where a path is that has slashes too many: relative to it, for a proxy may have taken a prefix off."""
    path = request.scope["path"].rstrip("/")
    slashes = len(request.scope["path"]) - len(path)
    if not path or not slashes:
        return None
    asked = {**request.scope, "path": path}
    if not any(route.matches(asked)[0] is Match.FULL for route in request.app.routes):
        return None
    return "../" * slashes + quote(path.rpartition("/")[2])


def _methods(request: Request) -> list[str]:
    """List what a path can be asked by: Starlette would name the first route's methods alone."""
    return [
        method
        for method in HTTPMethod
        if any(
            route.matches({**request.scope, "method": "GET" if method == "HEAD" else method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


async def _out_of_memory(request: Request, error: Exception) -> Response:  # noqa: ARG001 (it says nothing)
    exhausted = ExhaustedError(
        "there is not enough memory for this request now; send it again later, send less at once, or start the service "
        "with more memory or a smaller SERVICE_MAX_IN_FLIGHT"
    )
    return await _service_error(request, exhausted)


async def _client_left(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """For the log alone."""
    return Response(status_code=CLIENT_LEFT)


async def _unexpected(request: Request, error: Exception) -> Response:  # noqa: ARG001 (logged by the server)
    # This one is answered outside of every middleware, so it names itself.
    request_id = request_state.of(request.scope).request_id
    detail = f"the service failed on this request; its log says why, at request id {request_id}"
    return problem(500, detail, instance=request.url.path, headers={"X-Request-Id": request_id})
