"""What the project uses of other packages that they do not promise to keep: docs/architecture.md lists it, with why.

An upgrade that takes one of these away fails here, with a sentence, instead of somewhere else without.
"""

import asyncio
import importlib.util
import inspect
import re
import tomllib
import zlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import botocore.client
import botocore.session
import orjson
import pytest
import simdjson
import starlette.routing
from botocore.awsrequest import AWSResponse
from fastapi import APIRouter, FastAPI
from fastapi._compat import shared
from fastapi.routing import APIRoute
from PIL import AvifImagePlugin, Image, ImagePalette, TiffImagePlugin
from prometheus_client import Histogram, values
from prometheus_client.mmap_dict import MmapedDict
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import Server, ServerState
from uvicorn.supervisors import Multiprocess

from tests.conftest import ROOT

Check = Callable[[], object]


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


DEEP = b"[" * 2_000 + b"]" * 2_000


def refusal(parse: Callable[[bytes], object], text: bytes) -> str:
    try:
        parse(text)
    except (ValueError, RuntimeError) as error:
        return str(error)
    return ""


def parser_in_use() -> bool:
    parser = simdjson.Parser()
    documents = [parser.parse(b"[1]")]  # still read
    return refusal(parser.parse, b"[2]").startswith("Tried to re-use") and len(documents) == 1


def histogram() -> bool:
    made = Histogram("test_private_parts", "Of this test", registry=None)
    return has(made, "_sum") and len(made._buckets) == len(made._upper_bounds)


def zip_decoder() -> bool:
    return Image.frombytes("L", (1, 2), zlib.compress(bytes([0, 7, 0, 9])), "zip", "L").tobytes() == bytes([7, 9])


def route_in_scope() -> bool:
    return 'scope["route"] = route' in inspect.getsource(starlette.routing.Router)


def conditional_request() -> bool:
    has_it, asks = Headers({"etag": '"a"'}), Headers({"if-none-match": '"a"'})
    answer = NotModifiedResponse(has_it)
    return StaticFiles().is_not_modified(has_it, asks) and answer.status_code == 304 and "etag" in answer.headers


def signal_handler() -> bool:
    source = inspect.getsource(Server.capture_signals)
    return "signal.signal(sig, self.handle_exit)" in source and "signal.raise_signal(" in source


def dry_run() -> bool:
    source = inspect.getsource(botocore.client.BaseClient)
    return "before-parameter-build." in source and "event_response is not None" in source


def shape_limits() -> bool:
    name = botocore.session.get_session().get_service_model("sagemaker").shape_for("EndpointName")
    return bool({"max", "pattern"} <= name.metadata.keys())


def queue_let_in() -> bool:
    config = Config(app=FastAPI(), log_config=None)
    config.load()
    return (
        parameters(Server.shutdown) == ["self", "sockets"]
        and has(Server(config), "server_state")
        and has(config, "http_protocol_class")
        and has(config.lifespan_class(config), "state")
    )


def included_route() -> bool:
    router = APIRouter()
    router.post("/x")(protocol)
    app = FastAPI()
    app.include_router(router)
    (route,) = router.routes
    return isinstance(route, APIRoute) and route.path == "/x" and route.endpoint is protocol


def metric_value() -> bool:
    value = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    return has(values, "ValueClass") and has(value, "inc", "set") and "self._value" in inspect.getsource(value)


def installed(*modules: str) -> bool:
    return all(importlib.util.find_spec(module) for module in modules)


def mentions(module: str, name: str) -> bool:
    found = importlib.util.find_spec(module)
    return found is not None and name in Path(str(found.origin)).read_text()


