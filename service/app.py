"""Wires the service together; the parts are elsewhere."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from service import __version__, draining, errors
from service.bundle import Bundle
from service.classifier import Models
from service.limits import BodyLimit
from service.reports import WEB, Reports
from service.request_log import RequestLog
from service.routes import documentation, experiments, predict, sagemaker, tensorflow_serving
from service.settings import Settings

_log = logging.getLogger("uvicorn.error")


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the ASGI application over a bundle.

    Args:
        settings: read from the environment when not given.

    Raises:
        pydantic.ValidationError: a setting is invalid.
        BundleError: the bundle cannot be served.

    """
    settings = settings or Settings()
    bundle = Bundle(settings.model_dir)
    app = FastAPI(
        title="Exploring convolutional layers",
        summary="Classifies clothing, and shows with evidence why convolution beats a dense network.",
        version=__version__,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.models = Models(bundle, settings.engine)
    app.state.reports = Reports(bundle)
    app.add_middleware(BodyLimit, megabytes=settings.body_limit_mb)
    app.add_middleware(RequestLog)
    errors.install(app)
    for routes in (predict, experiments, sagemaker, tensorflow_serving, documentation):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=WEB / "static"), name="static")
    app.mount("/figures", StaticFiles(directory=bundle.path("figures"), check_dir=False), name="figures")
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    # In the background: the port opens at once, and /ping says 503 and why until the models are loaded.
    draining.install(app.state.models, seconds=app.state.settings.drain_seconds)
    loading = asyncio.create_task(_load(app.state.models))
    yield
    await loading
    app.state.models.close()


async def _load(models: Models) -> None:
    try:
        await models.offload(models.load)
    except Exception:
        _log.exception("not ready: the models could not be loaded; /ping answers 503")
