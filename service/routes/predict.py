"""For the app developer: a picture in, a label out, and why that label."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from service import request_state
from service.http import negotiation, offload
from service.http.messages import EncodedJSON, header
from service.inputs import preprocessing
from service.inputs.dataset_conversion import Box
from service.inputs.preprocessing import Adjustment, ModelInput, Turn
from service.inputs.uploads import BINARY, IMAGE_TYPES, read_picture
from service.models import explanations
from service.models.classifier import Answer, Classifier
from service.models.network_files import NetworkFiles
from service.outputs import schemas
from service.outputs.predictions import describe
from service.routes import parameters
from service.routes.dependencies import models_of, problems, settings_of
from service.routes.parameters import Parameters

router = APIRouter(tags=["predict"])

_JSON, _PNG = "application/json", "image/png"
_FORM = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {"schema": _FORM},
        "application/json": {"schema": {"$ref": "#/components/schemas/ImageAsJSON"}},
        **dict.fromkeys(IMAGE_TYPES, BINARY),
    },
}
_PROBLEMS = problems(
    s400="not a picture, truncated, or broken JSON, base64 or form",
    s404="no such model",
    s413="too many bytes or pixels",
    s415="a content type that is not read here",
    s422="a picture or parameter that cannot be used",
    s503="the models are not ready",
)


_BOX = r"[0-9]{1,9}(,[0-9]{1,9}){3}"
_INVERT = {"auto": None, "yes": True, "no": False}


def _box(text: str) -> tuple[int, ...]:
    """Read ``left,top,right,bottom``."""
    if not re.fullmatch(_BOX, text):
        raise PydanticCustomError(
            "box", "should be left,top,right,bottom: four whole numbers, in pixels of the upright picture"
        )
    left, top, right, bottom = box = tuple(map(int, text.split(",")))
    if left >= right or top >= bottom:
        raise PydanticCustomError("box", "is empty: left must be less than right, and top less than bottom")
    return box


def _turn(text: str) -> int | str:
    return int(text) if text in ("0", "90", "180", "270") else text


class ModelParameter(Parameters):
    """Which model is asked."""

    model: str | None = Field(None, description="which model; the bundle's default when not given")


class PictureParameters(Parameters):
    """How one picture is read, and how many classes the answer lists."""

    top_k: int = Field(10, ge=1, le=10, description="how many classes to list, most probable first")
    preprocess: preprocessing.Mode = Field(
        "auto",
        description="dataset: a 28×28 grey picture as it is; photo: converted as the dataset was; auto: whichever fits",
    )
    box: Annotated[Box, BeforeValidator(_box), WithJsonSchema({"type": "string", "pattern": f"^{_BOX}$"})] | None = (
        Field(
            None,
            description="left,top,right,bottom of the part to look at, in pixels of the upright picture; all of it "
            "when not given",
        )
    )
    rotate: Annotated[Turn, BeforeValidator(_turn)] = Field(
        0, description="degrees by which that part is turned clockwise before it is converted"
    )
    invert: Literal["auto", "yes", "no"] = Field(
        "auto",
        description="yes: light and dark are swapped, since the garment is darker than its surroundings; no: they are "
        "not; auto: decided by the picture",
    )


class CompareParameters(PictureParameters):
    """The same, and what else the answer has."""

    include: Literal["input"] | None = Field(
        None,
        description="input: preprocess.input has the 28×28 PNG that the model saw (of a photograph: its first view)",
    )


class PredictParameters(CompareParameters, ModelParameter):
    """The same, and which model is asked."""


class ExplainParameters(PictureParameters, ModelParameter):
    """The same, and what else the explanation has."""

    include: Literal["input", "kernels"] | None = Field(
        None,
        description="input: preprocess.input has the 28×28 PNG that the model saw; kernels: the explanation has the "
        "numbers of each convolution's kernels",
    )


def _documented(declared: type[Parameters]) -> dict[str, Any]:
    return {"parameters": parameters.document(declared), "requestBody": _BODY}


@router.post(
    "/predict",
    operation_id="predict",
    summary="Classify a picture",
    responses={200: {"model": schemas.Prediction}, **_PROBLEMS},
    openapi_extra=_documented(PredictParameters),
)
async def predict(request: Request) -> Response:
    """Classify one picture with one model."""
    asked = parameters.read(request, PredictParameters)
    [answer] = await _answers(request, asked, [_classifier(request, asked.model)])
    return _json(answer)


@router.post(
    "/compare",
    operation_id="compare",
    summary="Classify a picture with every model",
    responses={200: {"model": schemas.Comparison}, **_PROBLEMS},
    openapi_extra=_documented(CompareParameters),
)
async def compare(request: Request) -> Response:
    """Classify one picture with every served model."""
    asked = parameters.read(request, CompareParameters)
    models = models_of(request)
    return _json({"predictions": await _answers(request, asked, [models.get(name) for name in models.names])})


@router.post(
    "/explain",
    operation_id="explain",
    summary="Classify a picture and show what the answer depends on",
    responses={
        200: {"model": schemas.Explanation, "content": {_PNG: BINARY}},
        **_PROBLEMS,
        **problems(s406="neither JSON nor PNG is accepted"),
    },
    openapi_extra=_documented(ExplainParameters),
)
async def explain(request: Request) -> Response:
    """Classify one picture, and show which parts the answer depends on and what each convolution found."""
    asked = parameters.read(request, ExplainParameters)
    media_type = negotiation.choose(header(request.scope, b"accept"), (_JSON, _PNG))
    classifier = _classifier(request, asked.model)
    model_input = await _model_input(request, asked)
    explanation = await explanations.explain(models_of(request), classifier, model_input.pixels, model_input.mode)
    answer = _described(classifier, explanation.answer, model_input, asked)
    if media_type == _PNG:
        # Imported late: Pillow's fonts and drawing are needed here alone.
        from service.outputs.explanation_drawing import draw

        content = await offload.run(draw, explanation, model_input.pixels, classifier.name, answer["label"])
        return Response(content, media_type=_PNG, headers={"Vary": "Accept"})
    answer |= explanations.encode(explanation, model_input.pixels)
    if asked.include == "kernels":
        files: NetworkFiles = request.app.state.network_files
        answer["kernels"] = explanations.encode_kernels(files.layers(classifier.name))
    return Response(orjson.dumps(answer), media_type=_JSON, headers={"Vary": "Accept"})


def _classifier(request: Request, name: str | None) -> Classifier:
    classifier = models_of(request).get(name)
    request_state.of(request.scope).model = classifier.name
    return classifier


async def _answers(
    request: Request, asked: CompareParameters, classifiers: Sequence[Classifier]
) -> list[dict[str, Any]]:
    model_input = await _model_input(request, asked)
    return [
        _described(classifier, await classifier.answer(model_input.pixels, model_input.mode), model_input, asked)
        for classifier in classifiers
    ]


async def _model_input(request: Request, asked: PictureParameters) -> ModelInput:
    max_pixels = settings_of(request).max_pixels
    adjustment = Adjustment(asked.box, asked.rotate, _INVERT[asked.invert])
    picture = await read_picture(request)
    return await preprocessing.preprocess(picture, asked.preprocess, max_pixels=max_pixels, adjustment=adjustment)


def _described(
    classifier: Classifier, answer: Answer, model_input: ModelInput, asked: CompareParameters | ExplainParameters
) -> dict[str, Any]:
    with_input = asked.include == "input"
    return describe(classifier, answer, model_input, top_k=asked.top_k, with_input=with_input)


def _json(content: dict[str, Any]) -> Response:
    return EncodedJSON(orjson.dumps(content))
