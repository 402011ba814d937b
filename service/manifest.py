"""What ``bundle.json`` says: the schema of the contract between ``training`` and this service."""

from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

SCHEMA_VERSION = 1


def _inside(path: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise ValueError(f"{path} points outside the bundle")
    return path


BundlePath = Annotated[str, AfterValidator(_inside)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ModelEntry(BaseModel):
    """One served model."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    title: str
    version: str = Field(pattern="^[0-9]+$")
    labels: list[str] = Field(min_length=2)
    preprocessing: Literal["fashion-mnist-1"]
    saved_model: BundlePath
    litert: BundlePath | None
    golden: BundlePath | None
    files: dict[BundlePath, Sha256]
    training: dict[str, Any]
    equivalence: dict[str, Any]

    @model_validator(mode="after")
    def _files_are_listed(self) -> "ModelEntry":
        """What is loaded must have been verified; a plain SavedModel (no files listed) has nothing to verify."""
        named = {path for path in (self.litert, self.golden) if path is not None}
        if self.files and not named | {f"{self.saved_model}/saved_model.pb"} <= self.files.keys():
            raise ValueError("litert, golden and saved_model must be among the files")
        return self


class Manifest(BaseModel):
    """The content of ``bundle.json``."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    schema_version: Literal[1]
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
