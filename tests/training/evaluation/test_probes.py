"""Corruptions, shifts and calibration, checked by what they must do to real pictures and to made-up networks."""

import numpy as np
import pytest
from scipy import ndimage

from tests.conftest import Samples
from training.data.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from training.data.fashion_mnist import Images, Pixels, permute_pixels
from training.evaluation import calibration, probes
from training.evaluation.metrics import Probabilities


@pytest.fixture(scope="module")
def images(samples: Samples) -> Images:
    return samples.images[:50]


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corruptions_spoil_more_with_severity_and_repeat(images: Images, name: str) -> None:
    spoiled = [corrupt(images, name, severity) for severity in SEVERITIES]
    distances = [float(np.abs(s.astype(float) - images).mean()) for s in spoiled]
    assert distances == sorted(set(distances))
    assert distances[0] > 0
    assert all(s.shape == images.shape and s.dtype == np.uint8 for s in spoiled)
    assert np.array_equal(spoiled[2], corrupt(images, name, 3))


def test_corruptions_are_what_they_are_called(images: Images) -> None:
    assert np.array_equal(corrupt(images, "inversion", 5), 255 - images)
    assert corrupt(images, "brightness", 1).min() == 26
    turned = ndimage.rotate(images[0].astype(float), -45, reshape=False, order=1)
    assert np.abs(corrupt(images, "rotation", 5)[0] - turned).mean() < 1
    smaller = corrupt(images, "scale", 5)
    assert smaller[:, :6].max() == smaller[:, -6:].max() == smaller[:, :, :6].max() == 0
    assert smaller[:, 7:21, 7:21].astype(float).mean() == pytest.approx(images.astype(float).mean(), rel=0.05)
    ones = np.full((20, 28, 28), 255, np.uint8)
    assert ((corrupt(ones, "occlusion", 2) == 0).sum(axis=(1, 2)) == 36).all()


def test_shift_moves_right_and_down_and_back(images: Images) -> None:
    moved = probes.shift(images, 3, -2)
    assert np.array_equal(moved[:, :26, 3:], images[:, 2:, :25])
    assert moved[:, 26:].max() == moved[:, :, :3].max() == 0
    assert np.array_equal(probes.shift(images, 0, 0), images)


def _brightest_column(pixels: Pixels) -> Probabilities:
    """A network that knows only where the light is: class = column of the brightest pixel, modulo 10."""
    columns = pixels[..., 0].max(axis=1).argmax(axis=1) % 10
    return np.asarray(np.eye(10, dtype=np.float32)[columns])


def test_translation_is_measured_where_it_happens() -> None:
    dots = np.zeros((20, 28, 28), np.uint8)
    dots[np.arange(20), 14, 10 + np.arange(20) % 8] = 255
    labels = (np.arange(20) % 8).astype(np.uint8)
    found = probes.translation(_brightest_column, dots, labels, lambda images: images)
    grid = np.array(found["accuracy"])
    assert grid.shape == (17, 17)
    assert (grid[:, 8] == 1).all(), "moving up and down changes nothing"
    assert grid[8, 9] == 0, "moving right does"
    assert found["changed_at_1px"] == 0.5
    assert found["images"] == 20


def test_pictures_are_permuted_after_they_were_moved() -> None:
    seen: list[Pixels] = []

    def network(pixels: Pixels) -> Probabilities:
        seen.append(pixels)
        return np.eye(10, dtype=np.float32)[np.zeros(len(pixels), int)]

    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
    probes.translation(network, images, np.zeros(3, np.uint8), permute_pixels)
    expected = permute_pixels(probes.shift(images, -8, -8)).astype(np.float32) / 255
    assert np.allclose(seen[0][..., 0], expected)


def test_first_of_each_class_are_as_many_of_each(samples: Samples) -> None:
    chosen = probes.first_of_each_class(samples.labels, 7)
    assert np.bincount(samples.labels[chosen]).tolist() == [7] * 10


def _calibrated_answers(temperature: float) -> tuple[Probabilities, np.ndarray[tuple[int], np.dtype[np.uint8]]]:
    """Draw labels from known probabilities, and overstate the certainty by a temperature."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 10))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (rng.random(20_000)[:, None] > honest.cumsum(axis=1)).sum(axis=1).astype(np.uint8)
    return calibration.soften(honest, 1 / temperature), labels


def test_temperature_undoes_overconfidence() -> None:
    probabilities, labels = _calibrated_answers(2.0)
    found = probes.calibrated((probabilities, labels), (probabilities, labels))
    assert found["temperature"] == pytest.approx(2, rel=0.05)
    assert found["before"]["ece"] > 0.1
    assert found["after"]["ece"] < 0.015
    assert found["after"]["nll"] < found["before"]["nll"]
    assert sum(b["images"] for b in found["before"]["bins"]) == len(labels)


def test_calibration_by_hand() -> None:
    probabilities = np.array([[0.8, 0.2], [0.8, 0.2], [0.4, 0.6]])
    found = calibration.measure(probabilities, np.array([0, 1, 1], np.uint8))
    assert found["ece"] == pytest.approx((2 * abs(0.8 - 0.5) + abs(0.6 - 1)) / 3)
    assert found["brier"] == pytest.approx((0.08 + 1.28 + 0.32) / 3)
    assert found["nll"] == pytest.approx(-np.log([0.8, 0.2, 0.6]).mean())


def test_certain_answers_stay_finite() -> None:
    probabilities = np.eye(10, dtype=np.float32)[:5]
    assert np.isfinite(calibration.soften(probabilities, 0.5)).all()
    assert calibration.measure(probabilities, np.arange(5, dtype=np.uint8))["bins"][-1]["images"] == 5


def test_confident_errors_come_surest_first() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]])
    found = probes.confident_errors(probabilities, np.array([1, 1, 1], np.uint8))
    assert found == [
        {"image": 0, "label": 1, "predicted": 0, "confidence": 0.9},
        {"image": 1, "label": 1, "predicted": 0, "confidence": 0.6},
    ]
