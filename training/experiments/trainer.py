"""Trains one network: seeded, checkpointed after every epoch, resumed exactly where it stopped.

Written against Keras 3, so that ``KERAS_BACKEND`` may be TensorFlow, JAX or PyTorch.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

import keras

from training.data import photographs
from training.data.fashion_mnist import FashionMNIST, Pixels, scale, stratified_split
from training.data.photographs import Photographs
from training.errors import TrainingError
from training.evaluation import examination
from training.evaluation import metrics as evaluation
from training.evaluation import photographs as on_photographs
from training.experiments import architectures, batch_norm_folding, checkpoints, provenance
from training.experiments.distillation import SoftCrossEntropy, Teacher
from training.experiments.epoch_data import EpochData
from training.experiments.experiment import Experiment, Recipe
from training.experiments.losses import OneOfCrossEntropy
from training.experiments.registry import EXPERIMENTS
from training.experiments.runs import Run, RunFolder


class Observer(Protocol):
    """Told how a run proceeds; see ``progress.Console``."""

    def batch(self, done: int, total: int) -> None:
        """Report a finished mini-batch of the present epoch."""

    def epoch(self, done: int, total: int, metrics: dict[str, float]) -> None:
        """Report a finished epoch with its four metrics."""


def train(experiment: Experiment, seed: int, data: FashionMNIST, runs: RunFolder, observer: Observer) -> Run:
    """Train and evaluate an experiment with one seed, and record the run.

    The seed decides the initial weights, the validation split and the order of the images in every epoch. An
    interrupted run continues after its last whole epoch and ends with the same weights as an uninterrupted one (on
    the same machine). Only the finished network sees the test set, and nothing is chosen by it.
    """
    recipe = experiment.recipe
    surroundings = provenance.collect()
    split = stratified_split(data.train_labels, seed=seed)
    teacher = _teacher(experiment, seed, data, runs, observer)
    pictures = photographs.load() if recipe.photographs else None
    epoch_data = EpochData(experiment, seed, data, teacher, pictures["train"] if pictures else None)
    as_seen = partial(experiment.as_seen, seed=seed)
    test_pixels = scale(as_seen(data.test_images))
    held_out = scale(as_seen(data.train_images[split.validation]))
    held_out_targets = epoch_data.targets(split.validation)

    _make_deterministic(seed)
    batches = -(-epoch_data.images // recipe.batch_size)
    model, history, seconds = checkpoints.load(experiment, seed, runs, batches=batches) or (
        _compiled(experiment, batches=batches),
        {},
        0.0,
    )
    for epoch in range(len(history.get("loss", [])), recipe.epochs):
        started = time.perf_counter()
        fitted = model.fit(
            *epoch_data.of(epoch),
            batch_size=recipe.batch_size,
            shuffle=False,
            validation_data=(held_out, held_out_targets),
            validation_batch_size=1_000,
            verbose=0,
            # Keras counts a last, shorter group of mini-batches as a whole one.
            callbacks=[_BatchReporter(lambda done: observer.batch(min(done, batches), batches))],
        )
        seconds += time.perf_counter() - started
        metrics = {name: float(values[0]) for name, values in fitted.history.items()}
        history = {name: [*history.get(name, []), value] for name, value in metrics.items()}
        checkpoints.save(experiment, seed, runs, model, history, seconds)
        observer.epoch(epoch + 1, recipe.epochs, metrics)

    if _has_more_in_training(recipe):
        model = _finished(model, experiment, seed, runs, test_pixels)
    validation = evaluation.predict(model, held_out)
    test = evaluation.predict(model, test_pixels)
    run = Run(
        experiment=experiment.name,
        seed=seed,
        fingerprint=experiment.fingerprint(seed),
        parameters=model.count_params(),
        multiply_adds=architectures.multiply_adds(model),
        epochs=recipe.epochs,
        history=history,
        validation=dict(evaluation.metrics(validation, data.train_labels[split.validation])),
        test=dict(evaluation.metrics(test, data.test_labels)),
        test_predictions=evaluation.classes(test),
        photographs={part: _on_photographs(model, pictures[part], recipe) for part in ("held_out", "report")}
        if pictures
        else None,
        examined=examination.examine(model, data.test_images, data.test_labels, as_seen) if experiment.probed else None,
        wall_time_s=round(seconds, 1),
        provenance={
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "backend": keras.backend.backend(),
            **surroundings,
        },
    )
    runs.save(run)
    runs.progress(experiment.name, seed).unlink()
    return run


def _make_deterministic(seed: int) -> None:
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def _teacher(student: Experiment, seed: int, data: FashionMNIST, runs: RunFolder, observer: Observer) -> Teacher | None:
    """Find a student's teacher, if it has one; train it first where its weights are not here.

    Raises:
        TrainingError: the teacher was trained on what this seed validates on, or is not the one on record.

    """
    if student.recipe.teacher is None:
        return None
    experiment = EXPERIMENTS[student.recipe.teacher]
    if seed >= experiment.spared_seeds:
        raise TrainingError(
            f"{experiment.name} was trained on images that {student.name} seed {seed} validates on; it can teach seeds "
            f"0 to {experiment.spared_seeds - 1}"
        )
    recorded = runs.finished(experiment, 0)
    if recorded is None or not runs.weights(experiment.name, 0).is_file():
        trained = train(experiment, 0, data, runs, observer)
        if recorded is not None and trained.test_predictions != recorded.test_predictions:
            runs.save(recorded)
            raise TrainingError(
                f"{experiment.name} came out otherwise than {runs.folder} has it on record, as on another kind of "
                "machine; train it and its students in a folder of their own: --runs DIR"
            )
    return Teacher(experiment, runs, data.train_images)


def _compiled(experiment: Experiment, *, batches: int) -> keras.Model:
    recipe = experiment.recipe
    with _computing_in("mixed_bfloat16" if recipe.bfloat16 else "float32"):
        model = _network(experiment, in_training=True)
    rate = recipe.learning_rate
    if recipe.cosine:
        steps = batches * recipe.epochs
        warmup = round(steps * recipe.warmup_share) or batches
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, max(steps - warmup, 1), warmup_target=rate, warmup_steps=warmup
        )
    decay = recipe.weight_decay or None
    optimizers = {
        "adam": lambda: keras.optimizers.Adam(rate, weight_decay=decay),
        "sgd": lambda: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=decay),
    }
    loss = "sparse_categorical_crossentropy"
    if recipe.photographs:
        loss = OneOfCrossEntropy()
    elif recipe.teacher is not None:
        loss = SoftCrossEntropy()
    model.compile(
        optimizer=optimizers[recipe.optimizer](),
        loss=loss,
        metrics=["accuracy"],
        steps_per_execution=10,  # ten mini-batches a call: less time between them, the same arithmetic
    )
    return model


def _has_more_in_training(recipe: Recipe) -> bool:
    """Tell whether the network has layers or a class in training that the finished one lacks."""
    return recipe.batch_normalisation or recipe.photographs > 0


def _network(experiment: Experiment, *, in_training: bool) -> keras.Model:
    recipe = experiment.recipe
    more: dict[str, Any] = {}
    if in_training and _has_more_in_training(recipe):
        classes = 11 if recipe.photographs else 10
        more = {"normalised": recipe.batch_normalisation, "dropout": recipe.dropout, "classes": classes}
    return architectures.ARCHITECTURES[experiment.architecture](**experiment.arguments, **more)


@contextmanager
def _computing_in(policy: str) -> Iterator[None]:
    """Make the layers that are built meanwhile compute in a data type."""
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(usual)


def _finished(trained: keras.Model, experiment: Experiment, seed: int, runs: RunFolder, pixels: Pixels) -> keras.Model:
    """Build the plain network that computes the same, and save its weights in place of the trained one's."""
    model = _network(experiment, in_training=False)
    exact = _network(experiment, in_training=True)  # in float32
    exact.set_weights(trained.get_weights())
    batch_norm_folding.fold(exact, model, pixels)
    weights = runs.weights(experiment.name, seed)
    temporary = weights.with_suffix(f".{os.getpid()}.keras")
    model.save(temporary)
    temporary.replace(weights)
    return model


def _on_photographs(model: keras.Model, pictures: Photographs, recipe: Recipe) -> dict[str, Any]:
    garments, others = (
        on_photographs.predict(lambda pixels: evaluation.predict(model, pixels), some, recipe.mixtures)
        for some in (pictures.garments, pictures.others)
    )
    return on_photographs.measure(garments, pictures.garments.right, others)


class _BatchReporter(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, report: Callable[[int], None]) -> None:
        super().__init__()
        self._report = report

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        self._report(batch + 1)
