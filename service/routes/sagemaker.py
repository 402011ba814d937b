"""For SageMaker: the routes its hosting contract asks of a container that serves one bundle.

Source: Amazon SageMaker AI developer guide, "Custom Inference Code with Hosting Services".
"""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from service import codecs, negotiation, schemas
from service.codecs import READERS, WRITERS, Batch
from service.dependencies import ModelsDependency, SettingsDependency, problems
from service.errors import UnsupportedMediaTypeError
from service.pictures import describe, see
from service.uploads import IMAGE_TYPES, media_type

router = APIRouter(tags=["sagemaker"])

_CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_MOST_IN_FLIGHT_MB = 100  # SageMaker's limit on payload × concurrency of a batch transform job
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_IMAGES = {"type": "array", "description": "images, each 28×28, 28×28×1 or 784 numbers from 0 to 1"}
_BODY: dict[str, Any] = {
    "parameters": [
        {
            "name": "X-Amzn-SageMaker-Custom-Attributes",
            "in": "header",
            "schema": {"type": "string"},
            "description": "tfs-model-name=…,tfs-model-version=…,verbose=true",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            codecs.JSON: {"schema": {"type": "object", "properties": {"instances": _IMAGES, "inputs": _IMAGES}}},
            codecs.JSON_LINES: {"schema": {"type": "string"}},
            codecs.CSV: {"schema": {"type": "string"}},
            codecs.NPY: _BINARY,
            **dict.fromkeys(IMAGE_TYPES, _BINARY),
        },
    },
}
_PROBLEMS = problems(
    s400="broken JSON, CSV, .npy or picture",
    s404="no such model",
    s406="none of the media types asked for",
    s413="too many bytes, pixels or images",
    s415="a content type that is not read here",
    s422="images of a wrong shape or range",
    s503="the models are not ready",
)


@router.head("/ping", include_in_schema=False)
@router.post("/ping", include_in_schema=False)
@router.get("/ping", responses=problems(s503="the models are not ready, and why"))
async def ping(models: ModelsDependency) -> Response:
    """Answer 200 once every model has reproduced its golden samples."""
    models.require_ready()
    return Response()


@router.get("/execution-parameters")
async def execution_parameters(settings: SettingsDependency) -> dict[str, int | str]:
    """Tell batch transform how to send: as many requests at once as there are workers, 100 MB in all at most."""
    return {
        "MaxConcurrentTransforms": settings.workers,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": max(1, min(settings.body_limit_mb, _MOST_IN_FLIGHT_MB // settings.workers)),
    }


@router.post("/invocations", responses={200: {"model": schemas.Probabilities}, **_PROBLEMS}, openapi_extra=_BODY)
async def invocations(request: Request, models: ModelsDependency, settings: SettingsDependency) -> Response:
    """Give the models' probabilities for a batch of images, or for one picture."""
    declared = media_type(request)
    accepted = negotiation.choose(request.headers.get("accept"), tuple(WRITERS))
    attributes = _custom_attributes(request)
    classifier = models.get(attributes.get("tfs-model-name"), attributes.get("tfs-model-version"))
    request.state.model = classifier.name
    body = await request.body()
    if declared in IMAGE_TYPES:
        seen = await see(body, "auto", models, settings)
        probabilities = classifier.engine.predict(seen.pixels)
        if attributes.get("verbose") == "true" and accepted == codecs.JSON:
            answer = describe(classifier, probabilities[0], seen, top_k=len(classifier.labels))
            return Response(orjson.dumps(answer), media_type=codecs.JSON, headers=_echoed(request))
        batch = Batch(seen.pixels)
    elif declared in READERS:
        batch = READERS[declared](body, max_batch=settings.max_batch)
        probabilities = await models.predict(classifier, batch.pixels)
    else:
        raise UnsupportedMediaTypeError(
            f"Content-Type {declared or 'is missing'}: this route reads {', '.join((*READERS, *IMAGE_TYPES))}"
        )
    return Response(WRITERS[accepted](probabilities, batch), media_type=accepted, headers=_echoed(request))


def _echoed(request: Request) -> dict[str, str]:
    """Give the custom attributes back, so that a caller can match answers to requests."""
    attributes = request.headers.get(_CUSTOM_ATTRIBUTES)
    return {} if attributes is None else {_CUSTOM_ATTRIBUTES: attributes}


def _custom_attributes(request: Request) -> dict[str, str]:
    """Split ``name=value,name=value``; what has another form is not for us, and ignored as unknown headers are."""
    pairs = (part.partition("=") for part in request.headers.get(_CUSTOM_ATTRIBUTES, "").split(","))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}