ROLE_RESOLVER = "sagemaker.core.helper.iam_role_resolver"
MMAPED_DICT = ("read_value", "write_value", "read_all_values_from_file")
USES: list[tuple[str, str, Check]] = [
    ("uvicorn", "HttpToolsProtocol", protocol),
    ("uvicorn", "Server.shutdown", queue_let_in),
    ("uvicorn", "handler of SIGTERM", signal_handler),
    ("uvicorn", "supervisors.Multiprocess", lambda: parameters(Multiprocess) == ["config", "sockets"]),
    ("starlette", "Response.__init__", lambda: has(Response(), "status_code", "background", "body", "raw_headers")),
    ("starlette", 'scope["route"]', route_in_scope),
    ("starlette", "Route.matches", lambda: parameters(starlette.routing.Route.matches) == ["self", "scope"]),
    ("starlette", "StaticFiles.is_not_modified", conditional_request),
    ("fastapi", "APIRouter.routes", included_route),
    ("fastapi", "pydantic.v1", lambda: "except ImportError" in inspect.getsource(shared.is_pydantic_v1_model_class)),
    ("prometheus-client", "MultiProcessValue", metric_value),
    ("prometheus-client", "MmapedDict", lambda: has(MmapedDict, *MMAPED_DICT)),
    ("prometheus-client", "gauge_livesum_*.db", lambda: "{}_{}.db" in inspect.getsource(values)),
    ("prometheus-client", "Histogram._upper_bounds", histogram),
    ("pillow", "Image.preinit", lambda: has(Image, "preinit", "MAX_IMAGE_PIXELS")),
    ("pillow", "AvifImagePlugin.DEFAULT_MAX_THREADS", lambda: has(AvifImagePlugin, "DEFAULT_MAX_THREADS")),
    ("pillow", "Image.frombytes", zip_decoder),
    ("pillow", "TiffImagePlugin", lambda: has(TiffImagePlugin, "READ_LIBTIFF", "ImageFileDirectory_v2")),
    ("pillow", "ImagePalette.raw", lambda: ImagePalette.raw("RGB;L", bytes(768)).rawmode == "RGB;L"),
    ("pysimdjson", "DEPTH_ERROR", lambda: refusal(simdjson.Parser().parse, DEEP).startswith("DEPTH_ERROR")),
    ("pysimdjson", "Tried to re-use", parser_in_use),
    ("orjson", "control character", lambda: "control character" in refusal(orjson.loads, b'"\n"')),
    ("orjson", "depth limit", lambda: "depth limit" in refusal(orjson.loads, b"[" * 2_000)),
    ("orjson", "allocate memory", lambda: "allocate memory" in refusal(orjson.loads, b"[" * 1_100)),
    ("python-multipart", "parse_options_header", lambda: parse_options_header("a/b; c=d") == (b"a/b", {b"c": b"d"})),
    ("botocore", "before-call", dry_run),
    ("botocore", "AWSResponse", lambda: parameters(AWSResponse) == ["url", "status_code", "headers", "raw"]),
    ("botocore", "get_service_model", shape_limits),
    ("sagemaker", "_latest_training_job", lambda: mentions("sagemaker.train.model_trainer", "_latest_training_job")),
    ("sagemaker", "SAGEMAKER_VALIDATE_ROLE", lambda: mentions(ROLE_RESOLVER, 'getenv("SAGEMAKER_VALIDATE_ROLE"')),
    ("sagemaker", "sagemaker.core", lambda: installed("sagemaker.core.resources", "sagemaker.core.training.configs")),
]
PACKAGES = sorted({package for package, _, _ in USES})


@pytest.mark.parametrize(("package", "what", "is_there"), USES, ids=[what for _, what, _ in USES])
def test_what_is_used_of_other_packages_is_there(package: str, what: str, is_there: Check) -> None:
    assert is_there(), (
        f"{package} {version(package)} has no longer what the project uses of it: {what}. docs/architecture.md says "
        "where and why; change that code, or keep the version that pyproject.toml allowed until now"
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_each_of_them_has_an_upper_bound(package: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"].values()
    declared = [*project["project"]["dependencies"], *(one for group in groups for one in group)]
    (found,) = (one for one in declared if re.match(rf"{package}[^\w-]", one))
    assert "<" in found, f"{found} needs an upper bound: the project uses what {package} does not promise to keep"


def test_the_page_lists_them() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert [what for _, what, _ in USES if what not in page] == []
