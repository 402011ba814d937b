"""Statistics, and the sentences that follow from them: on made-up results, each rule gives each verdict."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from training import conclusions, markdown, report
from training.datasets import FashionMNIST
from training.errors import TrainingError
from training.evaluation import confusion_matrix, metrics
from training.registry import EXPERIMENTS
from training.runs import Run, RunFolder
from training.statistics import estimate, holm, paired_difference


def made_up(name: str, seed: int, test_accuracy: float, tiny: FashionMNIST) -> Run:
    return Run(
        experiment=name,
        seed=seed,
        fingerprint=EXPERIMENTS[name].fingerprint(seed),
        parameters=100 if name == "baseline" else 200,
        multiply_adds=1_000,
        epochs=2,
        history={"val_accuracy": [0.5, test_accuracy]},
        validation={"accuracy": test_accuracy, "loss": 0.3},
        test={"accuracy": test_accuracy, "loss": 0.4},
        test_predictions="".join(map(str, tiny.test_labels)),
        wall_time_s=60.0,
        provenance={
            "finished": "2026-01-01", "commit": "abc", "backend": "tensorflow", "python": "3.12",
            "packages": {"keras": "3"}, "cpu": "a CPU", "cores": 2,
        },
    )  # fmt: skip


def build(tmp_path: Path, tiny: FashionMNIST, **accuracies: list[float]) -> dict[str, Any]:
    runs = RunFolder(tmp_path)
    for name, values in accuracies.items():
        for seed, value in enumerate(values):
            runs.save(made_up(name, seed, value, tiny))
    return report.build(list(EXPERIMENTS.values()), runs, tiny, served_seed=0)


LOW, HIGH = [0.870, 0.872, 0.871, 0.869, 0.873], [0.911, 0.912, 0.910, 0.913, 0.911]
SIMILAR = [0.912, 0.910, 0.911, 0.912, 0.910]


def test_convolution_wins_and_kernel_sizes_are_not_separable(tmp_path: Path, tiny: FashionMNIST) -> None:
    conclusion = build(tmp_path, tiny, baseline=LOW, cnn_a=HIGH, cnn_b=SIMILAR)["conclusion"]
    assert "CNN A (3×3) beats Baseline (dense) on the test set: +4.04 points" in conclusion
    assert "the two kernel sizes are not separable" in conclusion
    assert "CNN A (3×3) has more parameters than Baseline (dense) (200, 100)" in conclusion


def test_convolution_loses_and_the_wider_kernel_is_better(tmp_path: Path, tiny: FashionMNIST) -> None:
    conclusion = build(tmp_path, tiny, baseline=HIGH, cnn_a=LOW, cnn_b=[v + 0.01 for v in HIGH])["conclusion"]
    assert "CNN A (3×3) loses to Baseline (dense)" in conclusion
    assert "CNN B (5×5) against CNN A (3×3) on the test set: +5.04 points" in conclusion
    assert "CNN B (5×5) is better" in conclusion


def test_the_narrower_kernel_is_better(tmp_path: Path, tiny: FashionMNIST) -> None:
    conclusion = build(tmp_path, tiny, baseline=LOW, cnn_a=[v + 0.01 for v in HIGH], cnn_b=LOW[::-1])["conclusion"]
    assert "CNN A (3×3) is better" in conclusion
    assert "CNN B (5×5) and Baseline (dense) are not separable" in conclusion


def test_one_seed_separates_nothing(tmp_path: Path, tiny: FashionMNIST) -> None:
    content = build(tmp_path, tiny, baseline=[0.8], cnn_a=[0.9], cnn_b=[0.95])
    assert (
        "CNN A (3×3) against Baseline (dense) on the test set: +10.00 points (too few seeds to test)."
        in content["conclusion"]
    )
    assert content["experiments"][0]["test_accuracy"] == {"mean": 0.8, "ci95": None}
    assert all(c["p_value"] is None for c in content["comparisons"])


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [
        ({"baseline": LOW, "cnn_a": HIGH, "cnn_b": SIMILAR}, "cnn_a"),  # tied at the top: the cheaper
        ({"baseline": LOW, "cnn_a": HIGH, "cnn_b": [v + 0.02 for v in HIGH]}, "cnn_b"),
        ({"baseline": [v + 0.1 for v in LOW], "cnn_a": HIGH, "cnn_b": SIMILAR}, "baseline"),
        ({"baseline": [0.88], "cnn_a": [0.91], "cnn_b": [0.92]}, "cnn_b"),
        ({"baseline": [0.88]}, "baseline"),
    ],
)
def test_the_default_is_the_cheapest_of_the_best(
    tmp_path: Path, tiny: FashionMNIST, accuracies: dict[str, list[float]], expected: str
) -> None:
    content = build(tmp_path, tiny, **accuracies)
    for row, cost in zip(content["experiments"], (1, 20, 30), strict=False):
        row["multiply_adds"] = cost
    assert conclusions.best(content["experiments"], content["comparisons"])["name"] == expected


def test_observations_come_from_the_numbers(tmp_path: Path, tiny: FashionMNIST) -> None:
    rows = build(tmp_path, tiny, baseline=LOW, cnn_a=HIGH)["experiments"]
    assert rows[0]["observations"] == "Expected: loses spatial structure."
    assert rows[1]["observations"].startswith("Expected: better fine detail. Measured: +4.04 points (95 % CI ")
    assert rows[1]["observations"].endswith(" against baseline on the test set.")


def test_seeds_are_paired_and_only_shared_ones_compared(tmp_path: Path, tiny: FashionMNIST) -> None:
    content = build(tmp_path, tiny, baseline=LOW, cnn_a=HIGH[:3])
    comparison = next(c for c in content["comparisons"] if c["metric"] == "test_accuracy")
    assert comparison["seeds"] == 3
    assert comparison["difference"] == pytest.approx(np.mean(np.subtract(HIGH[:3], LOW[:3])))
    assert comparison["p_value"] == pytest.approx(stats.ttest_rel(HIGH[:3], LOW[:3]).pvalue)


def test_runs_of_a_changed_experiment_do_not_count(tmp_path: Path, tiny: FashionMNIST) -> None:
    runs = RunFolder(tmp_path)
    runs.save(replace(made_up("baseline", 0, 0.9, tiny), fingerprint="old"))
    with pytest.raises(TrainingError, match="holds no finished run; start with: python -m training run"):
        report.build(list(EXPERIMENTS.values()), runs, tiny, served_seed=0)


def test_a_missing_served_seed_is_named(tmp_path: Path, tiny: FashionMNIST) -> None:
    runs = RunFolder(tmp_path)
    runs.save(made_up("cnn_a", 1, 0.9, tiny))
    with pytest.raises(TrainingError, match=r"cnn_a has no finished run with seed 0.*--seeds 1"):
        report.build(list(EXPERIMENTS.values()), runs, tiny, served_seed=0)


def test_the_same_runs_give_the_same_bytes(tmp_path: Path, tiny: FashionMNIST) -> None:
    content = build(tmp_path / "runs", tiny, baseline=LOW, cnn_a=HIGH, cnn_b=SIMILAR)
    for folder in ("a", "b"):
        report.write(content, tmp_path / folder)
    written = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(written) == 6
    overview = (tmp_path / "a" / "experiments.md").read_text()
    assert "15 runs, 15 minutes of training (`python -m training run`). Backend tensorflow, a CPU, 2 cores" in overview
    assert "{" not in overview
    for path in written:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()


def test_results_go_between_the_readmes_markers(tmp_path: Path, tiny: FashionMNIST) -> None:
    content = build(tmp_path, tiny, baseline=LOW, cnn_a=HIGH)
    text = f"before\n{markdown.BEGIN}\nold\n{markdown.END}\nafter\n"
    replaced = markdown.replace_results(text, content)
    assert "old" not in replaced
    assert replaced.startswith("before\n")
    assert replaced.endswith("after\n")
    for finding in content["findings"]:
        assert f"- {finding}\n" in replaced
    assert markdown.replace_results(replaced, content) == replaced
    with pytest.raises(TrainingError, match="no results section"):
        markdown.replace_results("nothing", content)


def test_estimates_are_students() -> None:
    values = [1.0, 2.0, 4.0]
    found = estimate(values)
    expected = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert found.mean == pytest.approx(7 / 3)
    assert found.ci95 == pytest.approx(expected)


def test_too_few_pairs_are_not_tested() -> None:
    found = paired_difference([0.92, 0.93], [0.91, 0.92])
    assert found.difference == pytest.approx(0.01)
    assert (found.ci95, found.p_value) == (None, None)


def test_constant_differences_are_certain() -> None:
    assert paired_difference([0.92, 0.93, 0.94], [0.91, 0.92, 0.93]).p_value == 0
    assert paired_difference([0.92, 0.93, 0.94], [0.92, 0.93, 0.94]).p_value == 1


def test_holm_is_the_published_procedure() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def test_metrics_are_accuracy_and_negative_log_likelihood() -> None:
    probabilities = np.array([[0.5, 0.5, 0], [0, 0.25, 0.75], [0, 1, 0]], np.float32)
    found = dict(metrics(probabilities, np.array([0, 2, 0], np.uint8)))
    assert found["accuracy"] == pytest.approx(2 / 3)
    underflow = -np.log(np.finfo(np.float32).tiny)
    assert found["loss"] == pytest.approx((-np.log(0.5) - np.log(0.75) + underflow) / 3)


def test_confusion_matrix_has_true_classes_as_rows() -> None:
    matrix = confusion_matrix(np.array([1, 1, 0]), np.array([0, 1, 0], np.uint8))
    assert matrix[0, :2].tolist() == [1, 1]
    assert matrix[1, :2].tolist() == [0, 1]


def test_the_rule_is_five_percent() -> None:
    assert conclusions.separable({"p_value_holm": 0.049})
    assert not conclusions.separable({"p_value_holm": 0.05})
    assert not conclusions.separable({"p_value_holm": None})
