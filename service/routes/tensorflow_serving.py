"""For clients of TensorFlow Serving: the names and shapes of its REST API.

Source: TensorFlow Serving, "RESTful API" (https://www.tensorflow.org/tfx/serving/api_rest). Errors here are the
service's problem documents, with the member ``error`` that its clients read.
"""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.convertors import StringConvertor, register_url_convertor

from service import request_state
from service.http.media_types import JSON
from service.http.messages import read_body
from service.inputs.json_images import read_json
from service.inputs.uploads import refuse_compressed
from service.models.classifier import Classifier
from service.outputs import schemas
from service.outputs.writers import write_json
from service.routes import parameters
from service.routes.dependencies import ModelsDependency, SettingsDependency, problems
from service.routes.invocation import JSON_BATCH, read, write

PREFIX = "/v1/models"


class _NameWithoutColon(StringConvertor):
    """A name without a colon, after which an action would come: NAME:predict is asked by POST alone."""

    regex = "[^/:]+"


register_url_convertor("name_without_colon", _NameWithoutColon())

router = APIRouter(prefix=PREFIX, tags=["tensorflow serving"], dependencies=[Depends(parameters.none)])

_NOT_FOUND = problems(
    s404="no such model or version",
    s422="there are query parameters; this route has none",
    s503="the models are not ready",
)
_PROBLEMS = problems(
    s400="broken JSON",
    s404="no such model or version",
    s413="too many bytes or images",
    s415="the body is compressed",
    s422="images of a wrong shape or range, or query parameters",
    s503="the models are not ready",
)
_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {JSON: JSON_BATCH}}}


@router.post(
    "/{name}:predict",
    operation_id="tensorflow_serving_predict",
    summary="Give a model's probabilities",
    responses={200: {"model": schemas.Probabilities}, **_PROBLEMS},
    openapi_extra=_BODY,
)
@router.post(
    "/{name}/versions/{version}:predict",
    operation_id="tensorflow_serving_predict_version",
    summary="Give a version's probabilities",
    responses={200: {"model": schemas.Probabilities}, **_PROBLEMS},
    openapi_extra=_BODY,
)
async def predict(
    request: Request, name: str, models: ModelsDependency, settings: SettingsDependency, version: str | None = None
) -> Response:
    """Give a model's probabilities for a batch: ``instances`` → ``predictions``, ``inputs`` → ``outputs``."""
    classifier: Classifier = models.get(name, version)
    request_state.of(request.scope).model = classifier.name
    refuse_compressed(request)
    # Whatever the content type says: TensorFlow Serving reads the body as JSON, and its clients count on it.
    batch = await read(read_json, await read_body(request), settings)
    probabilities = await models.predict(classifier, batch.pixels)
    return Response(await write(write_json, probabilities, batch), media_type=JSON)


@router.get(
    "/{name:name_without_colon}",
    operation_id="tensorflow_serving_status",
    summary="Show a model's status",
    responses=_NOT_FOUND,
)
@router.get(
    "/{name:name_without_colon}/versions/{version:name_without_colon}",
    operation_id="tensorflow_serving_status_version",
    summary="Show a version's status",
    responses=_NOT_FOUND,
)
async def status(name: str, models: ModelsDependency, version: str | None = None) -> dict[str, Any]:
    """Say that a model's version is available."""
    classifier = models.get(name, version)
    available = {
        "version": classifier.version,
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    return {"model_version_status": [available]}


@router.get(
    "/{name:name_without_colon}/metadata",
    operation_id="tensorflow_serving_metadata",
    summary="Describe a model's signature",
    responses=_NOT_FOUND,
)
@router.get(
    "/{name:name_without_colon}/versions/{version:name_without_colon}/metadata",
    operation_id="tensorflow_serving_metadata_version",
    summary="Describe a version's signature",
    responses=_NOT_FOUND,
)
async def metadata(name: str, models: ModelsDependency, version: str | None = None) -> dict[str, Any]:
    """Describe a model's signature, and of a SavedModel of others what was adapted."""
    classifier = models.get(name, version)
    signature = {
        "inputs": {"images": _tensor("serving_default_images:0", -1, 28, 28, 1)},
        "outputs": {"probabilities": _tensor("StatefulPartitionedCall:0", -1, len(classifier.labels))},
        "method_name": "tensorflow/serving/predict",
    }
    notes = {"notes": list(classifier.notes)} if classifier.notes else {}
    return {
        "model_spec": {"name": classifier.name, "signature_name": "", "version": classifier.version},
        "metadata": {
            "signature_def": {"signature_def": {"serving_default": signature}},
            "precision": classifier.precision,  # not TensorFlow Serving's, whose clients pass over it
            **notes,
        },
    }


def _tensor(name: str, *sizes: int) -> dict[str, Any]:
    dimensions = [{"size": str(size), "name": ""} for size in sizes]
    return {"dtype": "DT_FLOAT", "tensor_shape": {"dim": dimensions, "unknown_rank": False}, "name": name}
