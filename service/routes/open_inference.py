"""For clients of the Open Inference Protocol (V2), which KServe, MLServer, Triton and OpenVINO speak.

Source: KServe, "Open Inference Protocol" (V2), REST; Triton Inference Server, "Binary Tensor Data Extension". Errors
are the service's problem documents, with the member ``error`` that the protocol asks for.
"""

from functools import partial
from typing import Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from service import __version__, request_state
from service.arrays import SIZE, Probabilities
from service.errors import MalformedError, shortened
from service.http import offload
from service.http.media_types import JSON
from service.http.messages import header, read_body
from service.inputs.open_inference import INPUT, OUTPUT, InferenceRequest, read_inference
from service.inputs.uploads import BINARY, refuse_compressed
from service.models.classifier import Classifier
from service.routes import parameters
from service.routes.dependencies import (
    DrainDependency,
    ModelsDependency,
    SettingsDependency,
    models_of,
    problems,
    settings_of,
)

_OCTETS = "application/octet-stream"
_JSON_LENGTH = "Inference-Header-Content-Length"
# A body of more takes milliseconds to parse as JSON, and an answer to more images to write so.
_LARGE_BYTES = 64 * 1024
_LARGE_ANSWER = 1_000
_NAME = "exploring-convolutional-layers"

router = APIRouter(prefix="/v2", tags=["open inference protocol"], dependencies=[Depends(parameters.none)])

_NOT_READY = problems(s422="there are query parameters; this route has none", s503="the models are not ready")
_NOT_FOUND = _NOT_READY | problems(s404="no such model or version")
_PROBLEMS = _NOT_FOUND | problems(
    s400="broken JSON, or not of the protocol's form",
    s413="too many bytes or images",
    s415="the body is compressed",
    s422="a tensor of a wrong name, shape, datatype or range, or query parameters",
)
_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"const": INPUT},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {"enum": ["FP32", "UINT8"]},
        "data": {"type": "array", "items": {}},
        "parameters": {"type": "object"},
    },
}
_REQUEST = {
    "type": "object",
    "required": ["inputs"],
    "properties": {"inputs": {"type": "array", "items": _TENSOR, "minItems": 1, "maxItems": 1}},
}
_JSON_LENGTH_PARAMETER = {
    "name": _JSON_LENGTH,
    "in": "header",
    "schema": {"type": "integer", "minimum": 0},
    "description": "how many bytes of the body are JSON; the rest is the tensor",
}


def _infer(*in_path: str) -> dict[str, Any]:
    """Document a request of which FastAPI sees nothing: see ``hot_routes``."""
    path = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in in_path]
    return {
        "parameters": [*path, _JSON_LENGTH_PARAMETER],
        "requestBody": {"required": True, "content": {JSON: {"schema": _REQUEST}, _OCTETS: BINARY}},
    }


_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {JSON: {"schema": {"type": "object"}}, _OCTETS: BINARY}}}


@router.get(
    "", operation_id="open_inference_server", summary="Name the server and its extensions", responses=_NOT_READY
)
async def server() -> dict[str, Any]:
    """Name the server and the extensions that it speaks."""
    return {"name": _NAME, "version": __version__, "extensions": ["binary_tensor_data"]}


@router.get(
    "/health/live", operation_id="open_inference_live", summary="Say that the server answers", responses=_NOT_READY
)
async def live() -> dict[str, bool]:
    """Say that the server answers."""
    return {"live": True}


@router.get(
    "/health/ready",
    operation_id="open_inference_ready",
    summary="Say that every model can answer",
    responses=_NOT_READY,
)
async def ready(models: ModelsDependency, drain: DrainDependency) -> dict[str, bool]:
    """Say that every model can answer; 503 while they are loaded, and once the service is told to stop."""
    drain.require_open()
    models.require_ready()
    return {"ready": True}


