"""What the release fits: known answers, and the service's arithmetic is the same."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from service.models.assessment import Assessor
from service.models.golden_samples import SCORE_TOLERANCE
from training.data import ood_pictures
from training.evaluation.calibration import soften
from training.release import assessment, ood_evaluation
from training.release.assessment import BANDS, MIN_IMAGES, fit_score, reliability


def test_reliability_counts_by_label_and_band_and_pools_what_is_thin() -> None:
    # Label 0 at 95 %: 40 images, 30 right. Label 1 at 95 %: 10 images, 8 right. Label 1 at 60 %: 5 images, none right.
    confidence = np.array([0.95] * 50 + [0.6] * 5)
    predicted = np.array([0] * 40 + [1] * 15, np.uint8)
    labels = np.array([0] * 30 + [1] * 10 + [1] * 8 + [0] * 2 + [0] * 5, np.uint8)
    table = reliability(confidence, predicted, labels, classes=2)
    assert [len(row) for row in table] == [len(BANDS)] * 2
    own = table[0][3]
    assert (own["accuracy"], own["images"]) == (0.75, 40)
    # Wilson (1927) for 30 of 40, by hand: centre (p + z²/2n)/(1 + z²/n), z = 1.959964.
    assert own["ci95"] == pytest.approx([0.72810 - 0.13003, 0.72810 + 0.13003], abs=1e-4)
    assert (table[1][3]["accuracy"], table[1][3]["images"]) == (38 / 50, 50)  # 10 are too few: the band's
    assert (table[1][1]["accuracy"], table[1][1]["images"]) == (0.6909, 55)  # the band has 5: all images
    assert [own["over"], table[1][3]["over"], table[1][1]["over"]] == ["label", "confidence", "all"]
    assert MIN_IMAGES == 30


def test_the_surest_answers_are_not_said_to_be_the_least_reliable() -> None:
    """Few are that sure: those beside them stand in for them, not all images, of which many more are wrong."""
    confidence = np.array([0.995] * 10 + [0.95] * 30 + [0.6] * 60)
    predicted = np.zeros(100, np.uint8)
    labels = np.array([0] * 10 + [0] * 27 + [1] * 3 + [0] * 30 + [1] * 30, np.uint8)
    surest = reliability(confidence, predicted, labels, classes=2)[1][-1]
    assert (surest["over"], surest["images"], surest["accuracy"]) == ("confidence", 40, 0.925)


def _made_up(count: int, seed: int) -> tuple[Any, Any, Any]:
    """Three classes apart in features of 5; images in a plane of 2 dimensions and a little more."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count).astype(np.uint8)
    features = (np.eye(3, 5)[labels] * 6 + rng.normal(size=(count, 5))).astype(np.float32)
    basis = np.random.default_rng(0).random((2, 784))
    flat = rng.random((count, 2)) @ basis / 2 + rng.normal(0, 0.05, (count, 784))
    return flat.reshape(-1, 28, 28, 1).astype(np.float32), features, labels


def test_the_score_sees_strange_features_and_strange_pixels() -> None:
    score = fit_score(_made_up(3_000, 1), _made_up(1_000, 2)[:2])
    pixels, features, _ = _made_up(1_000, 3)
    usual = score(pixels, features)
    assert abs(score.distance(features).mean()) < 0.15
    assert abs(score.unexplained(pixels).std() - 1) < 0.15
    between = np.tile(features.mean(axis=0), (1_000, 1))  # near the mean of all, far from every class's
    assert ood_evaluation.auroc(usual, score(pixels, between)) > 0.95
    noise = np.random.default_rng(4).random(pixels.shape, np.float32)
    assert ood_evaluation.auroc(usual, score(noise, features)) > 0.99
    # The relative distance is that of its definition, up to scale and offset.
    train = _made_up(3_000, 1)
    means = np.stack([train[1][train[2] == c].mean(axis=0) for c in range(3)])
    ridge = 1e-3 * np.eye(5)
    within = np.linalg.inv(np.cov((train[1] - means[train[2]]).T) + ridge)
    overall = np.linalg.inv(np.cov(train[1].T) + ridge)
    off, away = features[:, None] - means, features - train[1].mean(axis=0)
    nearest = np.einsum("ncd,de,nce->nc", off, within, off).min(axis=1)
    plain = nearest - np.einsum("nd,de,ne->n", away, overall, away)
    assert np.corrcoef(plain, score.distance(features))[0, 1] == pytest.approx(1, abs=1e-6)


def test_the_service_computes_the_same_score(tmp_path: Any) -> None:
    score = fit_score(_made_up(500, 1), _made_up(200, 2)[:2])
    np.savez(tmp_path / "outliers.npz", **vars(score))
    pixels, features, _ = _made_up(20, 3)
    said = SimpleNamespace(
        reference=None,
        bias=[],
        temperature=2.0,
        bands=[0.0],
        reliability=[],
        threshold=1.0,
        outliers="outliers.npz",
        decision=SimpleNamespace(min_confidence=0.5),
    )
    assessor = Assessor(cast(Any, SimpleNamespace(path=lambda name: tmp_path / name)), cast(Any, said))
    expected = score(pixels, features)
    assert assessor.score(pixels, features) == pytest.approx(expected.tolist(), abs=SCORE_TOLERANCE)
    # The square root of odds 9 to 1 is 3 to 1; a probability of 0 stays what it is.
    calibrated = assessor.calibrate(np.array([[0.9, 0.1, 0.0], [0.0, 0.5, 0.5]], np.float32))
    np.testing.assert_allclose(calibrated, [[0.75, 0.25, 0.0], [0.0, 0.5, 0.5]], atol=1e-5)
    said.bias = [0.5, -1.0, 0.0]
    assessor = Assessor(cast(Any, SimpleNamespace(path=lambda name: tmp_path / name)), cast(Any, said))
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), 20).astype(np.float32)
    np.testing.assert_allclose(assessor.calibrate(probabilities), soften(probabilities, 2.0, said.bias), atol=1e-6)


def test_a_histogram_counts_its_upper_edges() -> None:
    found = assessment._histogram(np.array([0.0, 0.4, 0.40001, 2.0]), (0.4, 1.0))
    assert found == {"edges": [0.4, 1.0], "counts": [2, 1, 1]}


def test_brightness_and_polarity() -> None:
    picture = np.zeros((1, 28, 28, 1), np.float32)
    picture[:, 7:21, 7:21] = 1
    assert assessment.brightness(picture).tolist() == pytest.approx([0.25])
    assert assessment.polarity(picture).tolist() == pytest.approx([-1])
    assert assessment.polarity(1 - picture).tolist() == pytest.approx([1])


def test_outliers_are_the_same_every_time_and_of_every_kind() -> None:
    for kind in ood_pictures.KINDS:
        drawn = ood_pictures.draw(kind, count=5, seed=3)
        assert drawn.shape == (5, 28, 28)
        assert drawn.dtype == np.uint8
        assert np.array_equal(drawn, ood_pictures.draw(kind, count=5, seed=3))
        assert not np.array_equal(drawn, ood_pictures.draw(kind, count=5, seed=4))
    assert sorted(kind for kinds in ood_pictures.GROUPS.values() for kind in kinds) == sorted(ood_pictures.KINDS)


def test_auroc_of_known_scores() -> None:
    assert ood_evaluation.auroc(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 1
    assert ood_evaluation.auroc(np.array([1.0, 3.0]), np.array([1.0, 4.0])) == (0.5 + 1 + 0 + 1) / 4
