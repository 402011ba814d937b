"""From predicted probabilities to the figures of a report."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data.fashion_mnist import Labels, Pixels

_BLOCK = 1_000

Probabilities = npt.NDArray[np.floating[Any]]


def predict(model: Any, pixels: Pixels) -> Probabilities:
    """Run a Keras model over float32 (N, 28, 28, 1); returns softmax float32 (N, 10)."""
    # Not model.predict: it builds an input pipeline at every call, which takes longer than the arithmetic of a probe.
    blocks = np.split(pixels, range(_BLOCK, len(pixels), _BLOCK))
    return np.concatenate([np.asarray(model.predict_on_batch(block), dtype=np.float32) for block in blocks])


def classes(probabilities: Probabilities) -> str:
    """Write the most probable class of each image, one digit each: the form in which a run keeps its answers."""
    return "".join(map(str, probabilities.argmax(axis=1)))


def metrics(probabilities: Probabilities, labels: Labels) -> Iterator[tuple[str, float]]:
    """Yield ``accuracy`` (share of right argmaxes) and ``loss`` (mean negative log-likelihood, nats).

    Args:
        probabilities: float32 (N, 10).
        labels: uint8 (N,).

    """
    yield "accuracy", float(np.mean(probabilities.argmax(axis=1) == labels))
    yield "loss", negative_log_likelihood(probabilities, labels)


def negative_log_likelihood(probabilities: Probabilities, labels: Labels) -> float:
    """Average the negative logarithm of the probability given to the right class, in nats."""
    of_label = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    # A float32 softmax can underflow to 0; the smallest positive float32 keeps the logarithm finite.
    return float(-np.log(np.maximum(of_label, np.finfo(np.float32).tiny)).mean())


def confusion_matrix(predicted: npt.NDArray[np.integer[Any]], labels: Labels) -> npt.NDArray[np.int64]:
    """Count (true class, predicted class) pairs: int64 (10, 10), rows are true classes."""
    matrix = np.zeros((10, 10), np.int64)
    np.add.at(matrix, (labels, predicted), 1)
    return matrix
