"""The shapes of the answers, for the API's documentation and for whoever parses them."""

from typing import Literal

from pydantic import BaseModel, Field

from service.models.manifest import Reliability


class LabelProbability(BaseModel):
    """One class and how probable the model finds it."""

    label: str
    class_id: int
    probability: float = Field(ge=0, le=1)


class PreprocessReport(BaseModel):
    """What was done to the picture before the model saw it."""

    mode: Literal["dataset", "photo"]
    inverted: bool
    box: tuple[int, int, int, int] | None = Field(
        None, description="left, top, right, bottom of the garment, in pixels of the upright picture; mode photo only"
    )
    rotate: Literal[90, 180, 270] | None = Field(
        None, description="degrees by which it was turned clockwise, where that was asked for"
    )
    input: str | None = Field(
        None,
        description="the 28×28 pixels that the model saw, of a photograph its first view: a data: URL of a grey "
        "PNG; with include=input only",
    )


class Prediction(BaseModel):
    """The answer of one model to one picture."""

    model: str
    version: str
    precision: Literal["float32", "int8"] = Field(description="of the model's weights, as SERVICE_PRECISION asks")
    label: str
    class_id: int
    confidence: float = Field(ge=0, le=1, description="the label's probability, calibrated on pictures of its kind")
    predictions: list[LabelProbability] = Field(description="the top_k classes, most probable first; calibrated")
    reliability: Reliability | None = Field(
        description="how often this model is right about answers like this one, on pictures that were held out when "
        "it was trained: photographs for a photograph, the dataset's images for one of those; null for a model "
        "without such an assessment, such as a plain SavedModel"
    )
    in_distribution: bool | None = Field(
        description="false where the picture is stranger than 95 % of those held-out images (90 % of the photographs): "
        "noise, text, a face, a garment unlike those; the label is not to be believed then; null as above"
    )
    score: float | None = Field(
        description="how strange the picture is to the model, in standard deviations above a usual one; null as above"
    )
    decision: Literal["answer", "unsure"] | None = Field(
        description="unsure where the confidence is below the bundle's threshold for pictures of this kind, or the "
        "picture is strange: then the label is not to be relied on. Of the held-out pictures that are answered, nine "
        "in ten are right. Null for a model without any assessment"
    )
    preprocess: PreprocessReport


class Comparison(BaseModel):
    """The answers of every served model to one picture."""

    predictions: list[Prediction]


class Maps(BaseModel):
    """What a layer gave, one map a channel; eight bits a value, since they are to be looked at."""

    layer: str = Field(description="input: what the model saw; convolution_1, …: a convolution after its ReLU")
    height: int
    width: int
    channels: int
    scale: float = Field(description="a value is its byte × scale")
    data: str = Field(description="base64 of bytes: channel after channel, each row by row")


class Kernels(BaseModel):
    """A convolution's numbers: stride 1, no padding, then the ReLU."""

    layer: str = Field(description="as among feature_maps")
    shape: tuple[int, int, int, int] = Field(description="height, width, input maps, output maps")
    kernel: str = Field(description="base64 of float32, little-endian, in that shape, row by row")
    bias: str = Field(description="base64 of float32, little-endian: one number an output map")


class Occlusion(BaseModel):
    """Occlusion sensitivity: which parts of the picture the answer depends on (Zeiler and Fergus 2014)."""

    class_id: int = Field(description="the predicted class, whose probability is watched")
    probability: float = Field(ge=0, le=1, description="of that class, with nothing hidden")
    patch: int = Field(description="edge of the square that hides, in pixels; centred on its cell")
    stride: int = Field(description="edge of a cell of the map, in pixels")
    fill: float = Field(description="brightness of the patch, 0…1; 0 is the background")
    drop: list[list[float]] = Field(
        description="14 rows of 14 cells: by how much the probability drops where that cell is hidden; below 0 it rises"
    )


class Explanation(Prediction):
    """A prediction, and what it comes from."""

    input: Maps
    occlusion: Occlusion
    feature_maps: list[Maps] = Field(description="of each convolution, in order; empty for a network without any")
    kernels: list[Kernels] | None = Field(
        None, description="of each convolution, with include=kernels only; null for a network of layers not known here"
    )


class ImageAsJSON(BaseModel):
    """A picture in JSON."""

    image: str = Field(description="the picture file, base64, or a data: URL with ;base64")


class Probabilities(BaseModel):
    """Softmax outputs, not calibrated: a list of ten per image (``outputs`` where the request said ``inputs``)."""

    predictions: list[list[float]]


class Problem(BaseModel):
    """Problem details for HTTP APIs (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
