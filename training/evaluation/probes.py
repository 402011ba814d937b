"""What a finished network does with pictures it was not meant for, and how sure it is of itself.

Each function takes a network as a function from float32 (N, 28, 28, 1) in 0…1 to probabilities (N, 10).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from training.data.fashion_mnist import Images, Labels, Pixels, scale
from training.evaluation import calibration
from training.evaluation.metrics import Probabilities

Network = Callable[[Pixels], Probabilities]

MAX_SHIFT = 8
"""Pictures are moved by up to so many pixels, horizontally and vertically."""

SHIFTED_PER_CLASS, CORRUPTED_PER_CLASS = 100, 200
"""How many test images of each class are moved to all 289 places, and corrupted in all 45 ways."""

SAMPLE = 0
"""The test image that pictures of networks' insides show."""

_NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))


def first_of_each_class(labels: Labels, count: int) -> npt.NDArray[np.int64]:
    """Index the first ``count`` images of every class, in the dataset's order."""
    return np.sort(np.concatenate([np.flatnonzero(labels == c)[:count] for c in np.unique(labels)]))


def shift(images: Images, dx: int, dy: int) -> Images:
    """Move uint8 (N, 28, 28) by dx pixels to the right and dy down; what leaves is lost, background comes in."""
    moved = np.zeros_like(images)
    height, width = images.shape[1:]
    moved[:, max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)] = images[
        :, max(-dy, 0) : height + min(-dy, 0), max(-dx, 0) : width + min(-dx, 0)
    ]
    return moved


def translation(
    network: Network, images: Images, labels: Labels, as_seen: Callable[[Images], Images]
) -> dict[str, Any]:
    """Measure how answers depend on where the garment is, after Azulay and Weiss (2019) and Zhang (2019).

    Args:
        network: see the module.
        images: uint8 (N, 28, 28), the test set.
        labels: uint8 (N,).
        as_seen: what the experiment does to every image, applied after the shift.

    Returns:
        ``accuracy``: 17 rows, dy = -8…8, of 17 columns, dx = -8…8, on ``images`` of the test set, the first 100
        of each class; ``changed_at_1px``: the share of all test images and their four shifts by one pixel where the
        answer is another than at the original place.

    """
    chosen = first_of_each_class(labels, SHIFTED_PER_CLASS)
    some, of_some = images[chosen], labels[chosen]
    offsets = range(-MAX_SHIFT, MAX_SHIFT + 1)
    grid = [
        [float((network(scale(as_seen(shift(some, dx, dy)))).argmax(axis=1) == of_some).mean()) for dx in offsets]
        for dy in offsets
    ]
    at_home = network(scale(as_seen(images))).argmax(axis=1)
    changed = [
        float((network(scale(as_seen(shift(images, dx, dy)))).argmax(axis=1) != at_home).mean())
        for dx, dy in _NEIGHBOURS
    ]
    return {"images": len(chosen), "accuracy": grid, "changed_at_1px": float(np.mean(changed))}


def corrupted(network: Network, images: Images, labels: Labels, as_seen: Callable[[Images], Images]) -> dict[str, Any]:
    """Measure accuracy on corrupted test images.

    Returns:
        ``images``: how many of the test set, 200 a class; ``clean``: accuracy on them as they are; ``accuracy``: by
        corruption, at severities 1 to 5.

    """
    chosen = first_of_each_class(labels, CORRUPTED_PER_CLASS)
    some, of_some = images[chosen], labels[chosen]

    def accuracy(spoiled: Images) -> float:
        return float((network(scale(as_seen(spoiled))).argmax(axis=1) == of_some).mean())

    return {
        "images": len(chosen),
        "clean": accuracy(some),
        "accuracy": {name: [accuracy(corrupt(some, name, s)) for s in SEVERITIES] for name in CORRUPTIONS},
    }


def calibrated(validation: tuple[Probabilities, Labels], test: tuple[Probabilities, Labels]) -> dict[str, Any]:
    """Fit a temperature on the validation images; measure calibration on the test images without it and with it."""
    temperature = calibration.fit_temperature(*validation)
    probabilities, labels = test
    return {
        "temperature": temperature,
        "before": calibration.measure(probabilities, labels),
        "after": calibration.measure(calibration.soften(probabilities, temperature), labels),
    }


def confident_errors(probabilities: Probabilities, labels: Labels, *, count: int = 12) -> list[dict[str, Any]]:
    """List the test images that are answered wrongly with the highest confidence: index, classes, confidence."""
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    return [
        {"image": int(i), "label": int(labels[i]), "predicted": int(predicted[i]), "confidence": float(confidence[i])}
        for i in worst
    ]
