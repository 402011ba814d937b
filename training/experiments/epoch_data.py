"""What a network is shown in each epoch: which images, in which order and copy, with which answers."""

import numpy as np
import numpy.typing as npt

from training.data import augmentation
from training.data.fashion_mnist import FashionMNIST, Pixels, scale, stratified_split, stratified_subset
from training.experiments.distillation import Teacher
from training.experiments.experiment import Experiment

Targets = npt.NDArray[np.int32] | npt.NDArray[np.float32]


class EpochData:
    """The training images of one run.

    Attributes:
        images: how many there are in an epoch.

    """

    def __init__(self, experiment: Experiment, seed: int, data: FashionMNIST, teacher: Teacher | None) -> None:
        chosen = stratified_split(data.train_labels, seed=seed).train
        for other in range(experiment.spared_seeds):
            chosen = np.setdiff1d(chosen, stratified_split(data.train_labels, seed=other).validation)
        if experiment.train_size is not None:
            chosen = stratified_subset(data.train_labels, chosen, size=experiment.train_size, seed=seed)
        self.images = len(chosen)
        self._recipe, self._seed, self._teacher = experiment.recipe, seed, teacher
        self._chosen = chosen
        self._pictures = experiment.as_seen(data.train_images)
        self._labels = data.train_labels

    def of(self, epoch: int) -> tuple[Pixels, Targets]:
        """Give an epoch's images float32 (N, 28, 28, 1) in an order of its own, and their targets."""
        order = self._chosen[np.random.default_rng([self._seed, epoch]).permutation(self.images)]
        copy = self._copy(epoch)
        pictures = augmentation.moved(self._pictures, number=copy)
        if self._recipe.redrawn:
            pictures = augmentation.redrawn(pictures, number=copy)
        targets = self.targets(order) if self._teacher is None else self._teacher.says(copy)[order]
        return scale(pictures[order]), targets

    def _copy(self, epoch: int) -> int:
        if not self._recipe.interleaved:
            return epoch % self._recipe.copies
        turn, varied = divmod(epoch, 2)
        return 2 + turn % (self._recipe.copies - 2) if varied else turn % 2

    def targets(self, indices: npt.NDArray[np.int64]) -> Targets:
        """Give what is right by the labels: int32 (N,), or for a network with a teacher one-hot float32 (N, 10)."""
        labels = self._labels[indices].astype(np.int32)
        return labels if self._teacher is None else np.eye(10, dtype=np.float32)[labels]
