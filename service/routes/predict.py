"""For the app developer: a picture in, a label out, and why that label."""

import re
from functools import lru_cache
from typing import Annotated, Any, Literal, get_args
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from service import request_state
from service.http import negotiation, offload
from service.http.messages import EncodedJSON
from service.inputs import images
from service.inputs.uploads import BINARY, IMAGE_TYPES, read_picture
from service.models import explanations
from service.outputs import schemas
from service.outputs.predictions import describe
from service.routes.dependencies import ModelsDependency, SettingsDependency, known_parameters, problems
from service.routes.express import Lane

router = APIRouter(tags=["predict"], dependencies=[Depends(known_parameters)])

_JSON, _PNG = "application/json", "image/png"
_FORM = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _FORM},
            "application/json": {"schema": schemas.ImageAsJSON.model_json_schema()},
            **dict.fromkeys(IMAGE_TYPES, BINARY),
        },
    }
}
_PROBLEMS = problems(
    s400="not a picture, truncated, or broken JSON, base64 or form",
    s404="no such model",
    s413="too many bytes or pixels",
    s415="a content type that is not read here",
    s422="a picture or parameter that cannot be used",
    s503="the models are not ready",
)

ModelName = Annotated[str | None, Query(description="which model; the bundle's default when not given")]
TopK = Annotated[int, Query(ge=1, le=10, description="how many classes to list, most probable first")]
PreprocessMode = Annotated[
    images.Mode,
    Query(
        description="dataset: a 28×28 grey picture as it is; photo: converted as the dataset was; auto: whichever fits"
    ),
]
Include = Annotated[
    Literal["input"] | None,
    Query(description="input: preprocess.input has the 28×28 PNG that the model saw, as a data: URL"),
]


@router.post("/predict", responses={200: {"model": schemas.Prediction}, **_PROBLEMS}, openapi_extra=_BODY)
async def predict(
    request: Request,
    models: ModelsDependency,
    settings: SettingsDependency,
    model: ModelName = None,
    top_k: TopK = 10,
    preprocess: PreprocessMode = "auto",
    include: Include = None,
) -> Response:
    """Classify one picture with one model."""
    classifier = models.get(model)
    request_state.of(request.scope).model = classifier.name
    model_input = await images.preprocess(await read_picture(request), preprocess, max_pixels=settings.max_pixels)
    return _json(
        describe(
            classifier,
            await classifier.answer(model_input.pixels),
            model_input,
            top_k=top_k,
            with_input=include is not None,
        )
    )


@router.post("/compare", responses={200: {"model": schemas.Comparison}, **_PROBLEMS}, openapi_extra=_BODY)
async def compare(
    request: Request,
    models: ModelsDependency,
    settings: SettingsDependency,
    top_k: TopK = 10,
    preprocess: PreprocessMode = "auto",
    include: Include = None,
) -> Response:
    """Classify one picture with every served model."""
    classifiers = [models.get(name) for name in models.names]
    model_input = await images.preprocess(await read_picture(request), preprocess, max_pixels=settings.max_pixels)
    answers = [
        describe(c, await c.answer(model_input.pixels), model_input, top_k=top_k, with_input=include is not None)
        for c in classifiers
    ]
    return _json({"predictions": answers})


@router.post(
    "/explain",
    responses={
        200: {"model": schemas.Explanation, "content": {_PNG: BINARY}},
        **_PROBLEMS,
        **problems(s406="neither JSON nor PNG is accepted"),
    },
    openapi_extra=_BODY,
)
async def explain(
    request: Request,
    models: ModelsDependency,
    settings: SettingsDependency,
    model: ModelName = None,
    top_k: TopK = 10,
    preprocess: PreprocessMode = "auto",
    include: Include = None,
) -> Response:
    """Classify one picture, and show what the answer hangs on and what each convolution found: as JSON, or one PNG."""
    media_type = negotiation.choose(request.headers.get("accept"), (_JSON, _PNG))
    classifier = models.get(model)
    request_state.of(request.scope).model = classifier.name
    model_input = await images.preprocess(await read_picture(request), preprocess, max_pixels=settings.max_pixels)
    explanation = await explanations.explain(models, classifier, model_input.pixels)
    answer = describe(classifier, explanation.answer, model_input, top_k=top_k, with_input=include is not None)
    if media_type == _PNG:
        # Imported late: Pillow's fonts and drawing are needed here alone.
        from service.outputs.explanation_drawing import draw

        content = await offload.run(draw, explanation, model_input.pixels, classifier.name, answer["label"])
        return Response(content, media_type=_PNG, headers={"Vary": "Accept"})
    answer |= explanations.encode(explanation, model_input.pixels)
    return Response(orjson.dumps(answer), media_type=_JSON, headers={"Vary": "Accept"})


async def _at_once(request: Request) -> Response | None:
    """Answer what FastAPI would pass on unchanged; None where its words are needed for the parameters."""
    parameters = _plain(request.scope["query_string"])
    if parameters is None:
        return None
    state = request.app.state
    return await predict(request, state.models, state.settings, **parameters)


LANE = Lane(router, "/predict", _at_once)


@lru_cache(maxsize=64)
def _plain(query: bytes) -> dict[str, Any] | None:
    """Read parameters that are all known, given once and valid; None for any others."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    parameters: dict[str, Any] = dict(pairs)
    if len(parameters) < len(pairs) or not parameters.keys() <= {"model", "top_k", "preprocess"}:
        return None
    if not re.fullmatch("[1-9]|10", parameters.get("top_k", "10")):
        return None
    if parameters.get("preprocess", "auto") not in get_args(images.Mode):
        return None
    return parameters | {"top_k": int(parameters.get("top_k", 10))}


def _json(content: dict[str, Any]) -> Response:
    return EncodedJSON(orjson.dumps(content))
