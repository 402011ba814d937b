"""From one posted picture to one described answer: the path ``/predict``, ``/compare`` and ``/invocations`` share."""

from typing import Any

import numpy as np

from service import large_work
from service.classifier import Classifier
from service.engines import Probabilities
from service.images import LARGE_PIXELS, Mode, Preprocessed, open_image, preprocess
from service.settings import Settings


async def see(content: bytes, mode: Mode, settings: Settings) -> Preprocessed:
    """Turn a picture file into what the models see; a large one is decoded off the event loop.

    Raises:
        MalformedError, TooLargeError, UnusableError: as ``images.open_image`` and ``images.preprocess``.

    """
    image = open_image(content, max_pixels=settings.max_pixels)
    if image.width * image.height < LARGE_PIXELS:
        return preprocess(image, mode)
    return await large_work.run(preprocess, image, mode)


def describe(classifier: Classifier, probabilities: Probabilities, seen: Preprocessed, *, top_k: int) -> dict[str, Any]:
    """Say what a model finds in a picture, as ``schemas.Prediction``.

    Args:
        classifier: the model that was asked.
        probabilities: what it answered, float32 (10,).
        seen: the picture it was asked about.
        top_k: how many classes to list.

    """
    # Stable, so that of two equally probable classes the lower number comes first, as argmax has it.
    order = np.argsort(-probabilities, kind="stable")
    ranked = [
        {"label": classifier.labels[class_id], "class_id": class_id, "probability": float(probabilities[class_id])}
        for class_id in order[:top_k].tolist()
    ]
    done: dict[str, Any] = {"mode": seen.mode, "inverted": seen.inverted}
    if seen.box is not None:
        done["box"] = seen.box
    return {
        "model": classifier.name,
        "version": classifier.version,
        "label": ranked[0]["label"],
        "class_id": ranked[0]["class_id"],
        "confidence": ranked[0]["probability"],
        "predictions": ranked,
        "preprocess": done,
    }
