"""The whole chain on 300 real images: train, export, release, and the service's own reader accepts it."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from service.models.bundle import Bundle, BundleError
from service.models.classifier import Models
from tests.conftest import MODELS, Samples
from training.data import fashion_mnist
from training.data.fashion_mnist import FashionMNIST, scale
from training.errors import TrainingError
from training.experiments import trainer
from training.experiments.experiment import Experiment, Recipe
from training.experiments.progress import Console
from training.experiments.registry import EXPERIMENTS
from training.experiments.runs import RunFolder
from training.release import bundle, export

Trained = tuple[list[Experiment], RunFolder]
EPOCHS = 2


@pytest.fixture(scope="module")
def trained(tiny: FashionMNIST, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    runs = RunFolder(tmp_path_factory.mktemp("runs"))
    experiments = [replace(EXPERIMENTS[name], recipe=Recipe(epochs=EPOCHS)) for name in ("baseline", "cnn_a")]
    with Console(runs=2) as console:
        for experiment in experiments:
            trainer.train(experiment, 0, tiny, runs, console)
    return experiments, runs


@pytest.fixture
def use_tiny(tiny: FashionMNIST, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole dataset would make this test a benchmark."""
    monkeypatch.setattr(fashion_mnist, "load", lambda folder: tiny)  # noqa: ARG005


def _release(trained: Trained, count: int, tiny: FashionMNIST, folder: Path) -> Path:
    experiments, runs = trained
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fashion_mnist, "load", lambda folder: tiny)  # noqa: ARG005
        bundle.release(experiments[:count], runs, folder, seed=0, data_folder=None)
    return folder


