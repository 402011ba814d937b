"""SavedModels that others made: what they take and give is told by their answers, and they are found where they lie."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.initializers import GlorotUniform
from PIL import Image

from service.arrays import scale
from service.models.bundle import Bundle
from service.models.classifier import Classifier, Models
from tests.conftest import DATA, MODELS, Samples, StartServer

Network = Callable[[Any], Any]


class Released:
    """The released baseline: float32 (N, 28, 28, 1) in 0…1 → probabilities."""

    def __init__(self) -> None:
        self.loaded = tf.saved_model.load(str(MODELS / "baseline" / "1"))  # it owns the variables

    def __call__(self, images: Any) -> Any:
        return self.loaded.signatures["serving_default"](images=images)["probabilities"]


@pytest.fixture(scope="module")
def released() -> Released:
    return Released()


def export(
    network: Network,
    folder: Path,
    released: Released,
    *,
    shape: tuple[int, ...] = (28, 28, 1),
    name: str = "serving_default",
    litert: bool = False,
    dtype: Any = tf.float32,
) -> Path:
    """Write a SavedModel whose one signature is the network's, and its LiteRT model."""
    module = tf.Module()
    module.kept = released.loaded
    signature = tf.function(network, input_signature=[tf.TensorSpec((None, *shape), dtype, name="x")])
    tf.saved_model.save(module, str(folder), signatures={name: signature})
    if litert:
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[name])
        (folder / "assets.extra").mkdir()
        (folder / "assets.extra" / "model.tflite").write_bytes(converter.convert())
    return folder


def loaded(folder: Path, engine: str) -> Classifier:
    models = Models(Bundle(folder), engine)
    models.load()
    return models.get()


ENGINES = pytest.mark.parametrize("engine", ["tensorflow", "litert"])


@ENGINES
def test_logits_get_their_softmax_and_it_is_said(
    released: Released, samples: Samples, tmp_path: Path, engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    export(
        lambda x: {"dense_1": tf.math.log(released(x) + 1e-9) + 2.0},
        tmp_path / "1",
        released=released,
        litert=engine == "litert",
    )
    with caplog.at_level(logging.WARNING):
        classifier = loaded(tmp_path, engine)
    assert classifier.notes == ("model gives logits, not probabilities: softmax is applied to them",)
    assert classifier.notes[0] in caplog.text
    pixels = scale(samples.images[:40])[..., np.newaxis]
    found = classifier.engine.predict(pixels)
    np.testing.assert_allclose(found, released(tf.constant(pixels)).numpy(), atol=1e-4)
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-5


def test_the_tutorials_network_without_softmax_is_served_with_probabilities(
    tmp_path: Path, start_server: StartServer
) -> None:
    """Flatten, Dense 128, Dense 10, with images of 28×28: no channel, no softmax."""
    network = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu", kernel_initializer=GlorotUniform(seed=1)),
            keras.layers.Dense(10, kernel_initializer=GlorotUniform(seed=2)),
        ]
    )
    network.export(tmp_path / "1", verbose=False)
    by_tensorflow = loaded(tmp_path, "tensorflow")
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "1"), signature_keys=["serving_default"])
    (tmp_path / "1" / "assets.extra").mkdir()
    (tmp_path / "1" / "assets.extra" / "model.tflite").write_bytes(converter.convert())
    url = start_server(SERVICE_MODEL_DIR=str(tmp_path))
    content = (DATA / "dress.png").read_bytes()
    answer = httpx.post(f"{url}/predict", content=content, headers={"content-type": "image/png"}).json()
    shares = {one["class_id"]: one["probability"] for one in answer["predictions"]}
    assert min(shares.values()) >= 0
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    pixels = (np.asarray(Image.open(DATA / "dress.png"), np.float32) / np.float32(255)).reshape(1, 28, 28, 1)
    expected = by_tensorflow.engine.predict(pixels)[0]
    assert [shares[class_id] for class_id in range(10)] == pytest.approx(expected.tolist(), abs=1e-4)
    notes = httpx.get(f"{url}/v1/models/model/metadata").json()["metadata"]["notes"]
    assert "logits" in notes[0]
    assert "was it trained on Fashion-MNIST" in notes[1]  # it was not trained at all
    assert list(by_tensorflow.notes) == notes


