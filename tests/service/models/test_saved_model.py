"""A plain SavedModel in the model folder, with and without its version folder and LiteRT model."""

import shutil
from pathlib import Path

import httpx
import keras
import pytest

from service.arrays import Engine
from service.models import saved_model
from service.models.bundle import Bundle
from service.models.classifier import Models
from service.models.engines import EngineError, LiteRTEngine, TensorFlowEngine
from service.monitoring.metrics import InstrumentedEngine
from tests.conftest import DATA, MODELS, StartServer
from training.__main__ import main
from training.data.fashion_mnist import CLASS_NAMES

PNG = {"content-type": "image/png"}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Keras's own ``model.export()`` writes: other names for input and output, no LiteRT model."""
    folder = tmp_path_factory.mktemp("exported")
    layer = keras.layers.TFSMLayer(str(MODELS / "cnn_a" / "1"), call_endpoint="serving_default")
    inputs = keras.Input((28, 28, 1))
    keras.Model(inputs, layer(inputs)["probabilities"]).export(folder / "000000003", verbose=False)
    return folder


def measured(engine: Engine) -> Engine:
    """The engine whose calls are counted."""
    assert isinstance(engine, InstrumentedEngine)
    return engine.engine


def label(url: str, model: str) -> object:
    answer = httpx.post(f"{url}/predict", content=(DATA / "dress.png").read_bytes(), headers=PNG).json()
    assert answer["model"] == model
    assert (answer["reliability"], answer["in_distribution"], answer["score"]) == (None, None, None)
    return answer["label"], answer["version"]


def test_an_export_without_a_litert_model_is_run_by_tensorflow(exported: Path, start_server: StartServer) -> None:
    url = start_server(SERVICE_MODEL_DIR=str(exported))
    assert label(url, "model") == ("Dress", "3")
    assert httpx.get(f"{url}/experiments").status_code == 404


def test_without_tensorflow_it_says_how_to_get_a_litert_model_and_with_one_needs_none(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("service.models.engines.find_spec", lambda name: None)  # noqa: ARG005
    folder = Path(shutil.copytree(exported, tmp_path / "model"))
    with pytest.raises(EngineError, match=r"000000003 has no LiteRT model.*python -m training litert DIR"):
        Models(Bundle(folder), "litert").load()
    assert main(["litert", str(folder)]) == 1
    assert "holds no saved_model.pb" in capsys.readouterr().err
    assert main(["litert", str(folder / "000000003")]) == 0
    models = Models(Bundle(folder), "litert")
    models.load()
    assert isinstance(measured(models.get().engine), LiteRTEngine)


def test_a_savedmodel_without_a_version_folder_is_served(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MODELS / "cnn_b" / "1", tmp_path / "model"))
    for engine, kind in (("litert", LiteRTEngine), ("tensorflow", TensorFlowEngine)):
        models = Models(Bundle(folder), engine)
        models.load()
        assert models.get("model", "1").version == "1"
        assert isinstance(measured(models.get().engine), kind)


def test_the_highest_version_is_served(tmp_path: Path) -> None:
    for version in ("2", "10"):
        shutil.copytree(MODELS / "baseline" / "1", tmp_path / "model" / version)
    assert Bundle(tmp_path / "model").manifest.models["model"].version == "10"


def test_a_model_of_another_shape_is_refused(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]).export(
        tmp_path / "1", verbose=False
    )
    with pytest.raises(Exception, match=r"answers 100 images with shape \(100, 3\), not \(100, 10\)"):
        Models(Bundle(tmp_path), "tensorflow").load()


def test_its_labels_are_those_of_the_dataset() -> None:
    """Neither package imports the other, so each has the list."""
    assert tuple(saved_model.LABELS) == CLASS_NAMES