@pytest.fixture(scope="module")
def released(trained: Trained, tiny: FashionMNIST, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released bundle of both networks, which no test changes."""
    return _release(trained, 2, tiny, tmp_path_factory.mktemp("released") / "models")


@pytest.fixture(scope="module")
def smaller(trained: Trained, tiny: FashionMNIST, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released bundle of the first network alone, which no test changes."""
    return _release(trained, 1, tiny, tmp_path_factory.mktemp("smaller") / "models")


def test_a_released_bundle_is_served(trained: Trained, released: Path, tiny: FashionMNIST) -> None:
    experiments, runs = trained
    found = Bundle(released)
    assert released.stat().st_mode & 0o055 == 0o055  # any uid may serve it
    assert list(found.manifest.models) == ["baseline", "cnn_a"]
    served = Models(found, "litert")
    served.load()
    for experiment in experiments:
        run = runs.finished(experiment, 0)
        assert run is not None
        answers = served.get(experiment.name).engine.predict(scale(tiny.test_images)).argmax(axis=1)
        assert np.mean(answers == tiny.test_labels) == run.test["accuracy"]
        entry = found.manifest.models[experiment.name]
        assert entry.equivalence["images"] == len(tiny.test_labels)
        assert entry.equivalence["differing_classes"] == 0
        assert entry.equivalence["largest_difference"] <= 1e-5
        assert entry.int8 is not None
        assert entry.int8.record.images == len(tiny.test_labels)
        assert entry.int8.record.float32_accuracy == run.test["accuracy"]
    Models(Bundle(released), "litert", "int8").load()


@pytest.mark.usefixtures("use_tiny")
def test_the_report_alone_can_be_renewed(trained: Trained, released: Path, tmp_path: Path) -> None:
    models = Path(shutil.copytree(released, tmp_path / "models"))
    (models / "experiments.md").write_text("stale")
    made = json.loads((models / "bundle.json").read_text())["provenance"] | {"commit": "older"}
    manifest = json.loads((models / "bundle.json").read_text()) | {"provenance": made}
    (models / "bundle.json").write_text(json.dumps(manifest))
    bundle.renew_report(*trained, models, data_folder=None)
    assert json.loads((models / "bundle.json").read_text())["provenance"] == made
    assert "stale" not in (models / "experiments.md").read_text()
    assert Bundle(models).manifest.models == Bundle(released).manifest.models


@pytest.mark.usefixtures("use_tiny")
def test_a_bundle_can_be_quantised_anew(released: Path, tmp_path: Path) -> None:
    models = Path(shutil.copytree(released, tmp_path / "models"))
    bundle.renew_quantization(models, data_folder=None)
    assert Bundle(models).manifest.models == Bundle(released).manifest.models


@pytest.mark.usefixtures("use_tiny")
def test_a_release_goes_into_a_folder_that_cannot_be_replaced(
    trained: Trained, released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mount, such as /opt/ml/model: files can be written into it; it cannot be removed, renamed or renamed onto."""
    models = tmp_path / "model"
    models.mkdir()
    inode = models.stat().st_ino

    def unless_mount(does: Callable[..., None], *paths: Any, **options: Any) -> None:
        if models in [Path(path) for path in paths]:
            raise OSError(16, "Device or resource busy")
        does(*paths, **options)

    for name in ("rename", "replace", "rmdir", "unlink"):
        monkeypatch.setattr(os, name, partial(unless_mount, getattr(os, name)))
    with pytest.raises(OSError, match="busy"):
        Path(shutil.copytree(released, tmp_path / "other")).replace(models)
    bundle.install(released, models)
    bundle.release(trained[0][:1], trained[1], models, seed=0, data_folder=None)  # over the old one
    assert models.stat().st_ino == inode
    assert list(Bundle(models).manifest.models) == ["baseline"]


@pytest.mark.usefixtures("use_tiny")
def test_nothing_to_serve_is_said_before_anything_is_written(trained: Trained, tmp_path: Path) -> None:
    controls = [EXPERIMENTS["cnn_1x1"]]
    with pytest.raises(TrainingError, match="none of these experiments is for serving"):
        bundle.release(controls, trained[1], tmp_path / "model", seed=0, data_folder=None)
    assert not (tmp_path / "model").exists()


@pytest.mark.usefixtures("use_tiny")
def test_what_is_not_the_bundles_is_left_alone(trained: Trained, released: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    with pytest.raises(TrainingError, match="holds no bundle"):
        bundle.renew_report(*trained, tmp_path, data_folder=None)
    for _ in range(2):
        bundle.install(released, tmp_path)
    Bundle(tmp_path)
    assert (tmp_path / "precious").read_text() == "data"


def test_an_interrupted_release_is_refused_and_can_be_made_again(
    released: Path, smaller: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    bundle.install(released, models)
    with monkeypatch.context() as full_disk:
        copied = iter(range(3))
        copy = shutil.copyfile

        def until_full(source: Path, target: Path) -> None:
            if next(copied, None) is None:
                raise OSError(28, "No space left on device")
            copy(source, target)

        full_disk.setattr(shutil, "copyfile", until_full)
        with pytest.raises(OSError, match="No space left"):
            bundle.install(smaller, models)
    with pytest.raises(BundleError, match="was changed after its release"):
        Bundle(models)
    bundle.install(smaller, models)
    assert list(Bundle(models).manifest.models) == ["baseline"]
    assert not (models / "cnn_a" / "1" / "saved_model.pb").exists()


@pytest.mark.usefixtures("use_tiny")
def test_missing_or_foreign_weights_are_refused(trained: Trained, tmp_path: Path) -> None:
    experiments, original = trained
    runs = RunFolder(Path(shutil.copytree(original.folder, tmp_path / "runs")))
    with pytest.raises(TrainingError, match=r"no weights of baseline, cnn_a seed 3.*--runs DIR"):
        bundle.release(experiments, runs, tmp_path / "models", seed=3, data_folder=None)
    untrained = keras.models.load_model(runs.weights("cnn_a", 0))
    untrained.set_weights([np.zeros_like(w) for w in untrained.get_weights()])
    untrained.save(runs.weights("cnn_a", 0))
    with pytest.raises(TrainingError, match=r"cnn_a seed 0: the exported model has test accuracy 0\.1000"):
        bundle.release(experiments[1:], runs, tmp_path / "models", seed=0, data_folder=None)
    runs.weights("cnn_a", 0).unlink()
    with pytest.raises(TrainingError, match=r"no weights of cnn_a seed 0.*own folder has results, not weights"):
        bundle.release(experiments, runs, tmp_path / "models", seed=0, data_folder=None)
    assert not (tmp_path / "models").exists()


def test_a_variables_value_is_tensorflows_own() -> None:
    """``Variable.value``, of which Keras does not promise that it is one: docs/architecture.md."""
    assert isinstance(keras.Variable([1.0]).value, tf.Variable)


def test_an_unfaithful_litert_model_fails_the_export(
    trained: Trained, tiny: FashionMNIST, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MAX_DIFFERENCE", -1.0)
    with pytest.raises(TrainingError, match="is not the same model"):
        export.export(trained[1].weights("cnn_a", 0), tmp_path / "1", images=tiny.test_images, labels=tiny.test_labels)


@pytest.mark.parametrize("name", ["baseline", "cnn_a", "cnn_b"])
def test_released_savedmodels_load_elsewhere_with_the_documented_signature(name: str, samples: Samples) -> None:
    folder = str(MODELS / name / "1")
    signature = tf.saved_model.load(folder).signatures["serving_default"]
    (_, inputs), outputs = signature.structured_input_signature, signature.structured_outputs
    assert {k: (v.shape.as_list(), v.dtype) for k, v in inputs.items()} == {"images": ([None, 28, 28, 1], tf.float32)}
    assert {k: (v.shape.as_list(), v.dtype) for k, v in outputs.items()} == {"probabilities": ([None, 10], tf.float32)}
    pixels = scale(samples.images)
    found = signature(images=tf.constant(pixels))["probabilities"].numpy()
    layer = keras.layers.TFSMLayer(folder, call_endpoint="serving_default")
    assert np.allclose(layer(pixels)["probabilities"].numpy(), found, atol=1e-6)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    assert np.mean(found.argmax(axis=1) == samples.labels) >= 0.85
