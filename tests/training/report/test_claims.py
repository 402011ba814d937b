"""Each rule, fed with made-up results, gives each verdict."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.training.report.test_report import HIGH, LOW, SIMILAR, made_up
from training.data.corruptions import CORRUPTIONS
from training.data.fashion_mnist import FashionMNIST
from training.evaluation import statistics
from training.evaluation.probes import MAX_SHIFT
from training.experiments.registry import EXPERIMENTS
from training.experiments.runs import Probes, RunFolder
from training.report import claims, document, learning_curve, rules
from training.sentences import in_spanish

HIGHER = [v + 0.02 for v in HIGH]
SCATTERED = [0.93, 0.90, 0.92, 0.89, 0.915]
WORDS = {"supported", "not supported", "equivalent", "not separable", "not tested"}


def lost(share: float) -> dict[str, Any]:
    """An examination in which moving costs so much at each pixel, blur half of it."""
    moved = {distance: 0.9 - share * int(distance) for distance in ("0", "1", "2", "4")}
    return {
        "moved": {"whole": moved, "shrunk": moved},
        "blurred": {"clean": 0.9, "accuracy": [0.9 - share / 2] * 5},
        "strip_blacked": 0.85,
        "pruned": {"0.5": 0.8},
    }


def build(
    tmp_path: Path, tiny: FashionMNIST, losses: dict[str, list[float]] | None = None, **accuracies: list[float]
) -> dict[str, Any]:
    """Build a report of runs with these accuracies, by seed; their networks examined where losses are given."""
    runs = RunFolder(tmp_path)
    for name, values in accuracies.items():
        for number, value in enumerate(values):
            seed = EXPERIMENTS[name].first_seed + number
            run = made_up(name, seed, value, tiny)
            shares = (losses or {}).get(name)
            runs.save(replace(run, examined=lost(shares[number])) if shares else run)
    return document.build(list(EXPERIMENTS.values()), runs, tiny, served_seed=0).content


def verdict(claim: str, content: dict[str, Any]) -> str:
    (found,) = [c for c in content["claims"] if c["id"] == claim]
    word: str = found["verdict"]
    assert word in WORDS
    assert found["rule"]
    assert found["sentence"]
    assert (found["sentence"] in content["summary"]) is (found["sentence"] != claims.NOTHING_KNOWN)
    assert found["sentence"].startswith("Not tested") is (word == "not tested")
    assert bool(found["evidence"]) or word == "not tested"
    said = [found["claim"], found["sentence"], found["rule"], *found["evidence"]]
    assert [sentence for sentence in said if in_spanish(sentence) == sentence] == []
    return word


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [
        ({"baseline": LOW, "cnn_a": HIGH, "cnn_b": HIGH}, "supported"),
        ({"baseline": LOW, "cnn_a": HIGH, "cnn_b": LOW[::-1]}, "not separable"),
        ({"baseline": HIGH, "cnn_a": HIGHER, "cnn_b": LOW}, "not supported"),
        ({"baseline": LOW, "cnn_a": HIGH}, "not tested"),
        ({"baseline": LOW[:4], "cnn_a": HIGH[:4], "cnn_b": HIGH[:4]}, "not tested"),
    ],
)
def test_convolution_beats_dense(
    tmp_path: Path, tiny: FashionMNIST, accuracies: dict[str, list[float]], expected: str
) -> None:
    assert verdict("convolution-beats-dense", build(tmp_path, tiny, None, **accuracies)) == expected


@pytest.mark.parametrize(
    ("best", "expected"),
    [(LOW, "supported"), (HIGHER, "not supported"), (SIMILAR, "not separable"), ([], "not tested")],
)
def test_fair_training(tmp_path: Path, tiny: FashionMNIST, best: list[float], expected: str) -> None:
    """The rate in the middle is best on validation, and it alone is compared."""
    worse = [v - 0.01 for v in best]
    content = build(
        tmp_path, tiny, baseline=LOW, cnn_a=HIGH, baseline_fair_3e4=worse, baseline_fair_1e3=best,
        baseline_fair_3e3=worse,
    )  # fmt: skip
    assert verdict("fair-training", content) == expected
    assert content["fair"] == ("baseline_fair_1e3" if best else None)


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [
        (HIGHER, HIGH, "supported"),
        (HIGH, HIGHER, "not supported"),
        (HIGH, SIMILAR, "equivalent"),
        (HIGH, SCATTERED, "not separable"),
        (HIGH, HIGH[:2], "not tested"),
    ],
)
def test_kernel_size(tmp_path: Path, tiny: FashionMNIST, narrow: list[float], wide: list[float], expected: str) -> None:
    content = build(tmp_path, tiny, cnn_a=narrow * 2, cnn_b_visible=wide * 2 if len(wide) > 4 else wide)
    assert verdict("kernel-size", content) == expected


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [
        ([0.20, 0.21, 0.20, 0.22, 0.2], [0.1, 0.11, 0.1, 0.1, 0.1], "supported"),
        ([0.10, 0.11, 0.10, 0.12, 0.1], [0.2, 0.21, 0.2, 0.2, 0.2], "not supported"),
        ([0.10, 0.12, 0.10, 0.12, 0.1], [0.12, 0.1, 0.11, 0.1, 0.11], "not separable"),
        ([0.10, 0.11], [0.2, 0.21], "not tested"),
    ],
)
def test_finer_detail(
    tmp_path: Path, tiny: FashionMNIST, narrow: list[float], wide: list[float], expected: str
) -> None:
    content = build(
        tmp_path, tiny, {"cnn_a": narrow, "cnn_b": wide}, cnn_a=HIGH[: len(narrow)], cnn_b=HIGH[: len(wide)]
    )
    assert verdict("finer-detail", content) == expected


@pytest.mark.parametrize(
    ("dense_permuted", "cnn_permuted", "expected"),
    [
        (LOW[::-1], [v - 0.03 for v in HIGH], "supported"),
        (LOW[::-1], [v + 0.02 for v in HIGH], "not supported"),
        (LOW[::-1], SIMILAR, "not separable"),
        ([v - 0.01 for v in LOW], [v - 0.03 for v in HIGH], "not tested"),  # the dense network noticed
        (SCATTERED, [v - 0.03 for v in HIGH], "not tested"),  # whether it noticed is not known
        ([], [], "not tested"),
    ],
)
def test_spatial_structure(
    tmp_path: Path, tiny: FashionMNIST, dense_permuted: list[float], cnn_permuted: list[float], expected: str
) -> None:
    content = build(
        tmp_path, tiny, cnn_a=HIGH, baseline_visible=LOW * 3, baseline_permuted_visible=dense_permuted * 3,
        cnn_a_permuted_visible=cnn_permuted,
    )  # fmt: skip
    assert verdict("spatial-structure", content) == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [(LOW, "supported"), (HIGHER, "not supported"), (SIMILAR, "not separable"), ([], "not tested")],
)
def test_hierarchy(tmp_path: Path, tiny: FashionMNIST, one: list[float], expected: str) -> None:
    assert verdict("hierarchy", build(tmp_path, tiny, cnn_a=HIGH, cnn_one=one)) == expected


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([0.009, 0.0085, 0.009], "supported"),
        ([0.011, 0.0115, 0.011], "not supported"),
        ([0.002, 0.011, 0.018], "not separable"),
        ([0.001], "not tested"),
    ],
)
def test_translation_invariance(tmp_path: Path, tiny: FashionMNIST, shares: list[float], expected: str) -> None:
    content = build(tmp_path, tiny, {"cnn_a": shares}, cnn_a=HIGH[: len(shares)])
    assert verdict("translation-invariance", content) == expected
    found = content["experiments"][0]["examined"]
    assert found["lost"]["shrunk"]["4"]["mean"] == pytest.approx(4 * np.mean(shares))


TOLERANCES = [
    ([0.05, 0.06, 0.055, 0.05, 0.06], [0.15, 0.16, 0.154, 0.15, 0.16], "supported"),
    ([0.15, 0.16, 0.154, 0.15, 0.16], [0.05, 0.06, 0.055, 0.05, 0.06], "not supported"),
    ([0.05, 0.06, 0.055, 0.05, 0.06], [0.06, 0.05, 0.055, 0.06, 0.05], "not separable"),
    ([0.05], [0.15], "not tested"),
]


@pytest.mark.parametrize(("cnn", "dense", "expected"), TOLERANCES)
def test_translation_tolerance(
    tmp_path: Path, tiny: FashionMNIST, cnn: list[float], dense: list[float], expected: str
) -> None:
    accuracies = {"baseline": LOW[: len(cnn)], "cnn_a": HIGH[: len(cnn)]}
    content = build(tmp_path, tiny, {"baseline": dense, "cnn_a": cnn}, **accuracies)
    assert verdict("translation-tolerance", content) == expected


@pytest.mark.parametrize(("shifted", "cnn", "expected"), TOLERANCES)
def test_invariance_learned(
    tmp_path: Path, tiny: FashionMNIST, shifted: list[float], cnn: list[float], expected: str
) -> None:
    """By the seeds that both have: the dense network's moved copies begin with seed 10."""
    unseen = [0.5] * 10
    content = build(
        tmp_path, tiny, {"cnn_a": unseen + cnn, "baseline_shifted": shifted},
        cnn_a=HIGH * 3 if len(cnn) > 1 else HIGH * 2 + HIGH[:1], baseline_shifted=LOW[: len(shifted)],
    )  # fmt: skip
    assert verdict("invariance-learned", content) == expected


