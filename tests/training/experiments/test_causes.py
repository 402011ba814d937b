"""The experiments that tell causes apart are what they say: equal sight, matched parameters, moves that cut nothing."""

from functools import partial

import keras
import numpy as np
import pytest

from training.data import augmentation
from training.data.fashion_mnist import FashionMNIST, black_out_strip, permute_visible_pixels, scale
from training.evaluation import examination, metrics
from training.experiments import architectures
from training.experiments.causes import CAUSES
from training.experiments.experiment import Experiment
from training.experiments.registry import EXPERIMENTS

BLIND = ("cnn_a", "cnn_half", "cnn_quarter", "cnn_one", "cnn_three")
SEEING = ("baseline", "cnn_b", "cnn_a_whole")


def network(name: str) -> keras.Model:
    return architectures.ARCHITECTURES[EXPERIMENTS[name].architecture](**EXPERIMENTS[name].arguments)


@pytest.mark.parametrize("name", BLIND + SEEING)
def test_who_is_blind_to_the_strip(name: str, tiny: FashionMNIST) -> None:
    """So CNN A on visible pixels is CNN A: its recorded runs are those of that experiment, too."""
    model, images = network(name), tiny.test_images
    seen, blacked = (metrics.predict(model, scale(some)) for some in (images, black_out_strip(images)))
    assert np.array_equal(seen, blacked) is (name in BLIND)
    one_more = black_out_strip(images)
    one_more[:, 25] = 0
    assert not np.array_equal(seen, metrics.predict(model, scale(one_more)))


def test_depth_alone_differs() -> None:
    two = network("cnn_a").count_params()
    assert all(abs(network(name).count_params() - two) < two / 100 for name in ("cnn_one", "cnn_three"))


@pytest.mark.parametrize("experiment", CAUSES, ids=lambda e: str(e.name))
def test_what_is_said_of_layers_is_true(experiment: Experiment) -> None:
    model = network(experiment.name)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert experiment.convolution_parameters == sum(layer.count_params() for layer in convolutions)
    assert len(experiment.layers) == len(model.layers)


def test_visible_pixels_are_permuted_among_themselves(tiny: FashionMNIST) -> None:
    images = tiny.test_images
    permuted = permute_visible_pixels(images, seed=1)
    assert not permuted[:, 26:].any()
    assert not permuted[:, :, 26:].any()
    before, after = (np.sort(some.reshape(len(some), 28 * 28)) for some in (black_out_strip(images), permuted))
    assert np.array_equal(before, after)
    assert not np.array_equal(permuted, permute_visible_pixels(images, seed=2))
    again = EXPERIMENTS["cnn_a_permuted_visible"].as_seen(images[:3], seed=1)
    assert np.array_equal(again, permuted[:3])


def test_moved_copies_are_the_images_moved(tiny: FashionMNIST) -> None:
    images = examination.shrunk(tiny.train_images[:50])
    moved = augmentation.shifted(images, np.random.default_rng(0), most=2)
    assert np.array_equal(moved.sum(axis=(1, 2), dtype=int), images.sum(axis=(1, 2), dtype=int))
    rows = [
        np.flatnonzero(m.any(axis=1))[0] - np.flatnonzero(i.any(axis=1))[0] for m, i in zip(moved, images, strict=True)
    ]
    assert set(rows) == {-2, -1, 0, 1, 2}


def test_shrunk_garments_have_room_for_four_pixels(tiny: FashionMNIST) -> None:
    small = examination.shrunk(tiny.test_images)
    assert not small[:, :4].any()
    assert not small[:, -4:].any()
    assert not small[:, :, :4].any()
    assert not small[:, :, -4:].any()
    assert small.mean() == pytest.approx(tiny.test_images.mean() * (20 / 28) ** 2, rel=0.02)


def test_an_examination_leaves_the_network_as_it_was(tiny: FashionMNIST) -> None:
    model = network("cnn_quarter")
    before = model.get_weights()
    found = examination.examine(
        model, tiny.test_images, tiny.test_labels, partial(EXPERIMENTS["cnn_a"].as_seen, seed=0)
    )
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert (
        found["strip_blacked"]
        == dict(metrics.metrics(metrics.predict(model, scale(tiny.test_images)), tiny.test_labels))["accuracy"]
    )
    assert found["moved"]["whole"].keys() == {"0", "1", "2", "4"}
    assert len(found["blurred"]["accuracy"]) == 5
    assert found["pruned"].keys() == {"0.5", "0.7", "0.8", "0.9", "0.95"}
