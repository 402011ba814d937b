"""The report's section on photographs: what it counts together, what it keeps apart, and its verdict."""

from dataclasses import replace
from typing import Any

import pytest

from training.evaluation.photographs import COVERAGES
from training.experiments.experiment import Experiment
from training.experiments.registry import EXPERIMENTS
from training.experiments.runs import Run
from training.report import photographs

NAMES = ("baseline_photos", "cnn_a_photos", "cnn_a_photos_half", "cnn_a_photos_brightness")


def measured(accuracy: float) -> dict[str, Any]:
    return {
        "garments": 300,
        "others": 70,
        "accuracy": accuracy,
        "surer_half": min(1.0, accuracy + 0.2),
        "auroc": 0.8,
        "coverage": [[share, accuracy] for share in COVERAGES],
        "classes": {"0": [50, 100]},
        "refused_others": 0.3,
    }


def finished(**accuracies: list[float]) -> list[tuple[Experiment, list[Run]]]:
    blank = Run(
        experiment="",
        seed=0,
        fingerprint="",
        parameters=1,
        multiply_adds=1,
        epochs=1,
        history={},
        validation={},
        test={"accuracy": 0.92},
        test_predictions="",
        photographs=None,
        examined=None,
        wall_time_s=1.0,
        provenance={},
    )
    return [
        (
            EXPERIMENTS[name],
            [
                replace(blank, seed=seed, photographs={"held_out": measured(share - 0.01), "report": measured(share)})
                for seed, share in enumerate(shares)
            ],
        )
        for name, shares in accuracies.items()
    ]


def test_an_ablations_arms_are_no_further_networks() -> None:
    found = photographs.section({}, finished(**{key: [0.7] for key in NAMES}))
    assert list(found["trained"]) == ["baseline_photos", "cnn_a_photos"]
    assert [arm["name"] for arm in found["ablation"]] == ["cnn_a_photos_half", "cnn_a_photos_brightness"]
    arm = found["ablation"][1]
    assert (arm["title"], arm["test_accuracy"]) == ("Brightness alone", 0.92)
    assert arm["accuracy"] == pytest.approx(0.69)  # of the people held out
    assert "5 points either way may be chance" in found["ablation_says"]


def test_the_text_has_a_row_for_each_arm() -> None:
    found = photographs.section({"cnn_a": {"report": served()}}, finished(**{key: [0.7] for key in NAMES}))
    text = "\n".join(photographs.markdown(found, ["the figure"]))
    assert "| Brightness alone | 69.0% | 89.0% | 0.80 | 92.00% |" in text
    assert "the figure" in text
    assert "| cnn_a_photos | 1 | 70.0% | 90.0% |" in text


def served() -> dict[str, Any]:
    return (
        measured(0.7)
        | dict.fromkeys(
            ("answered", "right_if_answered", "others_answered", "called_unlike", "others_called_unlike"), 0.5
        )
        | {"without_clothing_called_unlike": 0.9, "ece": 0.1}
    )


def test_means_are_over_seeds() -> None:
    found = photographs.section({}, finished(cnn_a_photos=[0.7, 0.8]))
    assert found["trained"]["cnn_a_photos"]["seeds"] == 2
    assert found["trained"]["cnn_a_photos"]["accuracy"] == pytest.approx(0.75)
    assert found["verdict"] == "not tested"


@pytest.mark.parametrize(
    ("cnn", "dense", "verdict"),
    [(0.75, 0.5, "supported"), (0.5, 0.75, "not supported"), (0.7, 0.68, "not separable")],
)
def test_the_verdict_is_by_the_intervals(cnn: float, dense: float, verdict: str) -> None:
    found = photographs.section({}, finished(baseline_photos=[dense], cnn_a_photos=[cnn]))
    assert found["verdict"] == verdict
    assert f"{cnn:.1%}" in found["evidence"]
