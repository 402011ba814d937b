"""What one answer is worth: calibrated, how often answers like it are right, how strange the picture is.

What is used here was fitted by ``training/assessment.py``, which says how and why; this is one image's arithmetic.
"""

import numpy as np

from service.bundle import Bundle
from service.engines import Activations, Pixels, Probabilities
from service.manifest import Assessment

_SMALLEST = np.float32(np.finfo(np.float32).tiny)


class Assessor:
    """Assesses the answers of one model."""

    def __init__(self, bundle: Bundle, assessment: Assessment) -> None:
        """Read the arrays of the outlier score from the bundle."""
        self.reference = assessment.reference
        self._inverse_temperature = np.float32(1 / assessment.temperature)
        self._bands = assessment.bands[1:]
        self._reliability = [[cell.model_dump() for cell in row] for row in assessment.reliability]
        self._threshold = assessment.threshold
        with np.load(bundle.path(assessment.outliers), allow_pickle=False) as arrays:
            self._quadratic, self._linear, self._constant = (
                np.asarray(arrays[name], np.float64) for name in ("quadratic", "linear", "constant")
            )
            self._mean, self._components = (np.asarray(arrays[name], np.float32) for name in ("mean", "components"))
            self._residual_mean, self._residual_deviation = (float(value) for value in arrays["residual"])

    def calibrate(self, probabilities: Probabilities) -> Probabilities:
        """Divide the logits by the temperature: float32 (classes,) → (classes,); the order stays the same."""
        # A softmax's logarithm is its logits up to a constant; at 0 it is kept finite.
        powers = (probabilities / probabilities.max()).clip(_SMALLEST) ** self._inverse_temperature
        calibrated: Probabilities = powers / powers.sum()
        return calibrated

    def reliability(self, class_id: int, confidence: float) -> dict[str, object]:
        """Look up how often answers like this one are right, as ``manifest.Reliability``."""
        band = sum(confidence >= edge for edge in self._bands)
        return self._reliability[class_id][band]

    def score(self, pixels: Pixels, features: Activations) -> float:
        """Say how strange an image is: (1, 28, 28, 1) and (1, units) → standard deviations above a usual one."""
        f = features[0].astype(np.float64)
        distance = float(f @ self._quadratic @ f + (f @ self._linear + self._constant).min())
        centred = pixels.reshape(-1) - self._mean
        explained = centred @ self._components
        left = max(float(centred @ centred) - float(explained @ explained), 1e-3)
        residual = (float(np.log(left)) - self._residual_mean) / self._residual_deviation
        return max(distance, residual)

    def in_distribution(self, score: float) -> bool:
        """Tell whether a score is one that 95 % of the validation images do not exceed."""
        return score <= self._threshold
