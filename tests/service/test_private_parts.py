"""What the project uses of other packages that they do not promise to keep: docs/architecture.md lists it, with why.

An upgrade that takes one of these away fails here, with a sentence, instead of somewhere else without.
"""

import ast
import inspect
import re
import sys
import sysconfig
import tomllib
import zlib
from collections.abc import Callable
from importlib.metadata import version
from io import BytesIO, StringIO
from pathlib import Path
from platform import machine

import botocore.client
import botocore.session
import matplotlib as mpl
import orjson
import pytest
import simdjson
from botocore.awsrequest import AWSResponse
from fastapi import FastAPI
from fastapi._compat import shared
from matplotlib.figure import Figure
from PIL import AvifImagePlugin, Image, ImagePalette, PngImagePlugin, TiffImagePlugin
from prometheus_client import values
from python_multipart.multipart import parse_options_header
from starlette.responses import Response
from uvicorn.supervisors import Multiprocess

from tests.conftest import ROOT
from tests.service import private_web_parts as web
from tests.service.private_web_parts import has, parameters

Check = Callable[[], object]

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


def zip_decoder() -> bool:
    return Image.frombytes("L", (1, 2), zlib.compress(bytes([0, 7, 0, 9])), "zip", "L").tobytes() == bytes([7, 9])


def palette() -> bool:
    file, drawn = BytesIO(), Image.new("P", (1, 1))
    drawn.putpalette([1, 2, 3])
    drawn.save(file, "BMP")
    read, made = Image.open(file).palette, ImagePalette.raw("RGB;L", bytes(768))
    return read is not None and (read.rawmode, read.palette, made.rawmode) == ("BGRX", bytes([3, 2, 1, 0]), "RGB;L")


def png_info() -> bool:
    source = inspect.getsource(PngImagePlugin.PngStream)
    return all(f'im_info["{name}"]' in source for name in ("transparency", "gamma", "bbox", "default_image"))


def svg_names() -> bool:
    file, figure = StringIO(), Figure()
    figure.subplots().plot([0, 1])
    figure.savefig(file, format="svg")
    return re.search(r'clip-path="url\(#p[0-9a-f]{10}\)"', file.getvalue()) is not None


def skip_and_failure() -> bool:
    with pytest.raises(pytest.skip.Exception) as skipped:
        pytest.skip("why")
    with pytest.raises(ValueError, match="why") as failed:
        raise ValueError("why")
    told = [getattr(info.getrepr(), "reprcrash").message for info in (skipped, failed)]  # noqa: B009
    return told == ["Skipped: why", "ValueError: why"]


def dry_run() -> bool:
    source = inspect.getsource(botocore.client.BaseClient)
    return "before-parameter-build." in source and "event_response is not None" in source


def shapes() -> bool:
    model = botocore.session.get_session().get_service_model("sagemaker")
    kinds = model.shape_for("TransformInstanceType").enum
    return bool(
        {"max", "pattern"} <= model.shape_for("EndpointName").metadata.keys()
        and "ml.m5.xlarge" in kinds
        and model.service_id == "SageMaker"
    )


SITE = Path(sysconfig.get_path("purelib"))


