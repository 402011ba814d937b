"""int8 weights: almost the same answers, each of which says so; refused where there are none."""

import json
import shutil
from pathlib import Path

import httpx
import numpy as np
import pytest

from service.models.bundle import Bundle, BundleError
from service.models.classifier import Models
from tests.conftest import DATA, MODELS, Samples, StartServer
from tests.servers import refused
from training.data.fashion_mnist import scale
from training.release.bundle import write_manifest

PNG = {"content-type": "image/png"}


@pytest.fixture(scope="module")
def int8_url(start_server: StartServer) -> str:
    return start_server(SERVICE_PRECISION="int8")


def test_answers_and_metadata_say_the_precision(int8_url: str, url: str) -> None:
    for base, precision in ((int8_url, "int8"), (url, "float32")):
        answer = httpx.post(f"{base}/predict", content=(DATA / "coat.png").read_bytes(), headers=PNG).json()
        assert (answer["label"], answer["precision"]) == ("Coat", precision)
        metadata = httpx.get(f"{base}/v1/models/{answer['model']}/metadata").json()["metadata"]
        assert metadata["precision"] == precision
        assert "serving_default" in metadata["signature_def"]["signature_def"]


def test_few_answers_differ_and_the_weights_are_others(samples: Samples) -> None:
    bundle = Bundle(MODELS)
    by_precision = [Models(bundle, "litert"), Models(bundle, "litert", "int8")]
    for models in by_precision:
        models.load()
    for name, entry in bundle.manifest.models.items():
        expected, found = (models.get(name).engine.predict(scale(samples.images)) for models in by_precision)
        assert np.abs(found - expected).max() > 1e-4  # else it would be float32
        assert (found.argmax(axis=1) != expected.argmax(axis=1)).mean() <= 0.01
        assert entry.int8 is not None
        record = entry.int8.record
        assert record.differing_answers <= 0.01
        assert abs(record.accuracy - record.float32_accuracy) <= 0.001
        assert record.bytes < record.float32_bytes / 3


def test_a_bundle_without_int8_weights_is_refused_for_int8_alone(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MODELS, tmp_path / "models"))
    manifest = json.loads((folder / "bundle.json").read_text())
    entry = manifest["models"]["cnn_b"]
    for name in (entry["int8"]["litert"], entry["int8"]["golden"]):
        (folder / name).unlink()
        del entry["files"][name]
    del entry["int8"]
    write_manifest(folder, manifest["models"], default_model="cnn_a")
    Models(Bundle(folder), "litert").load()
    with pytest.raises(BundleError, match="has no int8 weights of cnn_b; make them with"):
        Models(Bundle(folder), "litert", "int8")
    status, said = refused(SERVICE_MODEL_DIR=str(folder), SERVICE_PRECISION="int8")
    assert (status, said.count("\n")) == (1, 1)
    assert "SERVICE_PRECISION=float32" in said


def test_tensorflow_has_no_int8() -> None:
    status, said = refused(SERVICE_PRECISION="int8", SERVICE_ENGINE="tensorflow")
    assert (status, said.count("\n")) == (2, 1)
    assert "SERVICE_PRECISION=int8 needs SERVICE_ENGINE=litert" in said
