"""What the project uses of other packages that they do not promise to keep: docs/architecture.md lists it, with why.

An upgrade that takes one of these away fails here, with a sentence, instead of somewhere else without.
"""

import ast
import inspect
import re
import sys
import sysconfig
import tomllib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import machine

import orjson
import pytest
import simdjson
from botocore.awsrequest import AWSResponse
from fastapi import FastAPI
from fastapi._compat import shared
from python_multipart.multipart import parse_options_header
from uvicorn.supervisors import Multiprocess

from tests.conftest import ROOT
from tests.service import private_metric_parts as metrics
from tests.service import private_picture_parts as pictures
from tests.service import private_sdk_parts as sdk
from tests.service import private_web_parts as web
from tests.service.private_web_parts import has, parameters

Check = Callable[[], object]

DEEP = b"[" * 2_000 + b"]" * 2_000
SITE = Path(sysconfig.get_path("purelib"))


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


def skip_and_failure() -> bool:
    with pytest.raises(pytest.skip.Exception) as skipped:
        pytest.skip("why")
    with pytest.raises(ValueError, match="why") as failed:
        raise ValueError("why")
    told = [getattr(info.getrepr(), "reprcrash").message for info in (skipped, failed)]  # noqa: B009
    return told == ["Skipped: why", "ValueError: why"]


def log_level() -> bool:
    libraries = (SITE / "tensorflow").glob("libtensorflow_framework.*")
    return any(b"TF_CPP_MIN_LOG_LEVEL" in library.read_bytes() for library in libraries)


USES: list[tuple[str, str, Check]] = [
    ("uvicorn", "HttpToolsProtocol", web.protocol),
    ("uvicorn", "`pipeline`", web.pipeline),
    ("uvicorn", "Config.load", web.configuration),
    ("uvicorn", "Server.shutdown", web.queue_let_in),
    ("uvicorn", "handler of SIGTERM", web.signal_handler),
    ("uvicorn", "supervisors.Multiprocess", lambda: parameters(Multiprocess) == ["config", "sockets"]),
    ("httptools", "set_dangerous_leniencies", web.leniencies),
    ("starlette", "Response.__init__", web.written_answer),
    ("starlette", "stat_result", web.file_headers),
    ("starlette", "MultiPartException", web.form_refusal),
    ("starlette", "text/plain", web.plain_refusals),
    ("starlette", "StaticFiles.is_not_modified", web.conditional_request),
    ("starlette", "router.lifespan_context", lambda: has(FastAPI().router, "lifespan_context")),
    ("fastapi", "APIRouter.routes", web.included_route),
    ("fastapi", 'scope["route"]', web.route_in_scope),
    ("fastapi", "APIRoute.matches", web.route_matches),
    ("fastapi", "pydantic.v1", lambda: "except ImportError" in inspect.getsource(shared.is_pydantic_v1_model_class)),
    ("prometheus-client", "MultiProcessValue(process_identifier)", metrics.value),
    ("prometheus-client", "values.ValueClass", metrics.value_class),
    ("prometheus-client", "MmapedDict", metrics.mapped_file),
    ("prometheus-client", "gauge_livesum_*.db", metrics.files),
    ("prometheus-client", "Histogram._upper_bounds", metrics.histogram),
    ("pillow", "Image.preinit", pictures.decoders),
    ("pillow", "AvifImagePlugin.DEFAULT_MAX_THREADS", pictures.avif_threads),
    ("pillow", "Image.frombytes", pictures.zip_decoder),
    ("pillow", "READ_LIBTIFF", pictures.libtiff),
    ("pillow", "ImageFileDirectory_v2", pictures.tiff_directory),
    ("pillow", "ImagePalette", pictures.palette),
    ("pillow", "default_image", pictures.png_info),
    ("pysimdjson", "DEPTH_ERROR", lambda: refusal(simdjson.Parser().parse, DEEP).startswith("DEPTH_ERROR")),
    ("pysimdjson", "Tried to re-use", parser_in_use),
    ("orjson", "control character", lambda: "control character" in refusal(orjson.loads, b'"\n"')),
    ("orjson", "depth limit", lambda: "depth limit" in refusal(orjson.loads, b"[" * 2_000)),
    ("orjson", "allocate memory", lambda: "allocate memory" in refusal(orjson.loads, b"[" * 1_100)),
    ("python-multipart", "parse_options_header", lambda: parse_options_header("a/b; c=d") == (b"a/b", {b"c": b"d"})),
    ("matplotlib", "DejaVu", pictures.fonts),
    ("matplotlib", "clip paths", pictures.clip_paths),
    ("matplotlib", "`<defs>`", pictures.svg_text),
    ("tensorflow", "TF_CPP_MIN_LOG_LEVEL", log_level),
    ("pytest", "reprcrash", skip_and_failure),
    ("botocore", "before-call", sdk.dry_run),
    ("botocore", "AWSResponse", lambda: parameters(AWSResponse) == ["url", "status_code", "headers", "raw"]),
    ("botocore", "get_service_model", sdk.shapes),
    ("sagemaker-core", "SAGEMAKER_VALIDATE_ROLE", sdk.role_variable),
    ("sagemaker-core", "sagemaker.core", lambda: sdk.import_paths("sagemaker-core", "sagemaker.core")),
    ("sagemaker-train", "sagemaker.train", lambda: sdk.import_paths("sagemaker-train", "sagemaker.train")),
    ("sagemaker-train", "_latest_training_job", sdk.latest_job),
]
# What is checked with the tests that import Keras anyway.
ELSEWHERE = [
    ("keras", "Variable.value", "tests/training/release/test_bundle.py"),
    ("keras", "BatchNormalization.get_weights", "tests/training/experiments/test_batch_norm_folding.py"),
]
VENDORED = ROOT / "service" / "web" / "static" / "swagger-ui"
PACKAGES = sorted({package for package, _, _ in [*USES, *ELSEWHERE]})
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # TensorFlow's package has another name on x86-64
        return version(f"{package}-cpu")