@ENGINES
def test_a_network_that_scales_its_input_itself_is_given_0_to_255(
    released: Released, samples: Samples, tmp_path: Path, engine: str
) -> None:
    export(lambda x: {"y": released(x / 255.0)}, tmp_path / "1", released, litert=engine == "litert")
    classifier = loaded(tmp_path, engine)
    assert "from 0 to 255" in classifier.notes[0]
    pixels = scale(samples.images[:40])[..., np.newaxis]
    np.testing.assert_allclose(classifier.engine.predict(pixels), released(tf.constant(pixels)).numpy(), atol=1e-4)


def test_a_network_for_pixels_from_minus_1_to_1_is_given_those(
    released: Released, samples: Samples, tmp_path: Path
) -> None:
    export(lambda x: {"y": released((x + 1.0) / 2.0)}, tmp_path / "1", released)
    classifier = loaded(tmp_path, "tensorflow")
    assert "from -1 to 1" in classifier.notes[0]
    pixels = scale(samples.images[:40])[..., np.newaxis]
    np.testing.assert_allclose(classifier.engine.predict(pixels), released(tf.constant(pixels)).numpy(), atol=1e-4)


def test_probabilities_of_eight_bits_are_divided_by_their_sum(
    released: Released, samples: Samples, tmp_path: Path
) -> None:
    export(lambda x: {"y": tf.round(released(x) * 256.0) / 256.0}, tmp_path / "1", released)
    classifier = loaded(tmp_path, "tensorflow")
    assert classifier.notes == (
        "model gives probabilities that are rounded, as of 8 bits: they are divided by their sum",
    )
    pixels = scale(samples.images[:40])[..., np.newaxis]
    found = classifier.engine.predict(pixels)
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-5
    np.testing.assert_allclose(found, released(tf.constant(pixels)).numpy(), atol=0.01)


@pytest.mark.parametrize(
    ("engine", "shape"),
    [("tensorflow", (28, 28)), ("tensorflow", (784,)), ("tensorflow", (28, 28, 1)), ("litert", (784,))],
)
def test_images_of_each_shape_are_given_as_the_model_takes_them(
    released: Released, samples: Samples, tmp_path: Path, engine: str, shape: tuple[int, ...]
) -> None:
    def network(x: Any) -> Any:
        return {"y": released(tf.reshape(x, (-1, 28, 28, 1)))}

    export(network, tmp_path / "1", released, shape=shape, litert=engine == "litert")
    classifier = loaded(tmp_path, engine)
    assert classifier.notes == ()
    pixels = (samples.images[:33] / np.float32(255)).astype(np.float32)[..., np.newaxis]
    np.testing.assert_allclose(classifier.engine.predict(pixels), released(tf.constant(pixels)).numpy(), atol=1e-4)


@ENGINES
def test_of_several_outputs_the_labels_one_is_read(
    released: Released, samples: Samples, tmp_path: Path, engine: str
) -> None:
    def network(x: Any) -> Any:
        return {"features": tf.reshape(x, (-1, 784))[:, :64], "z": released(x)}

    export(network, tmp_path / "1", released, litert=engine == "litert")
    classifier = loaded(tmp_path, engine)
    pixels = (samples.images[:3] / np.float32(255)).astype(np.float32)[..., np.newaxis]
    np.testing.assert_allclose(classifier.engine.predict(pixels), released(tf.constant(pixels)).numpy(), atol=1e-4)


@pytest.mark.parametrize(
    ("engine", "network", "words"),
    [
        ("litert", lambda p: {"y": p[:, :3]}, r"shape \(100, 3\), not \(100, 10\)"),
        ("tensorflow", lambda p: {"y": tf.concat([p, p], 1)}, r"shape \(100, 20\), not \(100, 10\)"),
        ("tensorflow", lambda p: {"y": tf.sigmoid(p)}, "as a sigmoid does"),
        ("tensorflow", lambda p: {"y": p * 100.0}, "sum to 100 for each image, as percentages do"),
        ("litert", lambda p: {"y": tf.sqrt(p - 2.0)}, "NaN or infinite"),
        ("litert", lambda p: {"a": p, "b": p}, "2 outputs .*name the one with the labels"),
        ("tensorflow", lambda p: {"a": p, "b": p}, "2 outputs .*name the one with the labels"),
    ],
)
def test_what_gives_no_probabilities_is_refused(
    released: Released, tmp_path: Path, engine: str, network: Network, words: str
) -> None:
    export(lambda x: network(released(x)), tmp_path / "1", released, litert=engine == "litert")
    with pytest.raises(Exception, match=words):
        loaded(tmp_path, engine)


