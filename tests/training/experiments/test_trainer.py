"""Training on 220 real images: seeded, resumable, exact."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from training.data.fashion_mnist import FashionMNIST, scale
from training.errors import TrainingError
from training.experiments import architectures, checkpoints, trainer
from training.experiments.experiment import Recipe
from training.experiments.local_runner import plan_runs, run_experiments
from training.experiments.registry import EXPERIMENTS, select
from training.experiments.runs import Run, RunFolder

SHORT = Recipe(epochs=3, batch_size=32)
EXPERIMENT = replace(EXPERIMENTS["cnn_a"], recipe=SHORT)


class Quiet:
    """An observer that stops the run after an epoch, as Ctrl-C would."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.epochs: list[int] = []
        self.batches: list[tuple[int, int]] = []

    def batch(self, done: int, total: int) -> None:
        self.batches.append((done, total))

    def epoch(self, done: int, total: int, metrics: dict[str, float]) -> None:
        assert total == SHORT.epochs
        assert metrics.keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
        self.epochs.append(done)
        if done == self.stop_after:
            raise KeyboardInterrupt


def weights(runs: RunFolder, seed: int = 0) -> list[Any]:
    weights: list[Any] = keras.models.load_model(runs.weights("cnn_a", seed)).get_weights()
    return weights


def numbers(run: Run) -> dict[str, Any]:
    return {k: v for k, v in vars(run).items() if k not in ("wall_time_s", "provenance")}


@dataclass(frozen=True)
class Whole:
    """A run that nobody interrupted, which several tests look at and none changes."""

    run: Run
    runs: RunFolder
    observer: Quiet


@pytest.fixture(scope="module")
def whole(tiny: FashionMNIST, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    runs, observer = RunFolder(tmp_path_factory.mktemp("whole")), Quiet()
    return Whole(trainer.train(EXPERIMENT, 0, tiny, runs, observer), runs, observer)


def test_an_interrupted_run_ends_as_an_uninterrupted_one(whole: Whole, tiny: FashionMNIST, tmp_path: Path) -> None:
    parts = RunFolder(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trainer.train(EXPERIMENT, 0, tiny, parts, Quiet(stop_after=2))
    assert parts.finished(EXPERIMENT, 0) is None
    resumed = Quiet()
    found = trainer.train(EXPERIMENT, 0, tiny, parts, resumed)
    assert resumed.epochs == [3]
    assert numbers(found) == numbers(whole.run)
    for a, b in zip(weights(whole.runs), weights(parts), strict=True):
        assert (a == b).all()
    assert not parts.progress("cnn_a", 0).exists()


def test_a_damaged_or_mismatched_checkpoint_is_not_resumed(tiny: FashionMNIST, tmp_path: Path) -> None:
    runs = RunFolder(tmp_path)
    kept: dict[int, tuple[bytes, str]] = {}
    for epoch in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            trainer.train(EXPERIMENT, 0, tiny, runs, Quiet(stop_after=epoch))
        kept[epoch] = runs.weights("cnn_a", 0).read_bytes(), runs.progress("cnn_a", 0).read_text()
    (network, progress), earlier = kept[2], kept[1][1]

    def resumes(network: bytes, progress: str) -> bool:
        runs.weights("cnn_a", 0).write_bytes(network)
        runs.progress("cnn_a", 0).write_text(progress)
        return checkpoints.load(EXPERIMENT, 0, runs, batches=7) is not None

    assert resumes(network, progress)
    assert not resumes(network, earlier), "a crash between weights and progress"
    for spoiled in (b"half a file", network[:-1], network.replace(b"model.weights", b"model.heights")):
        assert not resumes(spoiled, progress)
    for damaged in ("[]", "{}", '{"fingerprint": 1', json.dumps({"fingerprint": EXPERIMENT.fingerprint(0)})):
        assert not resumes(network, damaged)
    anew = Quiet(stop_after=1)
    with pytest.raises(KeyboardInterrupt):
        trainer.train(EXPERIMENT, 0, tiny, runs, anew)
    assert anew.epochs == [1]


@pytest.mark.slow
def test_seeds_differ_and_a_seed_repeats(whole: Whole, tiny: FashionMNIST, tmp_path: Path) -> None:
    again = trainer.train(EXPERIMENT, 0, tiny, RunFolder(tmp_path), Quiet())
    other = trainer.train(EXPERIMENT, 1, tiny, RunFolder(tmp_path), Quiet())
    assert numbers(again) == numbers(whole.run)
    assert other.history != whole.run.history


def test_a_run_records_what_its_network_does(whole: Whole, tiny: FashionMNIST) -> None:
    run, runs = whole.run, whole.runs
    model = keras.models.load_model(runs.weights("cnn_a", 0))
    predicted = model.predict(scale(tiny.test_images), verbose=0).argmax(axis=1)
    assert [int(digit) for digit in run.test_predictions] == predicted.tolist()
    assert run.test["accuracy"] == np.mean(predicted == tiny.test_labels)
    assert len(run.history["val_accuracy"]) == 3
    assert run.history["val_accuracy"][-1] == pytest.approx(run.validation["accuracy"])
    assert whole.observer.batches[-1] == (7, 7)  # 220 images, 32 a batch
    assert run.provenance["backend"] == "tensorflow"
    assert run.provenance["data_sha256"]
    assert runs.finished(EXPERIMENT, 0) == run
    assert runs.finished(replace(EXPERIMENT, recipe=Recipe(epochs=4)), 0) is None


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"train_size": 100}, {"permuted": True}])
def test_subsets_and_permutations_change_what_is_learned(
    whole: Whole, tiny: FashionMNIST, tmp_path: Path, change: dict[str, Any]
) -> None:
    arm = replace(EXPERIMENT, **change)
    assert arm.fingerprint(0) != EXPERIMENT.fingerprint(0)
    observer = Quiet()
    run = trainer.train(arm, 0, tiny, RunFolder(tmp_path), observer)
    assert run.history != whole.run.history
    assert observer.batches[-1][1] == (4 if "train_size" in change else 7)


