"""What a network is shown in each epoch: which images, in which order and copy, with which answers."""

from functools import partial

import numpy as np
import numpy.typing as npt

from training.data import augmentation
from training.data.fashion_mnist import FashionMNIST, Pixels, scale, stratified_split, stratified_subset
from training.data.photographs import Photographs
from training.experiments.distillation import Teacher
from training.experiments.experiment import Experiment

Targets = npt.NDArray[np.int32] | npt.NDArray[np.float32]


class EpochData:
    """The training images of one run.

    Attributes:
        images: how many there are in an epoch.

    """

    def __init__(
        self,
        experiment: Experiment,
        seed: int,
        data: FashionMNIST,
        teacher: Teacher | None,
        photographs: Photographs | None = None,
    ) -> None:
        chosen = stratified_split(data.train_labels, seed=seed).train
        for other in range(experiment.spared_seeds):
            chosen = np.setdiff1d(chosen, stratified_split(data.train_labels, seed=other).validation)
        if experiment.train_size is not None:
            chosen = stratified_subset(data.train_labels, chosen, size=experiment.train_size, seed=seed)
        self.images = len(chosen)
        if photographs is not None:
            self.images += experiment.recipe.photographs * len(photographs.names)
        self._recipe, self._seed, self._teacher = experiment.recipe, seed, teacher
        self._chosen = chosen
        # Where images are moved, they are moved first: the strip that is not seen stays where it is.
        self._as_seen = partial(experiment.as_seen, seed=seed)
        moves = experiment.recipe.shifted > 0
        self._pictures = data.train_images if moves else self._as_seen(data.train_images)
        self._labels = data.train_labels
        self._photographs = photographs

    def of(self, epoch: int) -> tuple[Pixels, Targets]:
        """Give an epoch's images float32 (N, 28, 28, 1) in an order of its own, and their targets."""
        rng = np.random.default_rng([self._seed, epoch])
        order = self._chosen[rng.permutation(len(self._chosen))]
        copy = self._copy(epoch)
        pictures = augmentation.moved(self._pictures, number=copy)
        if self._recipe.redrawn:
            pictures = augmentation.redrawn(pictures, number=copy)
        targets = self.targets(order) if self._teacher is None else self._teacher.says(copy)[order]
        pictures = pictures[order]
        if self._recipe.jittered:
            pictures = augmentation.jittered(pictures, rng)
        if self._recipe.shifted:
            pictures = self._as_seen(augmentation.shifted(pictures, rng, most=self._recipe.shifted))
        if self._photographs is not None:
            squares = np.tile(self._photographs.squares, (self._recipe.photographs, 1, 1))
            right = np.tile(self._photographs.right, (self._recipe.photographs, 1))
            mixed = rng.permutation(self.images)
            pictures = np.concatenate([pictures, augmentation.photographed_again(squares, rng)])[mixed]
            targets = np.concatenate([targets, right.astype(np.float32)])[mixed]
        return scale(pictures), targets

    def _copy(self, epoch: int) -> int:
        if not self._recipe.interleaved:
            return epoch % self._recipe.copies
        turn, varied = divmod(epoch, 2)
        return 2 + turn % (self._recipe.copies - 2) if varied else turn % 2

    def targets(self, indices: npt.NDArray[np.int64]) -> Targets:
        """Give what is right by the labels: int32 (N,), or one-hot float32 (N, 10) beside a teacher or photographs."""
        labels = self._labels[indices].astype(np.int32)
        plain = self._teacher is None and self._photographs is None
        return labels if plain else np.eye(10, dtype=np.float32)[labels]