def test_a_network_that_pixels_to_255_are_too_large_for_is_served(
    released: Released, samples: Samples, tmp_path: Path
) -> None:
    def network(x: Any) -> Any:
        one = tf.exp(x[:, :1, 0, 0] * 0 + tf.reduce_max(x) * 80)
        return {"y": released(x) * one / one}

    export(network, tmp_path / "1", released)
    classifier = loaded(tmp_path, "tensorflow")
    assert classifier.notes == ()
    pixels = (samples.images[:3] / np.float32(255)).astype(np.float32)[..., np.newaxis]
    np.testing.assert_allclose(classifier.engine.predict(pixels), released(tf.constant(pixels)).numpy(), atol=1e-4)


def test_a_network_for_batches_of_one_size_is_refused(released: Released, tmp_path: Path) -> None:
    module = tf.Module()
    module.kept = released.loaded
    for size, words in ((1, "takes 1 image at a time"), (32, "takes 32 images at a time")):
        signature = tf.function(
            lambda x: {"y": released(x)}, input_signature=[tf.TensorSpec((size, 28, 28, 1), tf.float32, name="x")]
        )
        tf.saved_model.save(module, str(tmp_path / str(size) / "1"), signatures={"serving_default": signature})
        with pytest.raises(Exception, match=words):
            loaded(tmp_path / str(size), "tensorflow")
        converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / str(size) / "1"))
        (tmp_path / str(size) / "1" / "assets.extra").mkdir()
        (tmp_path / str(size) / "1" / "assets.extra" / "model.tflite").write_bytes(converter.convert())
        with pytest.raises(Exception, match=r"LiteRT cannot run the model for .* at a time"):
            loaded(tmp_path / str(size), "litert")


def test_a_network_for_images_of_no_stated_shape_is_refused(released: Released, tmp_path: Path) -> None:
    module = tf.Module()
    module.kept = released.loaded
    signature = tf.function(
        lambda x: {"y": released(tf.reshape(x, (-1, 28, 28, 1)))}, input_signature=[tf.TensorSpec(None, name="x")]
    )
    tf.saved_model.save(module, str(tmp_path / "1"), signatures={"serving_default": signature})
    with pytest.raises(Exception, match=r"does not say of what shape its input is; .*\(None, 28, 28, 1\)"):
        loaded(tmp_path, "tensorflow")


def test_other_signatures_and_inputs_are_refused_or_told_apart(released: Released, tmp_path: Path) -> None:
    export(lambda x: {"y": released(x)}, tmp_path / "one" / "1", released, name="classify")
    assert loaded(tmp_path / "one", "tensorflow").notes == ()
    module = tf.Module()
    module.kept = released.loaded
    spec = tf.TensorSpec((None, 28, 28, 1), tf.float32, name="x")
    functions = {
        name: tf.function(lambda x: {"y": released(x)}, input_signature=[spec]) for name in ("classify", "regress")
    }
    tf.saved_model.save(module, str(tmp_path / "two" / "1"), signatures=functions)
    with pytest.raises(Exception, match="no signature serving_default, and classify, regress instead"):
        loaded(tmp_path / "two", "tensorflow")
    both = tf.function(
        lambda x, z: {"y": released(x + z)}, input_signature=[spec, tf.TensorSpec((None, 28, 28, 1), name="z")]
    )
    tf.saved_model.save(module, str(tmp_path / "inputs" / "1"), signatures={"serving_default": both})
    with pytest.raises(Exception, match=r"2 inputs \(x, z\)"):
        loaded(tmp_path / "inputs", "tensorflow")
    export(lambda x: {"y": released(x[..., :1])}, tmp_path / "rgb" / "1", released, shape=(28, 28, 3))
    with pytest.raises(Exception, match="float32, 28×28×3 an image"):
        loaded(tmp_path / "rgb", "tensorflow")
    export(
        lambda x: {"y": released(tf.cast(x, tf.float32) / 255.0)},
        tmp_path / "u" / "1",
        released=released,
        dtype=tf.uint8,
    )
    with pytest.raises(Exception, match="input is uint8"):
        loaded(tmp_path / "u", "tensorflow")