@pytest.mark.parametrize(
    ("small", "expected"),
    [
        (HIGHER, "supported"),
        (SIMILAR, "supported"),
        (LOW, "not supported"),
        (SCATTERED, "not separable"),
        ([], "not tested"),
    ],
)
def test_fewer_parameters(tmp_path: Path, tiny: FashionMNIST, small: list[float], expected: str) -> None:
    assert verdict("fewer-parameters", build(tmp_path, tiny, baseline=HIGH, cnn_half=small)) == expected


@pytest.mark.parametrize(
    ("cnn", "expected"),
    [
        ([0.88, 0.881, 0.882, 0.88, 0.881], "supported"),
        ([0.852, 0.853, 0.852, 0.853, 0.852], "not supported"),
        ([0.87, 0.853, 0.9, 0.852, 0.853], "not separable"),
        ([0.84] * 5, "not tested"),
    ],
)
def test_less_data(tmp_path: Path, tiny: FashionMNIST, cnn: list[float], expected: str) -> None:
    """The dense network goes from 80 to 87 % between 100 and all images; 85 % lies between."""
    dense = [0.871, 0.87, 0.869, 0.87, 0.87]
    content = build(tmp_path, tiny, baseline=dense, baseline_n100=[0.80] * 5, cnn_a=cnn, cnn_a_n100=[0.80] * 5)
    assert verdict("less-data", content) == expected


