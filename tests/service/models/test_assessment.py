"""What an answer is worth, and whether inputs have drifted: over HTTP, against what the bundle says."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from service.models.bundle import Bundle, BundleError, content_checksum
from service.models.classifier import Models
from service.models.engines import TensorFlowEngine
from service.models.golden_samples import GoldenMismatchError
from tests.conftest import DATA, MODELS, Samples, png
from training.data import ood_pictures

PNG = {"content-type": "image/png"}
VERBOSE = {"X-Amzn-SageMaker-Custom-Attributes": "verbose=true,tfs-model-name=cnn_a"}
ASSESSMENT: dict[str, Any] = json.loads((MODELS / "bundle.json").read_text())["models"]["cnn_a"]["assessment"]


def ask(client: httpx.Client, picture: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/predict", params={"model": "cnn_a"}, content=picture, headers=PNG).json()
    return answer


def test_probabilities_are_the_softmax_at_the_bundles_temperature(client: httpx.Client) -> None:
    picture = (DATA / "shirt.png").read_bytes()
    plain = {"X-Amzn-SageMaker-Custom-Attributes": "tfs-model-name=cnn_a"}
    (softmax,) = client.post("/invocations", content=picture, headers=PNG | plain).json()["predictions"]
    softened = np.array(softmax) ** (1 / ASSESSMENT["temperature"])
    answer = ask(client, picture)
    found = {one["class_id"]: one["probability"] for one in answer["predictions"]}
    assert [found[class_id] for class_id in range(10)] == pytest.approx(softened / softened.sum(), abs=1e-5)
    assert answer["confidence"] != pytest.approx(max(softmax), abs=1e-3)
    assert client.post("/invocations", content=picture, headers=PNG | VERBOSE).json() == answer


def test_reliability_is_that_of_the_label_at_the_confidence(client: httpx.Client) -> None:
    for name in ("shirt", "bag", "coat"):
        answer = ask(client, (DATA / f"{name}.png").read_bytes())
        band = sum(edge <= answer["confidence"] for edge in ASSESSMENT["bands"]) - 1
        assert answer["reliability"] == ASSESSMENT["reliability"][answer["class_id"]][band]
        low, high = answer["reliability"]["ci95"]
        assert low < answer["reliability"]["accuracy"] <= high
        assert answer["reliability"]["images"] >= 30


def test_clothing_is_told_from_what_is_none(client: httpx.Client, samples: Samples) -> None:
    usual = [ask(client, png(image)) for image in samples.images[::3]]
    assert np.mean([answer["in_distribution"] for answer in usual]) >= 0.9
    for kind in ("digits", "uniform noise", "stripes", "text"):
        strange = [ask(client, png(image)) for image in ood_pictures.draw(kind, count=20, seed=5)]
        assert np.mean([answer["in_distribution"] for answer in strange]) <= 0.2, kind
    for answer in usual + strange:
        assert answer["in_distribution"] == (answer["score"] <= ASSESSMENT["threshold"])


def test_tensorflow_gives_the_same_assessment(samples: Samples) -> None:
    models = Models(Bundle(MODELS), "litert")
    models.load()
    classifier = models.get("cnn_b")
    pixels = (samples.images[7] / np.float32(255)).reshape(1, 28, 28, 1)
    (litert,) = classifier.answers(pixels)
    (tensorflow,) = replace(classifier, engine=TensorFlowEngine(MODELS / "cnn_b" / "1")).answers(pixels)
    assert litert.score == pytest.approx(tensorflow.score, abs=1e-3)
    assert litert.reliability == tensorflow.reliability
    assert litert.probabilities == pytest.approx(tensorflow.probabilities, abs=1e-5)


def test_a_score_that_is_not_the_released_one_is_refused(tmp_path: Path) -> None:
    models = Path(shutil.copytree(MODELS, tmp_path / "models"))
    golden = models / "cnn_a" / "1" / "assets.extra" / "golden.npz"
    with np.load(golden) as content:
        changed = dict(content)
    changed["scores"] = changed["scores"] + 0.5
    np.savez(golden, **changed)
    _sign(models, "cnn_a/1/assets.extra/golden.npz")
    with pytest.raises(GoldenMismatchError, match="cnn_a does not reproduce its golden samples: outlier scores differ"):
        Models(Bundle(models), "litert").load()


def test_an_assessment_that_does_not_fit_the_labels_is_refused(tmp_path: Path) -> None:
    models = Path(shutil.copytree(MODELS, tmp_path / "models"))
    content = json.loads((models / "bundle.json").read_text())
    content["models"]["cnn_a"]["assessment"]["reliability"].pop()
    (models / "bundle.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    with pytest.raises(BundleError, match="the assessment must have one entry for each label"):
        Bundle(models)


def _sign(models: Path, changed: str) -> None:
    """Write the checksums that a file and the manifest have now."""
    content = json.loads((models / "bundle.json").read_text())
    content["models"]["cnn_a"]["files"][changed] = hashlib.sha256((models / changed).read_bytes()).hexdigest()
    content["sha256"] = content_checksum(content)
    (models / "bundle.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
