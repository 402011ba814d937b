"""The loss where a label leaves open which of several classes is right."""

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="training")
class OneOfCrossEntropy(keras.losses.Loss):  # type: ignore[misc]
    """The negative logarithm, in nats, of the probability given to all classes that a label allows together.

    Where it allows none, as for a hat, what is right is to be undecided: the cross-entropy with equal shares, at half
    the weight (outlier exposure: Hendrycks, Mazeika and Dietterich 2019).
    """

    def call(self, right: Any, probabilities: Any) -> Any:
        """Compare; ``right`` (N, classes) has 1 for each class that the label allows, 0 else. Returns (N,)."""
        # Float32 can underflow to 0.
        smallest = float(np.finfo(np.float32).tiny)
        allowed = ops.sum(right * probabilities, axis=-1)
        of_any = -ops.log(ops.maximum(allowed, smallest))
        undecided = -0.5 * ops.mean(ops.log(ops.maximum(probabilities, smallest)), axis=-1)
        return ops.where(ops.sum(right, axis=-1) > 0, of_any, undecided)