def test_images_needed_are_interpolated_on_a_logarithmic_scale() -> None:
    rows = [
        {
            "name": name, "train_size": size, "test_accuracy": {"mean": mean, "ci95": None}, "seeds": 5,
            "runs": [{"seed": seed, "test_accuracy": mean} for seed in range(5)],
        }
        for network in ("baseline", "cnn_a")
        for name, size, mean in ((network, None, 0.9), (f"{network}_n100", 100, 0.8), (f"{network}_n10", 10, 0.7))
    ]  # fmt: skip
    curve = learning_curve.build(rows, all_images=10_000)
    assert curve is not None
    assert [point["images"] for point in curve["cnn_a"]] == [10, 100, 10_000]
    assert curve["images_for_85"]["cnn_a"] == pytest.approx(1_000)
    assert all(r["ratio"] == pytest.approx(1) for r in curve["ratios"])
    assert learning_curve.log_images(rows, all_images=10_000)["cnn_a"][3] == pytest.approx(np.log(1_000))
    assert learning_curve.build(rows[:1], all_images=10_000) is None


def test_corruption_errors_are_relative_to_the_baseline(tmp_path: Path, tiny: FashionMNIST) -> None:
    runs = RunFolder(tmp_path)
    curve = {"ece": 0.02, "nll": 0.3, "brier": 0.1, "bins": [{"images": 4, "confidence": 0.9, "accuracy": 0.8}]}
    side = 2 * MAX_SHIFT + 1
    for name, share in (("baseline", 0.1), ("cnn_a", 0.3)):
        runs.save_probes(
            Probes(
                experiment=name,
                seed=0,
                predictions_sha256=made_up(name, 0, 0.9, tiny).predictions_sha256,
                translation={"images": 9, "accuracy": np.full((side, side), 0.9).tolist(), "changed_at_1px": 0.08},
                corruptions={"images": 9, "clean": 0.9, "accuracy": {k: [0.9 - share] * 5 for k in CORRUPTIONS}},
                calibration={"temperature": 1.2, "before": curve, "after": curve},
                confident_errors=[],
                anatomy=None,
                wall_time_s=1.0,
                provenance={},
            )
        )
    rows = build(tmp_path, tiny, baseline=[0.9], cnn_a=[0.9])["experiments"]
    assert [r["probes"]["corruptions"]["relative_error"] for r in rows] == pytest.approx([1, 2])
    assert rows[1]["measured"]["lost_to_blur"]["mean"] == pytest.approx(0.3)


def test_the_rules_name_what_exists() -> None:
    pairs = (*rules.PRIMARY, *rules.EQUIVALENCE)
    assert {name for a, b, _ in pairs for name in (a, b)} - EXPERIMENTS.keys() == {"baseline_fair"}
    assert {metric for _, _, metric in pairs} <= {"test_accuracy", "lost_at_2px", "lost_to_blur", "log_images"}
    assert rules.MIN_PAIRS == statistics.MIN_PAIRS


def test_the_rules_are_those_of_the_commit_that_is_named() -> None:
    import subprocess

    shown = subprocess.run(
        ["git", "show", f"{rules.COMMIT}:training/report/rules.toml"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if shown.returncode:
        pytest.skip("this checkout has no such history")
    assert shown.stdout == (ROOT / "training" / "report" / "rules.toml").read_text()
