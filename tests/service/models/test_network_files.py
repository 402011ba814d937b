"""Each network's file for the page: read as the page reads it, and run in NumPy, it answers as the service does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.arrays import Pixels, Probabilities
from service.errors import NotFoundError
from service.models import litert_layers
from service.models.bundle import Bundle
from service.models.engines import LiteRTEngine
from service.models.network_files import NetworkFiles
from tests.conftest import MODELS, Samples

MAX_BYTES = 250_000


@pytest.fixture(scope="module")
def files() -> NetworkFiles:
    return NetworkFiles(Bundle(MODELS))


def parse(content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[:4], "little")
    network: dict[str, Any] = json.loads(content[4 : 4 + length])
    at = 4 + length
    for layer in network["layers"]:
        if layer["kernel"]:
            outputs, count = layer["kernel"][-1], int(np.prod(layer["kernel"]))
            scales, layer["bias"] = np.frombuffer(content, "<f4", 2 * outputs, at).reshape(2, outputs)
            levels = np.frombuffer(content, "<i2", count, at + 8 * outputs)
            layer["weights"] = levels.reshape(layer["kernel"]) * scales
            at += 8 * outputs + (2 * count + 3) // 4 * 4
    assert at == len(content)
    return network


def forward(layers: list[dict[str, Any]], pixels: Pixels) -> Probabilities:
    flowing = pixels
    for layer in layers:
        if layer["kind"] == "convolution":
            windows = np.lib.stride_tricks.sliding_window_view(flowing, layer["kernel"][:2], (1, 2))
            flowing = np.einsum("nyxcij,ijco->nyxo", windows, layer["weights"]) + layer["bias"]
        elif layer["kind"] == "max_pooling":
            size = layer["size"]
            height, width = (edge // size for edge in flowing.shape[1:3])
            cut = flowing[:, : height * size, : width * size]
            flowing = cut.reshape(len(cut), height, size, width, size, -1).max(axis=(2, 4))
        else:
            flowing = flowing.reshape(len(flowing), -1) @ layer["weights"] + layer["bias"]
        if layer["relu"]:
            flowing = np.maximum(flowing, 0)
    powers = np.exp(flowing - flowing.max(axis=1, keepdims=True))
    probabilities: Probabilities = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


@pytest.mark.parametrize("name", json.loads((MODELS / "bundle.json").read_text())["models"])
def test_a_networks_file_is_the_network(files: NetworkFiles, samples: Samples, name: str) -> None:
    content = files.content(files.names()[name])
    assert len(content) <= MAX_BYTES
    pixels: Pixels = samples.images[::3, ..., np.newaxis].astype(np.float32) / np.float32(255)
    engine = LiteRTEngine(MODELS / name / "1" / "assets.extra" / "model.tflite")
    expected = engine.predict(pixels)
    found = forward(parse(content)["layers"], pixels)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
    entry = Bundle(MODELS).manifest.models[name]
    for kind, said in (("dataset", entry.assessment), ("photo", entry.photo_assessment)):
        assert said is not None
        assert parse(content)["calibration"][kind] == {"temperature": said.temperature, "bias": said.bias}


def test_a_files_name_follows_its_content(files: NetworkFiles) -> None:
    names = files.names()
    assert len(set(names.values())) == len(names)
    with pytest.raises(NotFoundError, match="load the page again"):
        files.content("cnn_a.0123456789abcdef.bin")


@pytest.mark.parametrize("operator", [3, 17, 25], ids=["a convolution", "pooling", "the softmax"])
def test_a_network_of_other_layers_has_no_file(bundle: Path, monkeypatch: pytest.MonkeyPatch, operator: int) -> None:
    read = litert_layers._Table.number

    def of_another_kind(table: litert_layers._Table, slot: int, kind: str = "b") -> int:
        value = read(table, slot, kind)
        return 99 if (slot, kind, value) == (3, "i", operator) else value

    monkeypatch.setattr(litert_layers._Table, "number", of_another_kind)
    assert set(NetworkFiles(Bundle(bundle)).names()) <= {"baseline"}