def mentions(module: str, name: str) -> bool:
    """Whether a module's file has a name in it; to import the SDK would take seconds."""
    path = SITE / module.replace(".", "/")
    return name in (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8")


def sagemaker_core() -> bool:
    return all(mentions(f"sagemaker.core.{module}", name) for module, name in SAGEMAKER.items())


ROLE_RESOLVER = "sagemaker.core.helper.iam_role_resolver"
TRAINER = "sagemaker.train.model_trainer"
SAGEMAKER = {
    "helper.session_helper": "class Session",
    "image_uris": "def retrieve",
    "local.local_session": "class LocalSession",
    "resources": "class TransformJob",
    "shapes": "shapes",
    "training.configs": "class SourceCode",
}
FONT = Path("fonts", "ttf", "DejaVuSans.ttf")
USES: list[tuple[str, str, Check]] = [
    ("uvicorn", "HttpToolsProtocol", web.protocol),
    ("uvicorn", "`pipeline`", web.pipeline),
    ("uvicorn", "Config.load", web.configuration),
    ("uvicorn", "Server.shutdown", web.queue_let_in),
    ("uvicorn", "handler of SIGTERM", web.signal_handler),
    ("uvicorn", "supervisors.Multiprocess", lambda: parameters(Multiprocess) == ["config", "sockets"]),
    ("httptools", "set_dangerous_leniencies", web.leniencies),
    ("starlette", "Response.__init__", lambda: has(Response(), "status_code", "background", "body", "raw_headers")),
    ("starlette", "text/plain", web.plain_refusals),
    ("starlette", "StaticFiles.is_not_modified", web.conditional_request),
    ("starlette", "router.lifespan_context", lambda: has(FastAPI().router, "lifespan_context")),
    ("fastapi", "APIRouter.routes", web.included_route),
    ("fastapi", 'scope["route"]', web.route_in_scope),
    ("fastapi", "APIRoute.matches", web.route_matches),
    ("fastapi", "pydantic.v1", lambda: "except ImportError" in inspect.getsource(shared.is_pydantic_v1_model_class)),
    ("prometheus-client", "MultiProcessValue", web.metric_value),
    ("prometheus-client", "MmapedDict", web.mmaped_dict),
    ("prometheus-client", "gauge_livesum_*.db", lambda: "{}_{}.db" in inspect.getsource(values)),
    ("prometheus-client", "Histogram._upper_bounds", web.histogram),
    ("pillow", "Image.preinit", lambda: has(Image, "preinit", "MAX_IMAGE_PIXELS")),
    ("pillow", "AvifImagePlugin.DEFAULT_MAX_THREADS", lambda: has(AvifImagePlugin, "DEFAULT_MAX_THREADS")),
    ("pillow", "Image.frombytes", zip_decoder),
    ("pillow", "TiffImagePlugin", lambda: has(TiffImagePlugin, "READ_LIBTIFF", "ImageFileDirectory_v2")),
    ("pillow", "ImagePalette", palette),
    ("pillow", "default_image", png_info),
    ("pysimdjson", "DEPTH_ERROR", lambda: refusal(simdjson.Parser().parse, DEEP).startswith("DEPTH_ERROR")),
    ("pysimdjson", "Tried to re-use", parser_in_use),
    ("orjson", "control character", lambda: "control character" in refusal(orjson.loads, b'"\n"')),
    ("orjson", "depth limit", lambda: "depth limit" in refusal(orjson.loads, b"[" * 2_000)),
    ("orjson", "allocate memory", lambda: "allocate memory" in refusal(orjson.loads, b"[" * 1_100)),
    ("python-multipart", "parse_options_header", lambda: parse_options_header("a/b; c=d") == (b"a/b", {b"c": b"d"})),
    ("matplotlib", "DejaVu", lambda: (mpl.get_data_path() / FONT).is_file()),
    ("matplotlib", "clip paths", svg_names),
    ("pytest", "reprcrash", skip_and_failure),
    ("botocore", "before-call", dry_run),
    ("botocore", "AWSResponse", lambda: parameters(AWSResponse) == ["url", "status_code", "headers", "raw"]),
    ("botocore", "get_service_model", shapes),
    ("sagemaker-core", "SAGEMAKER_VALIDATE_ROLE", lambda: mentions(ROLE_RESOLVER, 'getenv("SAGEMAKER_VALIDATE_ROLE"')),
    ("sagemaker-core", "sagemaker.core", sagemaker_core),
    ("sagemaker-train", "_latest_training_job", lambda: mentions(TRAINER, "_latest_training_job")),
]
PACKAGES = sorted({package for package, _, _ in USES})
PAGE = (ROOT / "docs" / "architecture.md").read_text()


@pytest.mark.parametrize(("package", "what", "is_there"), USES, ids=[what for _, what, _ in USES])
def test_what_is_used_of_other_packages_is_there(package: str, what: str, is_there: Check) -> None:
    gone = (
        f"{package} {version(package)} has no longer what the project uses of it: {what}. docs/architecture.md says "
        "where and why; change that code, or keep the version that pyproject.toml allowed until now"
    )
    try:
        found = is_there()
    except Exception as error:
        raise AssertionError(gone) from error
    assert found, gone


@pytest.mark.parametrize("package", PACKAGES)
def test_each_of_them_has_an_upper_bound(package: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"].values()
    declared = [*project["project"]["dependencies"], *(one for group in groups for one in group)]
    (found,) = (one for one in declared if re.match(rf"{package}[^\w-]", one))
    assert "<" in found, f"{found} needs an upper bound: the project uses what {package} does not promise to keep"


def test_the_page_lists_them() -> None:
    assert [what for _, what, _ in USES if what not in PAGE] == []


FOLDERS = ("service", "training", "deploy", "docker", "benchmarks")


def names(node: ast.AST) -> tuple[str, list[str]]:
    """Names in a piece of code: "given" where it defines them, "found" on self or super, "taken" from anything else."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
            return "given", [name]
        case ast.AsyncFunctionDef(name=name) | ast.Attribute(ast.Name("self"), name, ast.Store()):
            return "given", [name]
        case ast.Attribute(ast.Name("self" | "cls") | ast.Call(ast.Name("super")), name):
            return "found", [name]
        case ast.Attribute(ast.Name(module)) if module in sys.stdlib_module_names:
            return "given", []
        case ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
            return "taken", [name]
        case ast.Import(modules):
            return "taken", [part for module in modules for part in module.name.split(".")]
        case ast.ImportFrom(str(module), parts) if module.partition(".")[0] not in FOLDERS:
            return "taken", [*module.split("."), *(part.name for part in parts)]
    return "given", []


def test_the_page_names_each_underscored_part_of_others() -> None:
    uses: dict[str, dict[str, str]] = {"given": {}, "found": {}, "taken": {}}
    for file in (file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")):
        path = file.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            kind, parts = names(node)
            uses[kind].update(dict.fromkeys(parts, path))
    others = uses["taken"] | {name: file for name, file in uses["found"].items() if name not in uses["given"]}
    listed = re.findall(r"\w+", PAGE)
    found = [f"{file}: {name}" for name, file in others.items() if re.match("_[^_]", name) and name not in listed]
    assert found == [], "use a public way, or list it in docs/architecture.md and in USES"


@pytest.mark.skipif((sys.platform, machine()) != ("linux", "x86_64"), reason="LiteRT has fewer files elsewhere")
def test_what_the_image_leaves_out_is_installed() -> None:
    """``rm -rf`` says nothing where a package has given its files another name, and the image grows."""
    recipe = (ROOT / "Dockerfile").read_text()
    removed = re.findall(r"\b(?:ai_edge_litert|simdjson|tensorflow)/[\w./*]+", recipe)
    assert len(removed) == 7
    assert [path for path in [*removed, "numpy/**/tests"] if not any(SITE.glob(path))] == []
