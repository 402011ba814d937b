"""What the taught network's recipe adds: varied copies, images spared for validation, a teacher."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy import ndimage

from tests.conftest import Samples
from training.data import augmentation
from training.data.fashion_mnist import FashionMNIST, scale, stratified_split
from training.evaluation.calibration import soften
from training.evaluation.metrics import predict
from training.experiments import trainer
from training.experiments.distillation import TEMPERATURE, SoftCrossEntropy, Teacher
from training.experiments.epoch_data import EpochData
from training.experiments.experiment import Experiment, Recipe
from training.experiments.registry import EXPERIMENTS
from training.experiments.runs import RunFolder


class Stopping:
    """An observer that stops the run of a name after some epochs."""

    def __init__(self, after: int | None = None, of: int = 0) -> None:
        self.after, self.of = after, of

    def batch(self, done: int, total: int) -> None:
        pass

    def epoch(self, done: int, total: int, metrics: dict[str, float]) -> None:  # noqa: ARG002
        if done == self.after and total == self.of:
            raise KeyboardInterrupt


@pytest.fixture
def student(monkeypatch: pytest.MonkeyPatch) -> Experiment:
    """CNN A with a dense teacher that is trained in a second."""
    teacher = replace(EXPERIMENTS["baseline"], spared_seeds=2, recipe=Recipe(epochs=5, batch_size=32))
    monkeypatch.setitem(EXPERIMENTS, "baseline", teacher)
    recipe = replace(EXPERIMENTS["cnn_a_taught"].recipe, epochs=3, batch_size=32, copies=3, teacher="baseline")
    return replace(EXPERIMENTS["cnn_a_taught"], recipe=recipe)


def test_copies_are_the_same_every_time_and_the_first_two_are_the_image_and_its_mirror_image(samples: Samples) -> None:
    images = samples.images
    assert (augmentation.moved(images, number=0) == images).all()
    assert (augmentation.moved(images, number=1) == images[:, :, ::-1]).all()
    moved = augmentation.moved(images, number=2)
    assert (moved == augmentation.moved(images, number=2)).all()
    assert (moved != augmentation.moved(images, number=3)).any(axis=(1, 2)).all()
    # Moved, not lost: what is bright stays in the picture, within what scaling takes and adds.
    brightness = moved.sum(axis=(1, 2)) / images.sum(axis=(1, 2))
    assert brightness.min() > 0.5
    assert brightness.max() < 1.4


def test_redrawing_moves_nothing(samples: Samples) -> None:
    images = samples.images
    assert (augmentation.redrawn(images, number=1) == images).all()
    redrawn = augmentation.redrawn(images, number=2)
    changed = (redrawn != images).any(axis=(1, 2))
    assert 0.5 < changed.mean() < 0.9
    far = ndimage.grey_dilation(images, (1, 7, 7)) == 0
    assert (redrawn[far] == 0).all()


def test_every_other_epoch_shows_the_images_as_they_are_or_mirrored(tiny: FashionMNIST, student: Experiment) -> None:
    epoch_data = EpochData(replace(student, recipe=replace(student.recipe, teacher=None, copies=4)), 0, tiny, None)
    split = stratified_split(tiny.train_labels, seed=0)
    as_they_are = {image.tobytes() for image in scale(tiny.train_images[split.train])}
    mirrored = {image.tobytes() for image in scale(tiny.train_images[split.train][:, :, ::-1])}
    shown = [{image.tobytes() for image in epoch_data.of(epoch)[0]} for epoch in range(6)]
    assert (shown[0], shown[2], shown[4]) == (as_they_are, mirrored, as_they_are)
    assert shown[1] != shown[3]
    assert shown[1] == shown[5]


def test_a_teacher_sees_nothing_that_its_students_are_validated_on(tiny: FashionMNIST) -> None:
    teacher = replace(EXPERIMENTS["teacher"], recipe=Recipe())
    pixels, _ = EpochData(teacher, 0, tiny, None).of(0)
    seen = {image.tobytes() for image in pixels}
    for seed in range(EXPERIMENTS["cnn_a_taught"].seeds):
        validation = stratified_split(tiny.train_labels, seed=seed).validation
        assert not seen & {image.tobytes() for image in scale(tiny.train_images[validation])}
    assert EXPERIMENTS["teacher"].spared_seeds == EXPERIMENTS["cnn_a_taught"].seeds


def test_the_loss_is_the_cross_entropy_of_softened_probabilities() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10), 4).astype(np.float32)
    taught = soften(rng.dirichlet(np.ones(10), 4), TEMPERATURE).astype(np.float32)
    expected = -(taught * np.log(soften(probabilities, TEMPERATURE))).sum(axis=1)
    found = keras.ops.convert_to_numpy(SoftCrossEntropy().call(taught, keras.ops.convert_to_tensor(probabilities)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.slow
def test_a_student_trains_its_teacher_first_and_resumes(
    tiny: FashionMNIST, student: Experiment, tmp_path: Path
) -> None:
    whole, parts = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "parts")
    expected = trainer.train(student, 0, tiny, whole, Stopping())
    teacher = whole.finished(EXPERIMENTS["baseline"], 0)
    assert teacher is not None
    with pytest.raises(KeyboardInterrupt):
        trainer.train(student, 0, tiny, parts, Stopping(after=2, of=student.recipe.epochs))
    found = trainer.train(student, 0, tiny, parts, Stopping())
    assert found.test_predictions == expected.test_predictions
    assert found.history == expected.history
    assert found.parameters == 121_930


def test_what_the_teacher_says_is_kept_and_is_what_its_network_finds(
    tiny: FashionMNIST, student: Experiment, tmp_path: Path
) -> None:
    runs = RunFolder(tmp_path)
    trainer.train(student, 0, tiny, runs, Stopping())
    baseline = EXPERIMENTS["baseline"]
    said = Teacher(baseline, runs, tiny.train_images).says(2)
    network = keras.models.load_model(runs.weights("baseline", 0), compile=False)
    expected = soften(predict(network, scale(augmentation.moved(tiny.train_images, number=2))), TEMPERATURE)
    np.testing.assert_allclose(said, expected, atol=1e-6)
    runs.weights("baseline", 0).unlink()
    assert (Teacher(baseline, runs, tiny.train_images).says(2) == said).all()
