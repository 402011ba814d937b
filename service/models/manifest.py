"""What ``bundle.json`` says: the schema of the contract between ``training`` and this service."""

from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

SCHEMA_VERSION: Literal[3] = 3

PREPROCESSING: Literal["fashion-mnist-3"] = "fashion-mnist-3"
"""The conversion of pictures that the models are released for: ``service/inputs/dataset_conversion.py``."""


def _inside(path: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise ValueError(f"{path} points outside the bundle")
    return path


BundlePath = Annotated[str, AfterValidator(_inside)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


_STRICT = ConfigDict(extra="forbid", protected_namespaces=())
Share = Annotated[float, Field(ge=0, le=1)]


class Reliability(BaseModel):
    """How often a model was right about held-out pictures to which it answered alike."""

    model_config = _STRICT

    over: Literal["label", "confidence", "all"] = Field(
        description="alike in what: the same label at about this confidence; where too few are, any label at about "
        "this confidence, and where too few still are, at the confidences beside it; or all of them"
    )
    pictures: Literal["dataset", "photographs"] = Field(
        description="what was held out: images of the dataset, or photographs by people of whom the model has seen none"
    )
    accuracy: Share
    ci95: tuple[Share, Share] = Field(description="Wilson's interval")
    images: int = Field(gt=0, description="how many held-out pictures that is from")


class Histogram(BaseModel):
    """Counts in buckets that include their upper edge; the last one takes what is above all edges."""

    model_config = _STRICT

    edges: list[float] = Field(min_length=1)
    counts: list[int]

    @model_validator(mode="after")
    def _fits(self) -> "Histogram":
        if self.edges != sorted(set(self.edges)) or len(self.counts) != len(self.edges) + 1:
            raise ValueError("edges must grow, and counts be one more than edges")
        return self


class Reference(BaseModel):
    """How the validation images are distributed, as the model saw them: see ``service/monitoring/drift.py``.

    Attributes:
        labels: how many were given each label.
        brightness, polarity, confidence, score: their histograms.

    """

    model_config = _STRICT

    labels: list[int]
    brightness: Histogram
    polarity: Histogram
    confidence: Histogram
    score: Histogram


class DecisionRule(BaseModel):
    """When an answer is to be relied on.

    Attributes:
        min_confidence: the calibrated confidence that an answer needs; over 1 where none is to be relied on.
        meaning: that in words, with what it was found from.

    """

    model_config = _STRICT

    min_confidence: float = Field(ge=0)
    meaning: str


class Assessment(BaseModel):
    """What a model's answers are worth, fitted on held-out pictures.

    For the dataset's images these are the validation images of the run that trained it, for photographs those of the
    people who were held out.

    Attributes:
        bias: is added to the logits, by class (vector scaling: Guo et al. 2017); none where it is empty.
        temperature: divides them then; over 1 is less certain.
        bands: where the bands of calibrated confidence begin, ascending from 0.
        reliability: for each label, in class order, one for each band. A cell that few images fell into holds what was
            counted over all labels of the band, or over all images: ``images`` tells from how many it is.
        outliers: a NumPy file with the arrays of the outlier score, see ``service/models/bundle.py``.
        threshold: the score that 95 % of the validation images, or 90 % of the held-out photographs, do not exceed.
        decision: when an answer is to be relied on.
        reference: for telling whether what comes in has drifted.

    """

    model_config = _STRICT

    bias: list[float] = []
    temperature: float = Field(gt=0)
    bands: list[Share] = Field(min_length=1)
    reliability: list[list[Reliability]]
    outliers: BundlePath
    threshold: float
    decision: DecisionRule
    reference: Reference

    @model_validator(mode="after")
    def _fits(self) -> "Assessment":
        if self.bands[0] != 0 or self.bands != sorted(set(self.bands)):
            raise ValueError("bands must grow from 0")
        if any(len(row) != len(self.bands) for row in self.reliability):
            raise ValueError("reliability must have one entry for each band")
        return self


class QuantizationRecord(BaseModel):
    """How the int8 model compares with the float32 one, on the same images.

    Attributes:
        images: how many test images.
        accuracy, float32_accuracy: the shares that each classifies rightly.
        differing_answers: the share to which they give different classes.
        largest_difference: of any probability.
        bytes, float32_bytes: sizes of the files.

    """

    model_config = _STRICT

    images: int = Field(gt=0)
    accuracy: Share
    float32_accuracy: Share
    differing_answers: Share
    largest_difference: Share
    bytes: int
    float32_bytes: int


class Quantized(BaseModel):
    """The same network with int8 weights: its LiteRT file, its own golden samples, and how it compares."""

    model_config = _STRICT

    litert: BundlePath
    golden: BundlePath
    record: QuantizationRecord


class ModelEntry(BaseModel):
    """One served model.

    ``assessment``, of the dataset's images, and ``int8`` are None where nobody made one, as for a plain SavedModel;
    ``photo_assessment``, of converted pictures, also where no photographs were at hand.
    """

    model_config = _STRICT

    title: str
    version: str = Field(pattern="^[0-9]+$")
    labels: list[str] = Field(min_length=2)
    preprocessing: Literal["fashion-mnist-3"]
    saved_model: BundlePath
    litert: BundlePath | None
    golden: BundlePath | None
    assessment: Assessment | None = None
    photo_assessment: Assessment | None = None
    int8: Quantized | None = None
    files: dict[BundlePath, Sha256]
    training: dict[str, Any]
    equivalence: dict[str, Any]

    @model_validator(mode="after")
    def _files_are_listed(self) -> "ModelEntry":
        """What is loaded must have been verified; a plain SavedModel (no files listed) has nothing to verify."""
        outliers = {found.outliers for found in (self.assessment, self.photo_assessment) if found is not None}
        quantized = () if self.int8 is None else (self.int8.litert, self.int8.golden)
        named = {path for path in (self.litert, self.golden, *outliers, *quantized) if path is not None}
        if self.files and not named | {f"{self.saved_model}/saved_model.pb"} <= self.files.keys():
            raise ValueError("litert, golden, outliers, int8 and saved_model must be among the files")
        return self

    @model_validator(mode="after")
    def _every_label_is_assessed(self) -> "ModelEntry":
        for found in (self.assessment, self.photo_assessment):
            if found and {len(found.reliability), len(found.reference.labels)} != {len(self.labels)}:
                raise ValueError("the assessment must have one entry for each label")
            if found and found.bias and len(found.bias) != len(self.labels):
                raise ValueError("the bias must have one number for each label")
        return self


class Manifest(BaseModel):
    """The content of ``bundle.json``."""

    model_config = _STRICT

    schema_version: Literal[3]
    default_model: str
    models: dict[Annotated[str, Field(pattern="^[A-Za-z0-9_.-]+$")], ModelEntry] = Field(min_length=1)
    files: dict[BundlePath, Sha256]
    provenance: dict[str, Any]
    sha256: Sha256

    @model_validator(mode="after")
    def _default_is_there(self) -> "Manifest":
        if self.default_model not in self.models:
            raise ValueError(f"default_model {self.default_model} is not among the models")
        return self
