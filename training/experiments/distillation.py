"""Learning from a larger network's probabilities in place of labels.

After Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015). Teacher and student see the same
moved copy of an image, as in Beyer et al., "Knowledge distillation: A good teacher is patient and consistent" (2022);
the student's may be redrawn, too.
"""

import os
from typing import Any

import keras
import numpy as np
from keras import ops

from training.data import augmentation
from training.data.fashion_mnist import Images, scale
from training.evaluation import metrics
from training.evaluation.calibration import soften
from training.evaluation.metrics import Probabilities
from training.experiments.experiment import Experiment
from training.experiments.runs import RunFolder

TEMPERATURE = 2.0
"""Divides the logits of both: over 1, what the teacher holds possible beside its first choice counts more."""


@keras.saving.register_keras_serializable(package="training")
class SoftCrossEntropy(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy in nats between a teacher's softened probabilities (N, 10) and a student's, softened alike."""

    def call(self, taught: Any, probabilities: Any) -> Any:
        """Compare; returns (N,)."""
        # A softmax's logarithm is its logits up to a constant. Float32 can underflow to 0.
        logits = ops.log(ops.maximum(probabilities, float(np.finfo(np.float32).tiny)))
        return -ops.sum(taught * ops.log_softmax(logits / TEMPERATURE), axis=-1)


class Teacher:
    """A finished network that says what it finds in the moved copies of the training images.

    What it says is kept beside its weights, a file a copy: the students of all seeds ask for the same.
    """

    def __init__(self, experiment: Experiment, runs: RunFolder, images: Images) -> None:
        self._weights = runs.weights(experiment.name, 0)
        self._folder = self._weights.with_suffix(f".{experiment.fingerprint(0)}")
        self._images = images
        self._network: keras.Model | None = None

    def says(self, copy: int) -> Probabilities:
        """Softened probabilities, float32 (60000, 10), of one copy of every training image."""
        path = self._folder / f"copy-{copy}.npy"
        if not path.is_file():
            self._network = self._network or keras.models.load_model(self._weights, compile=False)
            found = metrics.predict(self._network, scale(augmentation.moved(self._images, number=copy)))
            self._folder.mkdir(exist_ok=True)
            temporary = path.with_suffix(f".{os.getpid()}.npy")
            np.save(temporary, found)
            temporary.replace(path)
        return soften(np.load(path), TEMPERATURE).astype(np.float32)
