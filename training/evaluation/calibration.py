"""Whether a network that says 90 % is right nine times in ten, and the one number that mends it.

After Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks" (2017).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize

from training.data.fashion_mnist import Labels
from training.evaluation.metrics import Probabilities, negative_log_likelihood

BINS = 15
"""Equally wide bins of confidence, as in the paper."""


def measure(probabilities: Probabilities, labels: Labels) -> dict[str, Any]:
    """Measure calibration.

    Args:
        probabilities: float (N, 10).
        labels: uint8 (N,).

    Returns:
        ``ece``: expected calibration error, the mean gap between confidence and accuracy, weighted by the bins' sizes;
        ``nll``: mean negative log-likelihood in nats; ``brier``: mean squared distance from the one-hot label (0 to
        2); ``bins``: for each of the ``BINS``, ``images``, and their mean ``confidence`` and ``accuracy`` (None where
        it is empty).

    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    of_image = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    bins: list[dict[str, Any]] = []
    for index in range(BINS):
        inside = of_image == index
        filled = bool(inside.any())
        bins.append(
            {
                "images": int(inside.sum()),
                "confidence": float(confidence[inside].mean()) if filled else None,
                "accuracy": float(right[inside].mean()) if filled else None,
            }
        )
    gaps = (abs(b["confidence"] - b["accuracy"]) * b["images"] for b in bins if b["images"])
    one_hot = np.eye(probabilities.shape[1])[labels]
    return {
        "ece": float(sum(gaps) / len(labels)),
        "nll": negative_log_likelihood(probabilities, labels),
        "brier": float(((probabilities - one_hot) ** 2).sum(axis=1).mean()),
        "bins": bins,
    }


def soften(
    probabilities: Probabilities, temperature: float, bias: Sequence[float] | npt.NDArray[np.float64] = ()
) -> Probabilities:
    """Add a bias to each logit, and divide by a temperature; over 1 is less certain.

    A softmax's logarithm is its logits up to a constant, so float (N, 10) probabilities are all that is needed. Without
    a bias the most probable class stays the same.
    """
    # A float32 softmax can underflow to 0; the smallest positive float32 keeps the logarithm finite.
    logits = np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny))
    logits = (logits + bias if len(bias) else logits) / temperature
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def fit_temperature(probabilities: Probabilities, labels: Labels) -> float:
    """Find the temperature with the smallest negative log-likelihood, on images the network was not trained on."""
    return best_temperature(lambda temperature: negative_log_likelihood(soften(probabilities, temperature), labels))


def best_temperature(loss: Callable[[float], float]) -> float:
    """Find the temperature with the smallest loss."""
    found = optimize.minimize_scalar(
        lambda log_temperature: loss(float(np.exp(log_temperature))), bounds=(-3, 3), method="bounded"
    )
    return float(np.exp(found.x))
