"""Batch normalisation, which only training needs, folded into the weights before it.

A normalised layer is y = (Wx - mean) / sqrt(variance + epsilon) + beta, which is another linear layer. So the finished
network has the plain architecture's operations and shapes, and computes the same.
"""

from typing import Any

import keras
import numpy as np

from training.data.fashion_mnist import Pixels
from training.errors import TrainingError
from training.evaluation import metrics

LARGEST_DIFFERENCE = 1e-5
"""How far a folded network's probabilities may be from the normalised one's."""


def fold(trained: keras.Model, plain: keras.Model, pixels: Pixels) -> float:
    """Give a plain network the weights of a normalised one.

    Args:
        trained: with batch normalisation after each hidden layer, or none. A class more than the plain network's, of
            what is none of its classes, is left out: the others share its probability.
        plain: the same architecture without; its weights are replaced.
        pixels: float32 (N, 28, 28, 1), on which both are compared.

    Returns:
        The largest difference between their probabilities.

    Raises:
        TrainingError: it is over ``LARGEST_DIFFERENCE``.

    """
    targets = [layer for layer in plain.layers if layer.weights]
    for target, (layer, normalisation) in zip(targets, _pairs(trained), strict=True):
        kernel = np.asarray(layer.kernel, np.float64)
        if normalisation is None:
            pairs = zip(layer.get_weights(), target.get_weights(), strict=True)
            target.set_weights([values[..., : replaced.shape[-1]] for values, replaced in pairs])
            continue
        beta, mean, variance = (np.asarray(value, np.float64) for value in normalisation.get_weights())
        factor = 1 / np.sqrt(variance + normalisation.epsilon)
        target.set_weights([kernel * factor, beta - mean * factor])
    folded, unfolded = metrics.predict(plain, pixels), metrics.predict(trained, pixels)[:, : targets[-1].units]
    difference = float(np.abs(folded - unfolded / unfolded.sum(axis=1, keepdims=True)).max())
    if difference > LARGEST_DIFFERENCE:
        raise TrainingError(
            f"folding the batch normalisation changed a probability by {difference:.2g}; "
            f"{LARGEST_DIFFERENCE:g} is allowed"
        )
    return difference


def _pairs(trained: keras.Model) -> list[tuple[Any, Any]]:
    """Pair each layer that has a kernel with the normalisation that follows it, or None."""
    weighted = [layer for layer in trained.layers if layer.weights]
    followers = [*weighted[1:], None]
    return [
        (layer, after if isinstance(after, keras.layers.BatchNormalization) else None)
        for layer, after in zip(weighted, followers, strict=True)
        if not isinstance(layer, keras.layers.BatchNormalization)
    ]
