"""The API's description: FastAPI's, completed by what its routes' declarations cannot say.

Generators of clients read it: they need a name for each schema that several routes share, and one for each operation.
"""

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from service.outputs.files import WEB
from service.outputs.schemas import ImageAsJSON, Problem

_SHARED: tuple[type[BaseModel], ...] = (Problem, ImageAsJSON)
_PICTURE = WEB / "static" / "samples" / "ankle-boot.png"
_EXAMPLES: dict[str, Any] = {
    "Problem": {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "no model is called 'cnn_z'; served are: baseline, cnn_a, cnn_b, cnn_a_tuned, cnn_a_photos",
        "instance": "/predict",
    },
    # What POST /predict?top_k=2 answers to _PICTURE.
    "Prediction": {
        "model": "cnn_a_photos",
        "version": "1",
        "precision": "float32",
        "label": "Ankle boot",
        "class_id": 9,
        "confidence": 0.999,
        "predictions": [
            {"label": "Ankle boot", "class_id": 9, "probability": 0.999},
            {"label": "Sneaker", "class_id": 7, "probability": 0.0008},
        ],
        "reliability": {"over": "label", "pictures": "dataset", "accuracy": 1.0, "ci95": [0.9902, 1.0], "images": 390},
        "in_distribution": True,
        "score": -0.379,
        "decision": "answer",
        "preprocess": {"mode": "dataset", "inverted": False},
    },
}


def install(app: FastAPI, models: Sequence[str]) -> None:
    """Complete the description when it is first asked for.

    Args:
        app: with all its routes.
        models: the names that are served; empty where they come and go.

    """
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(described(), models)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation has it


def _completed(document: dict[str, Any], models: Sequence[str]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for shared in _SHARED:
        schemas[shared.__name__] = shared.model_json_schema()
    image = base64.b64encode(_PICTURE.read_bytes()).decode()
    for name, example in (_EXAMPLES | {"ImageAsJSON": {"image": image}}).items():
        if name in schemas:
            schemas[name]["examples"] = [example]
    if models:
        schemas["ModelName"] = {"type": "string", "enum": list(models), "description": "A model that is served."}
    _drop_versions(document)
    for path, parameter in _parameters(document):
        if parameter["in"] == "path":
            parameter["schema"] = {"type": "string"}  # no null, which a path cannot hold
        if models and _is_model(path, parameter):
            parameter["schema"] = {"$ref": "#/components/schemas/ModelName"}
    return document


def _drop_versions(document: dict[str, Any]) -> None:
    """Take the version out of the query: FastAPI looks for it there where the path of a function's route has none."""
    for operations in document["paths"].values():
        for operation in operations.values():
            if "parameters" in operation:
                kept = [one for one in operation["parameters"] if (one["in"], one["name"]) != ("query", "version")]
                operation["parameters"] = kept


def _is_model(path: str, parameter: dict[str, Any]) -> bool:
    return parameter["name"] == "model" or (parameter["name"] == "name" and "/models/" in path)


def _parameters(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                yield path, parameter
