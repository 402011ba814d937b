"""One call of SageMaker's ``/invocations``: whatever content type comes in, whatever ``Accept`` asks for goes out."""

from typing import Any

import orjson
from fastapi import Request, Response

from service import codecs, negotiation
from service.classifier import Models
from service.codecs import READERS, WRITERS, Batch
from service.errors import UnsupportedMediaTypeError
from service.pictures import describe, see
from service.settings import Settings
from service.uploads import IMAGE_TYPES, media_type

_CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_IMAGES = {"type": "array", "description": "images, each 28×28, 28×28×1 or 784 numbers from 0 to 1"}

BODY: dict[str, Any] = {
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
"""The request, for the API's documentation."""


async def invoke(request: Request, models: Models, settings: Settings) -> Response:
    """Answer an invocation with the model its custom attributes name, or the default one.

    Raises:
        ServiceError: the request cannot be answered; the class says why.

    """
    declared = media_type(request)
    accepted = negotiation.choose(request.headers.get("accept"), tuple(WRITERS))
    attributes = _custom_attributes(request)
    classifier = models.get(attributes.get("tfs-model-name"), attributes.get("tfs-model-version"))
    request.state.model = classifier.name
    body = await request.body()
    if declared in IMAGE_TYPES:
        seen = await see(body, "auto", settings)
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
