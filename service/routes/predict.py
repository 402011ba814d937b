"""For the app developer: a picture in, a label out."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from service import images, schemas
from service.answers import describe
from service.dependencies import ModelsDependency, SettingsDependency, known_parameters, problems
from service.images import see
from service.uploads import IMAGE_TYPES, read_picture

router = APIRouter(tags=["predict"], dependencies=[Depends(known_parameters)])

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _FORM},
            "application/json": {"schema": schemas.ImageAsJSON.model_json_schema()},
            **dict.fromkeys(IMAGE_TYPES, _BINARY),
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
    model: Annotated[str | None, Query(description="which model; the bundle's default when not given")] = None,
    top_k: TopK = 10,
    preprocess: PreprocessMode = "auto",
    include: Include = None,
) -> Response:
    """Classify one picture with one model."""
    classifier = models.get(model)
    request.state.model = classifier.name
    seen = await see(await read_picture(request), preprocess, max_pixels=settings.max_pixels)
    return _json(
        describe(classifier, classifier.answer(seen.pixels), seen, top_k=top_k, with_input=include is not None)
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
    seen = await see(await read_picture(request), preprocess, max_pixels=settings.max_pixels)
    answers = [
        describe(c, c.answer(seen.pixels), seen, top_k=top_k, with_input=include is not None) for c in classifiers
    ]
    return _json({"predictions": answers})


def _json(content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
