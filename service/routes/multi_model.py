"""For SageMaker's multi-model endpoints: models come and go while the service runs.

Source: Amazon SageMaker AI developer guide, "Custom Containers Contract for Multi-Model Mode".
"""

import asyncio
import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.errors import TooLargeError, UnusableError, shortened
from service.models.multi_model import NAME, ModelRegistry
from service.outputs import schemas
from service.routes import parameters
from service.routes.dependencies import SettingsDependency, problems
from service.routes.invocation import BODY, invoke
from service.routes.parameters import Parameters
from service.routes.sagemaker import PROBLEMS

router = APIRouter(tags=["sagemaker multi-model"])


_LOAD_REQUEST_BYTES = 16 * 1024


class LoadRequest(BaseModel):
    """A model to load."""

    model_config = ConfigDict(protected_namespaces=())

    model_name: str = Field(pattern=f"^{NAME}$")
    url: str = Field(min_length=1, description="the folder that SageMaker put the model into")


class PageParameters(Parameters):
    """Which part of the list of models."""

    next_page_token: str | None = Field(None, description="where the page before ended")
    page_size: int = Field(100, ge=1, le=1000, description="the most models to list")


async def _registry(request: Request) -> ModelRegistry:  # as those in service/routes/dependencies.py
    registry: ModelRegistry = request.app.state.registry
    return registry


RegistryDependency = Annotated[ModelRegistry, Depends(_registry)]
_NOT_LOADED = problems(s404="no such model is loaded", s422="there are query parameters; this route has none")
_NO_PARAMETERS = [Depends(parameters.none)]


@router.post(
    "/models",
    operation_id="load_model",
    summary="Load a model",
    dependencies=_NO_PARAMETERS,
    responses=problems(s409="loaded already", s422="the folder cannot be served", s507="out of memory"),
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": LoadRequest.model_json_schema()}}}},
)
async def load(request: Request, registry: RegistryDependency) -> dict[str, str]:
    """Load a model from a folder; it has reproduced its golden samples when this answers."""
    asked = _load_request(await request.body())
    # In a thread: files are read and checked, and another worker may hold the lock.
    loaded = await asyncio.to_thread(registry.load, asked.model_name, asked.url)
    return _described(loaded.name, loaded.url)


def _load_request(body: bytes) -> LoadRequest:
    if len(body) > _LOAD_REQUEST_BYTES:
        raise TooLargeError(f"a request to load a model has at most {_LOAD_REQUEST_BYTES:,} bytes")
    try:
        return LoadRequest.model_validate_json(body)
    except ValidationError as error:
        sentences = (f"{'.'.join(map(str, e['loc'])) or 'the body'}: {e['msg']}" for e in error.errors())
        raise UnusableError("; ".join(sentences)) from error


@router.get(
    "/models",
    operation_id="list_models",
    summary="List the loaded models",
    responses=problems(s422="a parameter that cannot be used"),
    openapi_extra={"parameters": parameters.document(PageParameters)},
)
async def loaded_models(request: Request, registry: RegistryDependency) -> dict[str, Any]:
    """List the loaded models, a page at a time."""
    asked = parameters.read(request, PageParameters)
    token, page_size = asked.next_page_token, asked.page_size
    if token is not None and not re.fullmatch("[0-9]{1,9}", token):
        raise UnusableError(f"next_page_token {shortened(token)} is none that this route gave")
    start = int(token or 0)
    names = registry.names()
    page = [_described(one.name, one.url) for one in registry.registrations(names[start : start + page_size])]
    more = {"next_page_token": str(start + page_size)} if start + page_size < len(names) else {}
    return {"models": page, **more}


@router.get(
    "/models/{name}",
    operation_id="get_model",
    summary="Say that a model is loaded",
    responses=_NOT_LOADED,
    dependencies=_NO_PARAMETERS,
)
async def loaded_model(name: str, registry: RegistryDependency) -> dict[str, str]:
    """Say that a model is loaded, and from where."""
    return _described(name, registry.registration(name).url)


@router.delete(
    "/models/{name}",
    operation_id="unload_model",
    summary="Unload a model",
    response_class=Response,
    responses=_NOT_LOADED,
    dependencies=_NO_PARAMETERS,
)
async def unload(name: str, registry: RegistryDependency) -> Response:
    """Unload a model."""
    await asyncio.to_thread(registry.unload, name)
    return Response()


@router.post(
    "/models/{name}/invoke",
    operation_id="invoke_model",
    summary="Give a loaded model's probabilities",
    responses={200: {"model": schemas.Probabilities}, **PROBLEMS},
    openapi_extra=BODY,
)
async def invoke_model(
    request: Request, name: str, registry: RegistryDependency, settings: SettingsDependency
) -> Response:
    """Give a loaded model's probabilities, as ``/invocations`` does."""
    return await invoke(request, await registry.get(name), settings)


def _described(name: str, url: str) -> dict[str, str]:
    return {"modelName": name, "modelUrl": url}
