"""Each rule, fed with made-up results, gives each verdict."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.report.test_report import build, made_up
from training.data.corruptions import CORRUPTIONS
from training.data.fashion_mnist import FashionMNIST
from training.evaluation.probes import MAX_SHIFT
from training.experiments.runs import Probes, RunFolder
from training.report import claims, learning_curve

LOW, HIGH = [0.870, 0.872, 0.871, 0.869, 0.873], [0.911, 0.912, 0.910, 0.913, 0.911]
SIMILAR = [0.912, 0.910, 0.911, 0.912, 0.910]
HIGHER = [v + 0.02 for v in HIGH]


def verdict(claim: str, content: dict[str, Any]) -> str:
    (found,) = [c for c in content["claims"] if c["id"] == claim]
    assert found["rule"]
    word: str = found["verdict"]
    assert bool(found["evidence"]) or word == "not tested"
    return word


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [
        ({"baseline": LOW, "cnn_a": HIGH, "cnn_b": HIGH}, "supported"),
        ({"baseline": LOW, "cnn_a": HIGH, "cnn_b": LOW[::-1]}, "not separable"),
        ({"baseline": HIGH, "cnn_a": HIGHER, "cnn_b": LOW}, "not supported"),
        ({"baseline": LOW, "cnn_a": HIGH}, "not tested"),
        ({"baseline": LOW[:2], "cnn_a": HIGH[:2], "cnn_b": HIGH[:2]}, "not tested"),
    ],
)
def test_convolution_beats_dense(
    tmp_path: Path, tiny: FashionMNIST, accuracies: dict[str, list[float]], expected: str
) -> None:
    assert verdict("convolution-beats-dense", build(tmp_path, tiny, **accuracies)) == expected


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [(HIGHER, HIGH, "supported"), (HIGH, HIGHER, "not supported"), (HIGH, SIMILAR, "not separable")],
)
def test_kernel_size(tmp_path: Path, tiny: FashionMNIST, narrow: list[float], wide: list[float], expected: str) -> None:
    assert verdict("kernel-size", build(tmp_path, tiny, baseline=LOW, cnn_a=narrow, cnn_b=wide)) == expected


@pytest.mark.parametrize(
    ("dense_permuted", "cnn_permuted", "expected"),
    [
        (LOW[::-1], [v - 0.03 for v in HIGH], "supported"),
        (LOW[::-1], [v + 0.02 for v in HIGH], "not supported"),
        (LOW[::-1], SIMILAR, "not separable"),
        ([v - 0.01 for v in LOW], [v - 0.03 for v in HIGH], "not tested"),
        ([], [], "not tested"),
    ],
)
def test_spatial_structure(
    tmp_path: Path, tiny: FashionMNIST, dense_permuted: list[float], cnn_permuted: list[float], expected: str
) -> None:
    content = build(
        tmp_path, tiny, baseline=LOW, cnn_a=HIGH, baseline_permuted=dense_permuted, cnn_a_permuted=cnn_permuted
    )
    assert verdict("spatial-structure", content) == expected


def probed(tmp_path: Path, tiny: FashionMNIST, **lost: list[float]) -> dict[str, Any]:
    """Build a report in which networks lose so much accuracy at each pixel of distance, seed by seed."""
    runs = RunFolder(tmp_path)
    offsets = np.abs(np.arange(-MAX_SHIFT, MAX_SHIFT + 1))
    distance = np.maximum(offsets[:, None], offsets[None, :])
    curve = {"ece": 0.02, "nll": 0.3, "brier": 0.1, "bins": [{"images": 4, "confidence": 0.9, "accuracy": 0.8}]}
    for name, by_seed in lost.items():
        for seed, share in enumerate(by_seed):
            runs.save_probes(
                Probes(
                    experiment=name,
                    seed=seed,
                    predictions_sha256=made_up(name, seed, 0.9, tiny).predictions_sha256,
                    translation={"images": 9, "accuracy": (0.9 - share * distance).tolist(), "changed_at_1px": 0.08},
                    corruptions={
                        "images": 9,
                        "clean": 0.9,
                        "accuracy": {name: [0.9 - share] * 5 for name in CORRUPTIONS},
                    },
                    calibration={"temperature": 1.2, "before": curve, "after": curve},
                    confident_errors=[],
                    anatomy=None,
                    wall_time_s=1.0,
                    provenance={},
                )
            )
    return build(tmp_path, tiny, **{name: [0.9] * len(by_seed) for name, by_seed in lost.items()})


@pytest.mark.parametrize(("share", "expected"), [(0.009, "supported"), (0.011, "not supported")])
def test_translation_invariance(tmp_path: Path, tiny: FashionMNIST, share: float, expected: str) -> None:
    content = probed(tmp_path, tiny, cnn_a=[share] * 3)
    assert verdict("translation-invariance", content) == expected
    lost = content["experiments"][0]["probes"]["translation"]["lost_at"]
    assert [lost[str(d)]["mean"] for d in (1, 2, 8)] == pytest.approx([share, 2 * share, 8 * share])


def test_translation_without_probes(tmp_path: Path, tiny: FashionMNIST) -> None:
    content = build(tmp_path, tiny, cnn_a=HIGH)
    assert verdict("translation-invariance", content) == "not tested"
    assert content["experiments"][0]["probes"] is None


@pytest.mark.parametrize(
    ("cnn", "dense", "expected"),
    [
        ([0.05, 0.06, 0.055], [0.15, 0.16, 0.154], "supported"),
        ([0.15, 0.16, 0.154], [0.05, 0.06, 0.055], "not supported"),
        ([0.05, 0.06, 0.055], [0.06, 0.05, 0.055], "not separable"),
        ([0.05], [0.15], "not tested"),
    ],
)
def test_translation_tolerance(
    tmp_path: Path, tiny: FashionMNIST, cnn: list[float], dense: list[float], expected: str
) -> None:
    assert verdict("translation-tolerance", probed(tmp_path, tiny, baseline=dense, cnn_a=cnn)) == expected


def test_corruption_errors_are_relative_to_the_baseline(tmp_path: Path, tiny: FashionMNIST) -> None:
    rows = probed(tmp_path, tiny, baseline=[0.1] * 3, cnn_a=[0.3] * 3)["experiments"]
    assert [r["probes"]["corruptions"]["relative_error"] for r in rows] == pytest.approx([1, 2])


@pytest.mark.parametrize(("dense", "expected"), [(300, "supported"), (200, "not supported")])
def test_fewer_parameters(tmp_path: Path, tiny: FashionMNIST, dense: int, expected: str) -> None:
    content = build(tmp_path, tiny, baseline=LOW, cnn_a=HIGH, cnn_b=HIGH)
    content["experiments"][0]["parameters"] = dense
    content["claims"] = claims.decide(content)
    assert verdict("fewer-parameters", content) == expected


@pytest.mark.parametrize(("cnn", "expected"), [(0.88, "supported"), (0.852, "not supported"), (0.84, "not supported")])
def test_less_data(tmp_path: Path, tiny: FashionMNIST, cnn: float, expected: str) -> None:
    """The dense network goes from 80 to 88 % between 100 and all images; 85 % lies between."""
    content = build(
        tmp_path, tiny, baseline=[0.88] * 5, baseline_n100=[0.80] * 5, cnn_a=[cnn] * 5, cnn_a_n100=[0.81] * 5
    )
    assert verdict("less-data", content) == expected


def test_images_needed_are_interpolated_on_a_logarithmic_scale() -> None:
    rows = [
        {"name": name, "train_size": size, "test_accuracy": {"mean": mean, "ci95": None}, "seeds": 5}
        for network in ("baseline", "cnn_a")
        for name, size, mean in ((network, None, 0.9), (f"{network}_n100", 100, 0.8), (f"{network}_n10", 10, 0.7))
    ]
    curve = learning_curve.build(rows, all_images=10_000)
    assert curve is not None
    assert [point["images"] for point in curve["cnn_a"]] == [10, 100, 10_000]
    assert curve["images_for_85"]["cnn_a"] == pytest.approx(1_000)
    assert learning_curve.build(rows[:1], all_images=10_000) is None