@pytest.mark.parametrize(("package", "what", "is_there"), USES, ids=[what for _, what, _ in USES])
def test_what_is_used_of_other_packages_is_there(package: str, what: str, is_there: Check) -> None:
    gone = (
        f"{package} {installed(package)} has no longer what the project uses of it: {what}. docs/architecture.md says "
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
    groups = [*project["project"]["optional-dependencies"].values(), *project["dependency-groups"].values()]
    declared = [*project["project"]["dependencies"], *(one for group in groups for one in group)]
    (found,) = (one for one in declared if re.match(rf"{package}[^\w-]", one))
    bounded = "<" in found or "==" in found
    assert bounded, f"{found} needs an upper bound: the project uses what {package} does not promise to keep"


def test_the_page_lists_them() -> None:
    """Each in a row of its package, and no row that nothing checks."""
    table = PAGE.partition("| Package | What is used |")[2].partition("\n\n")[0]
    rows = [row.removeprefix("| ").split(" | ")[:2] for row in table.splitlines()[2:]]
    checked = [*((package, what) for package, what, _ in [*USES, *ELSEWHERE]), ("swagger-ui", "dark-mode")]
    at = {use: [row for row in rows if row[0] == use[0] and use[1] in row[1]] for use in checked}
    assert [use for use, found in at.items() if not found] == [], "list these in docs/architecture.md"
    found = [row for some in at.values() for row in some]
    assert [row for row in rows if row not in found] == [], "check these in USES"


@pytest.mark.parametrize(("what", "file"), [use[1:] for use in ELSEWHERE], ids=[what for _, what, _ in ELSEWHERE])
def test_what_is_checked_elsewhere_is_checked_there(what: str, file: str) -> None:
    assert f"``{what}``" in (ROOT / file).read_text()


def test_the_vendored_swagger_ui_has_its_dark_colours() -> None:
    """The API's page puts the class on ``html``; another version could have another name for it."""
    assert 'classList.toggle("dark-mode"' in (VENDORED.parent / "docs.js").read_text()
    assert re.search(r"(?:^|[},])(?:html)?\.dark-mode[ ,{]", (VENDORED / "swagger-ui.css").read_text())


FOLDERS = ("service", "training", "deploy", "docker", "benchmarks")


def standard(code: ast.Module) -> set[str]:
    """The names that stand for modules of Python itself in a file: imported there, and given to nothing else."""
    imported, given = set(), set()
    for node in ast.walk(code):
        match node:
            case ast.Import(modules):
                tops = {part.asname or part.name.partition(".")[0]: part.name.partition(".")[0] for part in modules}
                imported |= {name for name, top in tops.items() if top in sys.stdlib_module_names}
                given |= {name for name, top in tops.items() if top not in sys.stdlib_module_names}
            case ast.ImportFrom(module, parts):
                own = node.level == 0 and str(module).partition(".")[0] in sys.stdlib_module_names
                (imported if own else given).update(part.asname or part.name for part in parts)
            case (
                ast.Name(id=name, ctx=ast.Store())
                | ast.arg(arg=name)
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                given.add(name)
    return imported - given


def names(node: ast.AST, pythons: set[str]) -> tuple[str, list[str]]:
    """Names in a piece of code: "given" where it defines them, "found" on self or super, "taken" from anything else.

    What is taken from ``pythons``, Python's own modules, is no other package's.
    """
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
            return "given", [name]
        case ast.AsyncFunctionDef(name=name) | ast.Attribute(ast.Name("self"), name, ast.Store()):
            return "given", [name]
        case ast.Attribute(ast.Name("self" | "cls") | ast.Call(ast.Name("super")), name):
            return "found", [name]
        case ast.Attribute(ast.Name(module)) if module in pythons:
            return "given", []
        case ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
            return "taken", [name]
        case ast.Import(modules):
            return "taken", [part for module in modules for part in module.name.split(".")]
        case ast.ImportFrom(str(module), parts) if module.partition(".")[0] not in FOLDERS:
            return "taken", [*module.split("."), *(part.name for part in parts)]
    return "given", []


def test_a_variable_that_is_named_as_a_module_hides_no_private_part() -> None:
    hidden = "import os, queue\ndef f(code, queue): return code._a, queue._b, os._exit"
    code = ast.parse(hidden)
    pythons = standard(code)
    found = [
        part for node in ast.walk(code) for kind in [names(node, pythons)] if kind[0] == "taken" for part in kind[1]
    ]
    assert [name for name in found if name.startswith("_")] == ["_a", "_b"]


def test_the_page_names_each_underscored_part_of_others() -> None:
    uses: dict[str, dict[str, str]] = {"given": {}, "found": {}, "taken": {}}
    for file in (file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")):
        path = file.relative_to(ROOT).as_posix()
        code = ast.parse(file.read_text(encoding="utf-8"))
        pythons = standard(code)
        for node in ast.walk(code):
            kind, parts = names(node, pythons)
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