def test_finished_runs_are_skipped_and_the_recipes_not_overwritten(
    tiny: FashionMNIST, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = RunFolder(tmp_path)
    registered = EXPERIMENTS["baseline"]
    run = trainer.train(replace(registered, recipe=SHORT), 0, tiny, runs, Quiet())
    runs.save(replace(run, fingerprint=registered.fingerprint(0)))
    # With nothing left to do the data is not even looked for.
    run_experiments([(registered, 0)], runs=runs, data_folder=tmp_path / "nowhere")
    assert capsys.readouterr().out.startswith("baseline seed 0: validation ")
    with pytest.raises(TrainingError, match=r"holds a finished run of baseline seed 0 with 12 epochs.*--runs DIR"):
        run_experiments(plan_runs(select(["baseline"], epochs=1), seeds=1), runs=runs, data_folder=None)


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "cnn_a").mkdir()
    (tmp_path / "cnn_a" / "seed-0.json").write_text("{}")
    with pytest.raises(TrainingError, match=r"seed-0\.json is not a run's record"):
        RunFolder(tmp_path).finished(EXPERIMENTS["cnn_a"], 0)


@pytest.mark.parametrize(
    ("name", "parameters", "multiply_adds", "layers"),
    [
        ("baseline", 101_770, 101_632, ["Flatten", "Dense", "Dense"]),
        ("cnn_a", 121_930, 2_528_000, None),
        ("cnn_b", 118_346, 3_803_776, None),
    ],
)
def test_the_architectures_are_the_workshops(
    name: str, parameters: int, multiply_adds: int, layers: list[str] | None
) -> None:
    experiment = EXPERIMENTS[name]
    model = architectures.ARCHITECTURES[experiment.architecture](**experiment.arguments)
    convolutional = ["Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Flatten", "Dense", "Dense"]
    assert [type(layer).__name__ for layer in model.layers] == (layers or convolutional)
    words = {"Conv2D": "Conv2D", "MaxPooling2D": "MaxPool", "Flatten": "Flatten", "Dense": "Dense"}
    assert [line.split()[0] for line in experiment.layers] == [words[type(layer).__name__] for layer in model.layers]
    assert model.count_params() == parameters
    assert architectures.multiply_adds(model) == multiply_adds
    assert (model.input_shape, model.output_shape) == ((None, 28, 28, 1), (None, 10))


def test_unknown_experiments_are_named() -> None:
    with pytest.raises(TrainingError, match="no experiment is called vgg; there are: baseline, cnn_a, cnn_b"):
        select(["cnn_a", "vgg"])


def test_the_registry_is_consistent() -> None:
    names = list(EXPERIMENTS)
    for position, experiment in enumerate(EXPERIMENTS.values()):
        assert set(experiment.against) <= set(names[:position]), experiment.name
        assert experiment.name not in experiment.against
        assert experiment.architecture in architectures.ARCHITECTURES
    fingerprints = {experiment.fingerprint(0) for experiment in EXPERIMENTS.values()}
    assert len(fingerprints) == len(names)


def test_the_matched_controls_match() -> None:
    def model(name: str) -> keras.Model:
        return architectures.ARCHITECTURES[EXPERIMENTS[name].architecture](**EXPERIMENTS[name].arguments)

    assert model("dense_matched").count_params() == pytest.approx(model("cnn_a").count_params(), rel=0.01)
    costs = [architectures.multiply_adds(model(name)) for name in ("cnn_5x5_matched", "cnn_a")]
    assert costs[0] == pytest.approx(costs[1], rel=0.01)
    assert model("cnn_3x3_same").count_params() == 220_234
    assert architectures.multiply_adds(model("cnn_5x5_same")) == pytest.approx(10.86e6, rel=0.001)
