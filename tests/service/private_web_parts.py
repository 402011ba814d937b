"""Checks of what the service uses of the packages that it answers with; ``test_private_parts.py`` lists them."""

import asyncio
import inspect
import os
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import Mock

import httptools
import uvicorn.config
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Match
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import ASGIApp, Message, Scope
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import Server, ServerState

from service.http.messages import EncodedJSON


def has(owner: object, *names: str) -> bool:
    return all(hasattr(owner, name) for name in names)


def sets(function: Callable[..., object], *names: str) -> bool:
    """Whether a function mentions these attributes: those of instances that take too much to make."""
    return set(names) <= set(inspect.unwrap(function).__code__.co_names)


def parameters(function: Callable[..., object]) -> list[str]:
    return list(inspect.signature(function).parameters)


def protocol() -> bool:
    loop = asyncio.new_event_loop()
    made = HttpToolsProtocol(Config(app=FastAPI(), log_config=None), ServerState(), {}, _loop=loop)
    loop.close()
    events = ("on_message_begin", "on_headers_complete", "on_body", "on_message_complete", "on_response_complete")
    calls = ("data_received", "connection_made", "connection_lost", "pause_writing", "resume_writing", "shutdown")
    attributes = ("loop", "cycle", "pipeline", "flow", "parser", "client", "app_state", "server_state", "config")
    cycle = ("response_started", "response_complete", "keep_alive", "scope", "body", "more_body", "disconnected")
    return (
        has(made, *events, *calls, *attributes, "transport", "_unset_keepalive_if_required")
        and sets(FlowControl.__init__, "read_paused", "write_paused")
        and sets(HttpToolsProtocol.on_message_begin, "scope", "headers", "url")
        and sets(RequestResponseCycle.__init__, *cycle, "message_event")
        and has(ServerState(), "default_headers")
        and STATUS_LINE[200].startswith(b"HTTP/1.1 200")
    )


def pipeline() -> bool:
    async def newest_first() -> bool:
        made = HttpToolsProtocol(Config(app=FastAPI(), log_config=None), ServerState(), {})
        made.connection_made(Mock(asyncio.Transport, **{"get_extra_info.return_value": None}))
        made.data_received(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(3)))
        waiting = [cycle.scope["path"] for cycle, _ in made.pipeline]
        return isinstance(made.pipeline, deque) and waiting == ["/2", "/1"]

    return asyncio.run(newest_first())


def configuration() -> bool:
    made: Any = partial(HttpToolsProtocol)
    config = Config(app=FastAPI(), http=made, log_config=None)
    config.load()
    return (
        config.http_protocol_class is made
        and callable(config.get_loop_factory())
        and not Server(config).started
        and has(uvicorn.config, "STARTUP_FAILURE")
        and parameters(Server.run) == ["self", "sockets"]
    )


def queue_let_in() -> bool:
    config = Config(app=FastAPI(), log_config=None)
    config.load()
    return (
        parameters(Server.shutdown) == ["self", "sockets"]
        and has(Server(config), "server_state")
        and has(config, "http_protocol_class")
        and has(config.lifespan_class(config), "state")
    )


def signal_handler() -> bool:
    source = inspect.getsource(Server.capture_signals)
    return "signal.signal(sig, self.handle_exit)" in source and "signal.raise_signal(" in source


def leniencies() -> bool:
    httptools.HttpRequestParser(Mock()).set_dangerous_leniencies(lenient_data_after_close=True)
    return True


def asked(app: ASGIApp, path: str = "/", method: str = "GET", **headers: str) -> tuple[Scope, Message]:
    """The scope as the application leaves it, and the start of its answer."""
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: Scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": named}
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    async def answer() -> None:
        await app(scope, receive, send)

    asyncio.run(answer())
    return scope, sent[0]


async def endpoint(name: str) -> None:
    """Answers nothing."""


def routed() -> tuple[FastAPI, APIRoute]:
    """An application with one route, included as those of the service are, and that route."""
    router = APIRouter()
    router.get("/x/{name}")(endpoint)
    app = FastAPI(openapi_url=None)
    app.include_router(router)
    (route,) = router.routes
    assert isinstance(route, APIRoute)
    return app, route


def included_route() -> bool:
    _, route = routed()
    return route.path == "/x/{name}" and route.endpoint is endpoint


def route_in_scope() -> bool:
    app, _ = routed()
    scope, _ = asked(app, "/x/1")
    return bool(scope["route"].path == "/x/{name}")


def route_matches() -> bool:
    app, route = routed()
    (included,) = app.routes
    get = {"type": "http", "method": "GET", "path": "/x/1"}
    matched, found = route.matches({**get})
    return (
        matched is Match.FULL
        and found["path_params"] == {"name": "1"}
        and included.matches({**get})[0] is Match.FULL
        and included.matches({**get, "method": "POST"})[0] is Match.PARTIAL
        and included.matches({**get, "path": "/y"})[0] is Match.NONE
    )


def written_answer() -> bool:
    class Written(Response):
        media_type = "application/json"

    return vars(Written(b"{}")) == vars(EncodedJSON(b"{}"))


def file_headers() -> bool:
    status = os.stat(__file__)  # noqa: PTH116 (as Starlette has it)
    headers = FileResponse(__file__, stat_result=status, headers={"Cache-Control": "no-cache"}).headers
    known = {"content-type", "accept-ranges", "last-modified", "etag", "cache-control"}
    return known <= {*headers} and headers["content-length"] == str(status.st_size)


def form_refusal() -> bool:
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\na\r\n'
    kind = (b"content-type", b"multipart/form-data; boundary=x")

    async def receive() -> Message:
        return {"type": "http.request", "body": part * 2 + b"--x--\r\n"}

    async def refusal() -> str:
        try:
            await Request({"type": "http", "app": FastAPI(), "headers": [kind]}, receive).form(max_files=1)
        except HTTPException as error:
            return error.detail
        return ""

    return asyncio.run(refusal()).startswith("Too many files")


def conditional_request() -> bool:
    has_it, asks = Headers({"etag": '"a"'}), Headers({"if-none-match": '"a"'})
    answer = NotModifiedResponse(has_it)
    return StaticFiles().is_not_modified(has_it, asks) and answer.status_code == 304 and "etag" in answer.headers


def plain_refusals() -> bool:
    file, preflight = FileResponse(__file__), CORSMiddleware(FastAPI(), allow_origins=["https://a"])
    refusals = [
        asked(file, range="bytes=x")[1],
        asked(file, range="bytes=9999999-")[1],
        asked(preflight, "/", "OPTIONS", origin="https://b", access_control_request_method="GET")[1],
    ]
    types = [Headers(raw=answer["headers"])["content-type"] for answer in refusals]
    return [answer["status"] for answer in refusals] == [400, 416, 400] and all(
        kind.startswith("text/plain") for kind in types
    )
