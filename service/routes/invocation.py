"""One call of SageMaker's ``/invocations``: whatever content type comes in, whatever ``Accept`` asks for goes out."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from service import request_state
from service.arrays import Probabilities
from service.errors import NotAcceptableError, UnsupportedMediaTypeError, UnusableError, shortened
from service.http import negotiation, offload
from service.http.media_types import ALL_JSON_LINES, CSV, JSON, JSON_LINES, NPY
from service.http.messages import EncodedJSON, echoed, header, read_body
from service.inputs import formats
from service.inputs.batch_readers import READERS
from service.inputs.batch_validation import Batch
from service.inputs.preprocessing import preprocess
from service.inputs.uploads import BINARY, IMAGE_TYPES, batch_type, media_type, refuse_compressed
from service.models.classifier import Classifier, Models
from service.outputs.predictions import describe
from service.outputs.writers import WRITERS
from service.routes import streaming_batches
from service.routes.custom_attributes import CustomAttributes, read_custom_attributes
from service.settings import Settings

# A body of more takes milliseconds to parse.
_LARGE_BYTES = 64 * 1024
# An answer to more images takes milliseconds to write.
_LARGE_ANSWER = 1_000
_STREAMED_BLOCK = 256
_ANSWERS = tuple(WRITERS)
_IMAGES = {"type": "array", "items": {}, "description": "images, each 28×28, 28×28×1 or 784 numbers from 0 to 1"}

JSON_BATCH = {
    "schema": {
        "type": "object",
        "properties": {"instances": _IMAGES, "inputs": _IMAGES},
        "oneOf": [{"required": ["instances"]}, {"required": ["inputs"]}],
    }
}
_JSON_BATCH_OR_LIST = {"schema": {"anyOf": [JSON_BATCH["schema"], _IMAGES]}}
BODY: dict[str, Any] = {
    "parameters": [
        {
            "name": "X-Amzn-SageMaker-Custom-Attributes",
            "in": "header",
            "schema": {"type": "string"},
            "description": "tfs-model-name=…,tfs-model-version=…,tfs-method=predict,verbose=true,stream=true",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            JSON: _JSON_BATCH_OR_LIST,
            JSON_LINES: {"schema": {"type": "string"}},
            CSV: {"schema": {"type": "string"}},
            NPY: BINARY,
            **dict.fromkeys(IMAGE_TYPES, BINARY),
        },
    },
}
"""The request, for the API's documentation."""


async def invoke(request: Request, models: Models, settings: Settings) -> Response:
    """Answer an invocation with the model its custom attributes name, or the default one.

    Raises:
        ServiceError: the request cannot be answered; the class says why.

    """
    if request.scope["query_string"]:
        raise UnusableError(
            f"{request.scope['path']} has no parameters in its address; a model is named by a header: "
            "X-Amzn-SageMaker-Custom-Attributes: tfs-model-name=cnn_b"
        )
    refuse_compressed(request)
    declared = batch_type(media_type(request))
    accept = header(request.scope, b"accept")
    attributes = read_custom_attributes(request)
    _check_answer(attributes, declared, accept)
    classifier = models.get(attributes.model, attributes.version)
    request_state.of(request.scope).model = classifier.name
    headers = echoed(request.scope)
    if declared in IMAGE_TYPES:
        accepted = negotiation.choose(accept, _ANSWERS)
        model_input = await preprocess(await read_body(request), "auto", max_pixels=settings.max_pixels)
        if attributes.is_verbose:
            described = describe(
                classifier,
                await classifier.answer(model_input.pixels, model_input.mode),
                model_input,
                top_k=len(classifier.labels),
            )
            return Response(orjson.dumps(described), media_type=accepted, headers=headers)
        # As for arrays: the SavedModel's own softmax, not calibrated.
        probabilities = classifier.engine.predict(model_input.pixels).mean(axis=0, keepdims=True)
        return _response(WRITERS[accepted](probabilities, Batch(model_input.pixels[:1])), accepted, headers)
    if declared not in READERS:
        formats.refuse_foreign_type(declared)
        raise UnsupportedMediaTypeError(
            f"Content-Type {shortened(declared) if declared else 'is missing'}: "
            f"this route reads {', '.join((*READERS, *IMAGE_TYPES))}"
        )
    body = await streaming_batches.receive(request)
    if not isinstance(body, bytes):
        accepted = negotiation.choose(accept, streaming_batches.ANSWERS)
        answer = await streaming_batches.predict(body, declared, accepted, classifier.engine)
        headers["content-length"] = str(answer.tell())
        return StreamingResponse(streaming_batches.chunks(answer), media_type=accepted, headers=headers)
    accepted = negotiation.choose(accept, _ANSWERS)
    batch = await read(READERS[declared], body, settings)
    if attributes.is_streamed:
        return StreamingResponse(_streamed(models, classifier, batch), media_type=accepted, headers=headers)
    probabilities = await models.predict(classifier, batch.pixels)
    return _response(await write(WRITERS[accepted], probabilities, batch), accepted, headers)


def _check_answer(attributes: CustomAttributes, declared: str, accept: str | None) -> None:
    """Refuse what would have no effect: to ignore it would be a silent guess."""
    if attributes.is_streamed and (
        declared in IMAGE_TYPES or negotiation.choose(accept, _ANSWERS) not in ALL_JSON_LINES
    ):
        raise NotAcceptableError(
            f"stream=true is for batches whose answer is {JSON_LINES}, which can be sent in pieces; "
            f"ask for it by Accept: {JSON_LINES}, or leave stream=true out"
        )
    if attributes.is_verbose and (declared not in IMAGE_TYPES or negotiation.choose(accept, _ANSWERS) != JSON):
        raise NotAcceptableError(
            "verbose=true describes one picture, in JSON; send a picture, ask for application/json, or leave "
            "verbose=true out"
        )


def _response(content: bytes, accepted: str, headers: dict[str, str]) -> Response:
    if accepted == JSON and not headers:
        return EncodedJSON(content)
    return Response(content, media_type=accepted, headers=headers)


async def read(reader: Callable[..., Batch], body: bytes, settings: Settings) -> Batch:
    """Read a batch; a large one off the event loop."""
    reading = partial(reader, body, max_batch=settings.max_batch)
    return await offload.run(reading) if len(body) > _LARGE_BYTES else reading()


async def write(writer: Callable[[Probabilities, Batch], bytes], probabilities: Probabilities, batch: Batch) -> bytes:
    """Write an answer; a large one off the event loop."""
    writing = partial(writer, probabilities, batch)
    return await offload.run(writing) if len(probabilities) > _LARGE_ANSWER else writing()


async def _streamed(models: Models, classifier: Classifier, batch: Batch) -> AsyncIterator[bytes]:
    """Answer a batch a block at a time; it was checked before, so that nothing can go wrong after the status."""
    for start in range(0, len(batch.pixels), _STREAMED_BLOCK):
        probabilities = await models.predict(classifier, batch.pixels[start : start + _STREAMED_BLOCK])
        yield WRITERS[JSON_LINES](probabilities, batch)