@router.get(
    "/models/{name}", operation_id="open_inference_metadata", summary="Describe a model's tensors", responses=_NOT_FOUND
)
@router.get(
    "/models/{name}/versions/{version}",
    operation_id="open_inference_metadata_version",
    summary="Describe a version's tensors",
    responses=_NOT_FOUND,
)
async def metadata(
    name: str, models: ModelsDependency, settings: SettingsDependency, version: str | None = None
) -> dict[str, Any]:
    """Describe a model's tensors."""
    classifier = models.get(name, version)
    return {
        "name": classifier.name,
        "versions": [classifier.version],
        "platform": {"litert": "tensorflow_lite", "tensorflow": "tensorflow_savedmodel"}[settings.engine],
        "inputs": [{"name": INPUT, "datatype": "FP32", "shape": [-1, SIZE, SIZE, 1]}],
        "outputs": [{"name": OUTPUT, "datatype": "FP32", "shape": [-1, len(classifier.labels)]}],
    }


@router.get(
    "/models/{name}/ready",
    operation_id="open_inference_model_ready",
    summary="Say that a model can answer",
    responses=_NOT_FOUND,
)
@router.get(
    "/models/{name}/versions/{version}/ready",
    operation_id="open_inference_model_ready_version",
    summary="Say that a version can answer",
    responses=_NOT_FOUND,
)
async def model_ready(name: str, models: ModelsDependency, version: str | None = None) -> dict[str, Any]:
    """Say that a model can answer."""
    return {"name": models.get(name, version).name, "ready": True}


@router.post(
    "/models/{name}/infer",
    operation_id="open_inference_infer",
    summary="Give a model's probabilities for a tensor",
    responses=_ANSWER | _PROBLEMS,
    openapi_extra=_infer("name"),
)
@router.post(
    "/models/{name}/versions/{version}/infer",
    operation_id="open_inference_infer_version",
    summary="Give a version's probabilities for a tensor",
    responses=_ANSWER | _PROBLEMS,
    openapi_extra=_infer("name", "version"),
)
async def infer(request: Request) -> Response:
    """Give a model's probabilities for a tensor of images, as JSON or as bytes."""
    if request.scope["query_string"]:
        await parameters.none(request)
    models, path = models_of(request), request.path_params
    classifier = models.get(path["name"], path.get("version"))
    request_state.of(request.scope).model = classifier.name
    refuse_compressed(request)
    json_bytes, body = _json_bytes(request), await read_body(request)
    reading = partial(read_inference, body, json_bytes, max_batch=settings_of(request).max_batch)
    asked = await offload.run(reading) if len(body) > _LARGE_BYTES else reading()
    probabilities = await models.predict(classifier, asked.batch.pixels)
    writing = partial(_write, classifier, probabilities, asked)
    return await offload.run(writing) if len(probabilities) > _LARGE_ANSWER else writing()


def _json_bytes(request: Request) -> int | None:
    """Read how many bytes of the body are JSON; None for all.

    Raises:
        MalformedError: the header is no such number.

    """
    length = header(request.scope, _JSON_LENGTH.lower().encode())
    if length is None:
        return None
    if not (length.isascii() and length.isdigit() and len(length) <= 12):
        raise MalformedError(f"{_JSON_LENGTH} is {shortened(length)}; expected a number of bytes")
    return int(length)


def _write(classifier: Classifier, probabilities: Probabilities, asked: InferenceRequest) -> Response:
    output: dict[str, Any] = {"name": OUTPUT, "shape": list(probabilities.shape), "datatype": "FP32"}
    document: dict[str, Any] = {"model_name": classifier.name, "model_version": classifier.version, "outputs": [output]}
    if asked.identifier is not None:
        document["id"] = asked.identifier
    if not asked.is_binary:
        output["data"] = probabilities.ravel()
        return Response(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY), media_type=JSON)
    tensor = probabilities.astype("<f4", copy=False).tobytes()
    output["parameters"] = {"binary_data_size": len(tensor)}
    content = orjson.dumps(document)
    return Response(content + tensor, media_type=_OCTETS, headers={_JSON_LENGTH: str(len(content))})
