"""The loss where a label leaves open which of several classes is right."""

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="training")
class OneOfCrossEntropy(keras.losses.Loss):  # type: ignore[misc]
    """The negative logarithm, in nats, of the probability given to all classes that a label allows together."""

    def call(self, right: Any, probabilities: Any) -> Any:
        """Compare; ``right`` (N, classes) has 1 for each class that the label allows, 0 else. Returns (N,)."""
        # Float32 can underflow to 0.
        return -ops.log(ops.maximum(ops.sum(right * probabilities, axis=-1), float(np.finfo(np.float32).tiny)))
