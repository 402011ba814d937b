"""What a network is shown in each epoch: which images, in which order and copy, with which answers."""

from functools import partial

import numpy as np
import numpy.typing as npt

from training.data import augmentation, ood_pictures
from training.data.fashion_mnist import FashionMNIST, Images, Pixels, scale, stratified_split, stratified_subset
from training.data.photographs import Photographs
from training.experiments.distillation import Teacher
from training.experiments.experiment import Experiment

NONE = 10
"""The class, in training with photographs only, of what is none of the ten."""

_DRAWN = 200
"""Pictures of each kind that ``ood_pictures`` draws, in an epoch with photographs."""

_FIRST_DRAWING = 10_000
"""Seed of what is drawn in the first epoch; evaluation draws with others."""

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
            self.images += (experiment.recipe.photographs + 1) * len(photographs.names)
            self.images += _DRAWN * len(ood_pictures.KINDS)
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
            shown, right = self._of_the_world(self._photographs, epoch, rng)
            mixed = rng.permutation(self.images)
            pictures = np.concatenate([pictures, shown])[mixed]
            targets = np.concatenate([targets, right])[mixed]
        return scale(pictures), targets

    def _of_the_world(
        self, photographs: Photographs, epoch: int, rng: np.random.Generator
    ) -> tuple[Images, npt.NDArray[np.float32]]:
        """Give varied photographs, and what shows none of the classes: their surroundings, and what is drawn."""
        copies, mixtures = self._recipe.photographs, self._recipe.mixtures
        none = ~photographs.right.any(axis=1, keepdims=True)
        right = np.tile(np.concatenate([photographs.right, none], axis=1), (copies, 1)).astype(np.float32)
        varied = augmentation.photographed_again(np.tile(photographs.squares, (copies, 1, 1, 1)), rng, mixtures)
        around = augmentation.surroundings(photographs.squares, rng, mixtures)
        seed = _FIRST_DRAWING + epoch
        drawn = [ood_pictures.draw(kind, count=_DRAWN, seed=seed) for kind in ood_pictures.KINDS]
        strange = np.concatenate([around, *drawn])
        of_none = np.tile(np.eye(NONE + 1, dtype=np.float32)[NONE], (len(strange), 1))
        return np.concatenate([varied, strange]), np.concatenate([right, of_none])

    def _copy(self, epoch: int) -> int:
        if not self._recipe.interleaved:
            return epoch % self._recipe.copies
        turn, varied = divmod(epoch, 2)
        return 2 + turn % (self._recipe.copies - 2) if varied else turn % 2

    def targets(self, indices: npt.NDArray[np.int64]) -> Targets:
        """Give what is right by the labels: int32 (N,), or one-hot float32.

        That is (N, 10) beside a teacher, and (N, 11) beside photographs, which may show none of the ten classes.
        """
        labels = self._labels[indices].astype(np.int32)
        if self._photographs is not None:
            return np.eye(NONE + 1, dtype=np.float32)[labels]
        return labels if self._teacher is None else np.eye(10, dtype=np.float32)[labels]
