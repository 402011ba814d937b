"""For SageMaker: the two routes its hosting contract asks of a container.

Source: Amazon SageMaker AI developer guide, "Custom Inference Code with Hosting Services".
"""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from service import codecs, negotiation, schemas
from service.classifier import Classifier, Models
from service.codecs import READERS, WRITERS, Batch
from service.dependencies import ModelsDependency, SettingsDependency, problems
from service.errors import UnknownModelError, UnsupportedMediaTypeError
from service.pictures import describe, see
from service.uploads import IMAGE_TYPES, media_type

router = APIRouter(tags=["sagemaker"])

_CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
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


@router.post("/invocations", responses={200: {"model": schemas.Probabilities}, **_PROBLEMS}, openapi_extra=_BODY)
async def invocations(request: Request, models: ModelsDependency, settings: SettingsDependency) -> Response:
    """Give the models' probabilities for a batch of images, or for one picture."""
    declared = media_type(request)
    accepted = negotiation.choose(request.headers.get("accept"), tuple(WRITERS))
    attributes = _custom_attributes(request)
    classifier = _chosen(models, attributes)
    body = await request.body()
    if declared in IMAGE_TYPES:
        seen = await see(body, "auto", models, settings)
        probabilities = classifier.engine.predict(seen.pixels)
        if attributes.get("verbose") == "true" and accepted == codecs.JSON:
            answer = describe(classifier, probabilities[0], seen, top_k=len(classifier.labels))
            return Response(orjson.dumps(answer), media_type=codecs.JSON)
        batch = Batch(seen.pixels)
    elif declared in READERS:
        batch = READERS[declared](body, max_batch=settings.max_batch)
        probabilities = await models.predict(classifier, batch.pixels)
    else:
        raise UnsupportedMediaTypeError(
            f"Content-Type {declared or 'is missing'}: this route reads {', '.join((*READERS, *IMAGE_TYPES))}"
        )
    return Response(WRITERS[accepted](probabilities, batch), media_type=accepted)


def _custom_attributes(request: Request) -> dict[str, str]:
    """Split ``name=value,name=value``; what has another form is not for us, and ignored as unknown headers are."""
    pairs = (part.partition("=") for part in request.headers.get(_CUSTOM_ATTRIBUTES, "").split(","))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


def _chosen(models: Models, attributes: dict[str, str]) -> Classifier:
    classifier = models.get(attributes.get("tfs-model-name"))
    version = attributes.get("tfs-model-version", classifier.version)
    if version != classifier.version:
        raise UnknownModelError(f"{classifier.name} has no version {version!r}; served is {classifier.version}")
    return classifier
