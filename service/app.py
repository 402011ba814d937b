"""Wires the service together; the parts are elsewhere."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from service import __version__, memory
from service.http import offload, problems
from service.http.access_log import AccessLog
from service.http.admission import Admission
from service.http.body_limit import BodyLimit
from service.http.compression import Compression
from service.http.head_requests import HeadAsGet
from service.http.plain_errors import PlainErrors
from service.http.security import ApiKey
from service.models.bundle import Bundle
from service.models.classifier import Models
from service.models.multi_model import ModelRegistry
from service.models.network_files import NetworkFiles
from service.monitoring import metric_buffer, metrics, tracing
from service.outputs.pages import Pages
from service.outputs.reports import Reports
from service.routes import (
    documentation,
    experiments,
    multi_model,
    open_inference,
    openapi,
    page,
    page_answers,
    ping,
    predict,
    prometheus,
    sagemaker,
    static_files,
    tensorflow_serving,
)
from service.routes.hot_routes import HotRoutes
from service.server.draining import Drain
from service.settings import Settings, allowed_cpus

_OPEN_AFTER_SECONDS = 10

_log = logging.getLogger("uvicorn.error")


def create_app(settings: Settings | None = None, bundle: Bundle | None = None) -> FastAPI:
    """Build the ASGI application over a bundle.

    Args:
        settings: read from the environment when not given.
        bundle: verified; read from the folder of the settings when not given.

    Raises:
        pydantic.ValidationError: a setting is invalid.
        BundleError: the bundle cannot be served.

    """
    settings = settings or Settings()
    app = FastAPI(
        title="Exploring convolutional layers",
        summary="Classifies clothing, and shows with evidence why convolution beats a dense network.",
        version=__version__,
        lifespan=_lifespan,
        docs_url=None,
        servers=[{"url": settings.root_path}] if settings.root_path else None,
        redirect_slashes=False,  # its redirects repeat whatever Host the client sent
        redoc_url=None,
        # Looked for on every request otherwise; ``tracing`` is ours.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings = settings
    app.state.drain = Drain()
    app.add_middleware(Compression)
    if not settings.sagemaker_multi_model:
        hot = (predict, sagemaker, open_inference)
        app.add_middleware(HotRoutes, routes=[route for part in hot for route in part.router.routes])
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyLimit, megabytes=settings.body_limit_mb)
    app.add_middleware(Admission, max_in_flight=settings.max_in_flight)
    if settings.api_key is not None:
        app.add_middleware(ApiKey, key=settings.api_key.get_secret_value())
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=["X-Request-Id", "Retry-After"],
        )
    app.add_middleware(PlainErrors)
    app.add_middleware(AccessLog)
    if settings.otlp_endpoint:
        tracing.install(app)
    problems.install(app, page=page_answers.problem_page)
    if settings.sagemaker_multi_model:
        _add_multi_model(app, settings)
    else:
        _add_single_bundle(app, settings, bundle or Bundle(settings.model_dir))
    app.include_router(ping.router)
    app.include_router(prometheus.router)
    app.include_router(documentation.router)
    app.include_router(static_files.router)
    openapi.install(app, () if settings.sagemaker_multi_model else app.state.models.names)
    return app


def _add_single_bundle(app: FastAPI, settings: Settings, bundle: Bundle) -> None:
    app.state.models = Models(bundle, settings.engine, settings.precision)
    app.state.pages = Pages(bundle.translations)
    app.state.network_files = NetworkFiles(bundle)
    app.state.reports = Reports(bundle, app.state.pages, app.state.network_files)
    for routes in (page, predict, experiments, sagemaker, tensorflow_serving, open_inference):
        app.include_router(routes.router)
    app.include_router(experiments.figures)


def _add_multi_model(app: FastAPI, settings: Settings) -> None:
    app.state.pages = Pages(has_report=False)
    folder = settings.registry_dir or Path(mkdtemp(prefix="models-"))
    app.state.registry = ModelRegistry(
        folder,
        engine=settings.engine,
        precision=settings.precision,
        memory=settings.model_memory_mb * 1024 * 1024,
        workers=settings.workers,
    )
    app.include_router(multi_model.router)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[dict[str, Drain]]:
    metrics.start()
    if provider := getattr(app.state, "tracer_provider", None):
        tracing.start(provider, app.state.settings.otlp_endpoint)
    # Where large work holds the interpreter, a small request waits so long for it, instead of Python's 5 ms.
    sys.setswitchinterval(0.0005)
    offload.set_threads(max(1, allowed_cpus() // app.state.settings.workers))
    app.state.drain.install(seconds=app.state.settings.drain_seconds)
    state = {"drain": app.state.drain}  # where ``ClientTimeoutProtocol`` finds it
    try:
        async with _loaded(app):
            if beat := getattr(app.state, "beat", None):
                _keep_beating(beat)
            yield state
    finally:
        metric_buffer.flush()
        if app.state.drain.orphaned:  # nobody else will remove what the workers shared
            rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
        if provider:
            provider.shutdown()  # sends what is left


def _keep_beating(beat: Callable[[], None]) -> None:
    """Tell the parent once a second that the event loop runs."""
    beat()
    asyncio.get_running_loop().call_later(1, _keep_beating, beat)


@asynccontextmanager
async def _loaded(app: FastAPI) -> AsyncIterator[None]:
    if app.state.settings.sagemaker_multi_model or app.state.models.tried:
        yield
        return
    # Workers share the port, and one that is ready vouches for all: each opens it when its models are loaded. Where
    # that takes longer, it opens all the same, and /ping says 503 and why.
    loading = asyncio.create_task(_load_beside(app.state.models))
    await asyncio.wait([loading], timeout=_OPEN_AFTER_SECONDS)
    yield
    await loading


async def _load_beside(models: Models) -> None:
    await offload.run(_load, models)
    _keep_what_is_loaded()


def load_before_fork(app: FastAPI) -> None:
    """Load what all workers need, so that they share it; what cannot be forked they load themselves."""
    if not app.state.settings.sagemaker_multi_model and app.state.models.can_be_forked:
        _load(app.state.models)
    _keep_what_is_loaded()


def _load(models: Models) -> None:
    try:
        models.load()
    except Exception:
        _log.exception("not ready: the models could not be loaded; /ping answers 503")


def _keep_what_is_loaded() -> None:
    """Take what is there now from the collector, and give the system what starting took and no longer needs.

    The collector would look through it again and again, for milliseconds each time, and, after a fork, write to its
    pages, which are then no longer shared. There is hardly any garbage in it: a collection before would take 40 ms and
    find a dozen objects.
    """
    gc.freeze()
    memory.trim()
