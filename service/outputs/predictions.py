"""How a model's answer to one picture is put into words: what ``/predict``, ``/compare`` and ``/invocations`` share."""

from typing import Any

import numpy as np

from service.inputs.preprocessing import ModelInput
from service.models.classifier import Answer, Classifier


def describe(
    classifier: Classifier, answer: Answer, model_input: ModelInput, *, top_k: int, with_input: bool = False
) -> dict[str, Any]:
    """Say what a model finds in a picture, as ``schemas.Prediction``.

    Args:
        classifier: the model that was asked.
        answer: what it answered.
        model_input: the picture it was asked about.
        top_k: how many classes to list.
        with_input: whether to show the 28×28 pixels that the model saw.

    """
    probabilities = answer.probabilities
    # Stable, so that of two equally probable classes the lower number comes first, as argmax has it.
    order = np.argsort(-probabilities, kind="stable")
    ranked = [
        {"label": classifier.labels[class_id], "class_id": class_id, "probability": float(probabilities[class_id])}
        for class_id in order[:top_k].tolist()
    ]
    preprocessing: dict[str, Any] = {"mode": model_input.mode, "inverted": model_input.inverted}
    if model_input.box is not None:
        preprocessing["box"] = model_input.box
    if model_input.rotate:
        preprocessing["rotate"] = model_input.rotate
    if with_input:
        preprocessing["input"] = model_input.as_png()
    return {
        "model": classifier.name,
        "version": classifier.version,
        "precision": classifier.precision,
        "label": ranked[0]["label"],
        "class_id": ranked[0]["class_id"],
        "confidence": ranked[0]["probability"],
        "predictions": ranked,
        "reliability": answer.reliability,
        "in_distribution": answer.in_distribution,
        "score": answer.score,
        "decision": answer.decision,
        "preprocess": preprocessing,
    }
