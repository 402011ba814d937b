"""What ``experiments.json`` says: the schema of the report in the bundle, which ``GET /experiments`` answers with."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Estimate(BaseModel):
    """A mean over seeds and its 95 % t-interval; no interval with fewer than two seeds."""

    mean: float
    ci95: tuple[float, float] | None


class ExperimentSummary(BaseModel):
    """One row of the results table."""

    model_config = ConfigDict(extra="allow")

    name: str
    title: str
    group: str
    layers: list[str]
    kernel_size: int | None
    parameters: int
    multiply_adds: int
    seeds: int
    val_accuracy: Estimate
    test_accuracy: Estimate
    observations: str
    served: bool


class ExperimentDetail(ExperimentSummary):
    """One experiment with its runs."""

    runs: list[dict[str, Any]]
    classes: list[str]
    confusion_matrix: list[list[int]] = Field(description="rows are true classes, columns predicted ones")


class PairedDifference(BaseModel):
    """Two experiments compared over paired seeds."""

    model_config = ConfigDict(extra="allow")

    a: str
    b: str
    metric: str
    difference: float
    ci95: tuple[float, float] | None = Field(description="Student's t over seeds")
    p_value: float | None = Field(description="paired t-test; p_value_holm is corrected for the number of comparisons")


class Claim(BaseModel):
    """One claim of the workshop, decided by a stated rule."""

    id: str
    claim: str
    verdict: Literal["supported", "not supported", "equivalent", "not separable", "not tested"]
    sentence: str = Field(default="", description="the verdict in plain words")
    figure: str | None = Field(default=None, description="the id of the figure to show with it")
    rule: str
    evidence: list[str]
    figures: list[str] = Field(description="ids of the report's figures that show it")


class ExperimentsReport(BaseModel):
    """The results table and what follows from it."""

    model_config = ConfigDict(extra="allow")

    experiments: list[ExperimentSummary]
    comparisons: list[PairedDifference]
    conclusion: str
    claims: list[Claim]
    dataset: dict[str, Any]
    provenance: dict[str, Any]
