"""What one answer is worth: calibrated, how often answers like it are right, how strange the picture is.

What is used here was fitted by ``training/release/assessment.py``, which says how and why; this is one image's
arithmetic.
"""

from math import log
from typing import Literal

import numpy as np

from service.arrays import Activations, Pixels, Probabilities
from service.models.bundle import Bundle
from service.models.manifest import Assessment

_MIN_PROBABILITY = np.float32(np.finfo(np.float32).tiny)


Decision = Literal["answer", "unsure"]


class Assessor:
    """Assesses the answers of one model."""

    def __init__(self, bundle: Bundle, assessment: Assessment) -> None:
        """Read the arrays of the outlier score from the bundle."""
        self.reference = assessment.reference
        self._inverse_temperature = np.float32(1 / assessment.temperature)
        self._factors = np.exp(np.array(assessment.bias or 0.0, np.float32) / assessment.temperature)
        self._bands = assessment.bands[1:]
        self._reliability = [[cell.model_dump() for cell in row] for row in assessment.reliability]
        self._threshold = assessment.threshold
        self._min_confidence = assessment.decision.min_confidence
        with np.load(bundle.path(assessment.outliers), allow_pickle=False) as arrays:
            self._quadratic, self._linear, self._constant = (
                np.asarray(arrays[name], np.float64) for name in ("quadratic", "linear", "constant")
            )
            self._mean, self._components = (np.asarray(arrays[name], np.float32) for name in ("mean", "components"))
            self._residual_mean, self._residual_deviation = (float(value) for value in arrays["residual"])

    def calibrate(self, probabilities: Probabilities) -> Probabilities:
        """Add the bias to the logits, and divide by the temperature: float32 (N, classes) → (N, classes)."""
        # A softmax's logarithm is its logits up to a constant; at 0 it is kept finite.
        largest = probabilities.max(axis=1, keepdims=True)
        powers = np.maximum(probabilities / largest, _MIN_PROBABILITY) ** self._inverse_temperature * self._factors
        calibrated: Probabilities = powers / powers.sum(axis=1, keepdims=True)
        return calibrated

    def reliability(self, class_id: int, confidence: float) -> dict[str, object]:
        """Look up how often answers like this one are right, as ``manifest.Reliability``."""
        band = sum(confidence >= edge for edge in self._bands)
        return self._reliability[class_id][band]

    def score(self, pixels: Pixels, features: Activations) -> list[float]:
        """Say how strange images are: (N, 28, 28, 1) and (N, units) → N standard deviations above a usual one."""
        # Products by row, not of whole matrices, which round otherwise: a score must not depend on an image's company.
        f = features.astype(np.float64)
        curved = np.vecdot(np.vecmat(f, self._quadratic), f).tolist()
        nearest = (np.vecmat(f, self._linear) + self._constant).min(axis=1).tolist()
        centred = pixels.reshape(len(pixels), -1) - self._mean
        explained = np.vecmat(centred, self._components)
        lengths = np.vecdot(centred, centred).tolist(), np.vecdot(explained, explained).tolist()
        return [
            max(q + c, (log(max(whole - part, 1e-3)) - self._residual_mean) / self._residual_deviation)
            for q, c, whole, part in zip(curved, nearest, *lengths, strict=True)
        ]

    def decide(self, confidence: float, score: float) -> Decision:
        """Say whether an answer is to be relied on: sure enough, and of a picture of the kind that was learnt."""
        return "answer" if confidence >= self._min_confidence and self.in_distribution(score) else "unsure"

    def in_distribution(self, score: float) -> bool:
        """Tell whether a score is at most the threshold: as usual as most images of that kind (see ``manifest``)."""
        return score <= self._threshold
