"""How well networks do on photographs: how often they are right, and whether they know when they are not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from training.data.fashion_mnist import scale
from training.data.photograph_conversion import SHARES
from training.data.photographs import Photographs
from training.evaluation.calibration import BINS
from training.evaluation.metrics import Probabilities

COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Shares of the garments that are answered, the surest first."""

REFUSED = 0.1
"""Share of the garments that may be refused where it is told how many others are."""


def average(probabilities: Probabilities, views: int) -> Probabilities:
    """Average over each picture's views: (N·views, 10) → (N, 10)."""
    return np.asarray(probabilities.reshape(-1, views, probabilities.shape[-1]).mean(axis=1))


def predict(network: Any, photographs: Photographs, mixtures: Sequence[float] = SHARES) -> Probabilities:
    """Ask a network about every view of each photograph; returns the mean, (N, 10).

    Args:
        network: maps float32 (M, 28, 28, 1) to (M, 10).
        photographs: those.
        mixtures: shares of brightness in which each is shown.

    """
    views = photographs.views(mixtures)
    return average(network(scale(views.reshape(-1, *views.shape[2:]))), views.shape[1])


def measure(garments: Probabilities, right: npt.NDArray[np.bool_], others: Probabilities) -> dict[str, Any]:
    """Measure answers to photographs.

    Args:
        garments: (N, 10) for photographs of the ten classes.
        right: bool (N, 10), which classes are right.
        others: (M, 10) for photographs of what is none of them.

    Returns:
        ``garments`` and ``others``, how many; ``accuracy``; ``surer_half``, the accuracy of the half answered with the
        highest confidence; ``coverage``, pairs of ``COVERAGES`` and the accuracy among those; ``auroc`` of confidence
        for right against wrong answers; ``classes``, ``[right, all]`` by the classes that are right, as
        ``Sandal/Sneaker/Ankle boot``; ``refused_others``, the share of the others whose confidence is below that of
        all but ``REFUSED`` of the garments.

    """
    confidence = garments.max(axis=1)
    hit = right[np.arange(len(right)), garments.argmax(axis=1)]
    surest = hit[np.argsort(-confidence, kind="stable")]
    limit = np.quantile(confidence, REFUSED)
    groups: dict[str, list[int]] = {}
    for allowed, was_right in zip(right, hit, strict=True):
        counts = groups.setdefault("/".join(map(str, np.flatnonzero(allowed))), [0, 0])
        counts[0] += int(was_right)
        counts[1] += 1
    return {
        "garments": len(hit),
        "others": len(others),
        "accuracy": float(hit.mean()),
        "surer_half": float(surest[: len(hit) // 2].mean()),
        "coverage": [[share, float(surest[: max(1, round(share * len(hit)))].mean())] for share in COVERAGES],
        "auroc": _auroc(confidence[hit], confidence[~hit]),
        "classes": dict(sorted(groups.items())),
        "refused_others": float((others.max(axis=1) < limit).mean()) if len(others) else None,
    }


def calibration_error(confidence: npt.NDArray[np.floating[Any]], right: npt.NDArray[np.bool_]) -> float:
    """Compute the expected calibration error: the mean gap between confidence and accuracy over 15 equal bins."""
    of_picture = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    sums = (np.bincount(of_picture, values, minlength=BINS) for values in (confidence, right.astype(float)))
    return float(np.abs(np.subtract(*sums)).sum() / len(right))


def _auroc(higher: npt.NDArray[np.floating[Any]], lower: npt.NDArray[np.floating[Any]]) -> float | None:
    """Estimate how probably one of the first is greater than one of the second; None where either has none."""
    if not (len(higher) and len(lower)):
        return None
    return float(stats.mannwhitneyu(higher, lower).statistic / (len(higher) * len(lower)))
