"""Statistics, and the sentences that follow from them: on made-up results, each rule gives each verdict."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from training.data.fashion_mnist import FashionMNIST
from training.errors import TrainingError
from training.evaluation.metrics import confusion_matrix, metrics
from training.evaluation.statistics import (
    bootstrap_over_images,
    bootstrap_over_seeds_and_images,
    detectable,
    equivalent,
    estimate,
    holm,
    mcnemar_exact,
    paired_difference,
    wilson,
)
from training.experiments.registry import EXPERIMENTS
from training.experiments.runs import Run, RunFolder
from training.report import conclusions, document, markdown


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
    return document.build(list(EXPERIMENTS.values()), runs, tiny, served_seed=0).content


LOW, HIGH = [0.870, 0.872, 0.871, 0.869, 0.873], [0.911, 0.912, 0.910, 0.913, 0.911]
SIMILAR = [0.912, 0.910, 0.911, 0.912, 0.910]


def test_one_seed_compares_nothing(tmp_path: Path, tiny: FashionMNIST) -> None:
    content = build(tmp_path, tiny, baseline=[0.8], cnn_a=[0.9], cnn_b=[0.95])
    assert content["experiments"][0]["test_accuracy"] == {"mean": 0.8, "ci95": None}
    assert all(c["p_value"] is None for c in content["comparisons"])
    (first, *_) = content["claims"]
    assert first["verdict"] == "not tested"
    assert content["summary"] == [
        "Not tested on equal sight yet. As they are, CNN B sees more of the picture than CNN A: +5.00 points (too few "
        "seeds to test).",
        "Not tested yet with a narrower CNN. The workshop's have 200 and 200 parameters, the dense network 100.",
    ]
    assert first["evidence"][0] == (
        "CNN A (3×3) against Baseline (dense), on the test set: +10.00 points (too few seeds to test)."
    )


def test_conclusion_names_every_verdict(tmp_path: Path, tiny: FashionMNIST) -> None:
    content = build(tmp_path, tiny, baseline=LOW, cnn_a=HIGH, cnn_b=SIMILAR)
    assert content["conclusion"].startswith("CNNs beat the dense baseline: supported. The lead does not come from")
    for claim in content["claims"]:
        assert f"{claim['claim'].rstrip('.')}: {claim['verdict']}." in content["conclusion"]


def test_served_networks_are_compared_image_by_image(tmp_path: Path, tiny: FashionMNIST) -> None:
    runs = RunFolder(tmp_path)
    labels = tiny.test_labels

    def wrong(count: int) -> str:
        return "".join(str((int(c) + (i < count)) % 10) for i, c in enumerate(labels))

    for name, errors in (("baseline", 20), ("cnn_a", 4)):
        for seed in range(3):
            run = made_up(name, seed, 1 - errors / len(labels), tiny)
            runs.save(replace(run, test_predictions=wrong(errors)))
    content = document.build(list(EXPERIMENTS.values()), runs, tiny, served_seed=0).content
    (test,) = content["mcnemar"]
    assert (test["a"], test["b"], test["a_only_right"], test["b_only_right"]) == ("cnn_a", "baseline", 16, 0)
    assert test["p_value"] == pytest.approx(2 * 0.5**16)
    comparison = next(c for c in content["comparisons"] if c["metric"] == "test_accuracy")
    # McNemar's tests are exploratory; three seeds are too few for a t-test over them.
    assert (test["p_value_holm"], comparison["p_value_holm"]) == (test["p_value"], None)
    low, high = comparison["bootstrap_ci95"]
    assert comparison["difference"] == pytest.approx(16 / len(labels))
    assert low < 16 / len(labels) < high
    (row, _) = content["experiments"]
    assert sum(c["recall"]["mean"] for c in row["per_class"]) / 10 == pytest.approx(
        np.mean([np.mean([int(p) == c for p, c in zip(wrong(20), labels, strict=True) if c == k]) for k in range(10)])
    )


def test_observations_come_from_the_numbers(tmp_path: Path, tiny: FashionMNIST) -> None:
    rows = build(tmp_path, tiny, baseline=LOW, cnn_a=HIGH)["experiments"]
    assert rows[0]["observations"] == "Expected: loses spatial structure."
    assert rows[1]["observations"].startswith("Expected: better fine detail. Measured: +4.04 points (95 % CI ")
    assert rows[1]["observations"].endswith(" against Baseline (dense) on the test set.")


def test_seeds_are_paired_and_only_shared_ones_compared(tmp_path: Path, tiny: FashionMNIST) -> None:
    content = build(tmp_path, tiny, baseline=[*LOW, 0.5, 0.6], cnn_a=HIGH)
    comparison = next(c for c in content["comparisons"] if c["metric"] == "test_accuracy")
    assert comparison["seeds"] == 5
    assert comparison["difference"] == pytest.approx(np.mean(np.subtract(HIGH, LOW)))
    assert comparison["p_value"] == pytest.approx(stats.ttest_rel(HIGH, LOW).pvalue)


def test_runs_of_a_changed_experiment_do_not_count(tmp_path: Path, tiny: FashionMNIST) -> None:
    runs = RunFolder(tmp_path)
    runs.save(replace(made_up("baseline", 0, 0.9, tiny), fingerprint="old"))
    with pytest.raises(
        TrainingError, match="has no finished run of the recipes' own epochs; start with: python -m training run"
    ):
        document.build(list(EXPERIMENTS.values()), runs, tiny, served_seed=0)


def test_a_missing_served_seed_is_named(tmp_path: Path, tiny: FashionMNIST) -> None:
    runs = RunFolder(tmp_path)
    runs.save(made_up("cnn_a", 1, 0.9, tiny))
    with pytest.raises(TrainingError, match=r"cnn_a has no finished run with seed 0.*--seeds 1"):
        document.build(list(EXPERIMENTS.values()), runs, tiny, served_seed=0)


@pytest.mark.slow
def test_the_same_runs_give_the_same_bytes(tmp_path: Path, tiny: FashionMNIST) -> None:
    build(tmp_path / "runs", tiny, baseline=LOW, cnn_a=HIGH, cnn_b=SIMILAR)
    for folder in ("a", "b"):
        built = document.build(list(EXPERIMENTS.values()), RunFolder(tmp_path / "runs"), tiny, served_seed=0)
        document.write(built, tmp_path / folder)
    written = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(written) == 14
    overview = (tmp_path / "a" / "experiments.md").read_text()
    assert "15 runs, 15 minutes of training (`python -m training run`). Backend tensorflow, a CPU, 2 cores" in overview
    assert "{" not in overview
    for path in written:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()


def test_figures_that_lack_their_numbers_are_left_out(tmp_path: Path, tiny: FashionMNIST) -> None:
    content = build(tmp_path, tiny, baseline=[0.8])
    assert [figure["id"] for figure in content["figures"]] == ["accuracy", "confusion"]
    shown = {figure for claim in content["claims"] for figure in claim["figures"]}
    assert "![Confusion matrices](figures/confusion.svg)" in markdown.overview(content, figures="")
    assert shown >= {"accuracy", "confusion", "translation"}


def test_results_go_between_the_readmes_markers(tmp_path: Path, tiny: FashionMNIST) -> None:
    content = build(tmp_path, tiny, baseline=LOW, cnn_a=HIGH)
    text = f"before\n{markdown.BEGIN}\nold\n{markdown.END}\nafter\n"
    replaced = markdown.replace_results(text, content)
    assert "old" not in replaced
    assert replaced.startswith("before\n")
    assert replaced.endswith("after\n")
    for claim in content["claims"]:
        assert (f"| {claim['claim']} |" in replaced) is (claim["verdict"] != "not tested")
    assert "Not tested by these rules yet: " in replaced
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
    a, b = [0.92, 0.93, 0.92, 0.93], [0.91, 0.92, 0.91, 0.92]
    found = paired_difference(a, b)
    assert found.difference == pytest.approx(0.01)
    assert (found.ci95, found.p_value) == (None, None)
    assert equivalent(a, b, margin=0.02) is None
    assert detectable(a, b, significance=0.05, power=0.8) is None


def test_constant_differences_are_certain() -> None:
    values = [0.92, 0.93, 0.94, 0.93, 0.92]
    assert paired_difference(values, [v - 0.01 for v in values]).p_value == 0
    assert paired_difference(values, values).p_value == 1
    assert equivalent(values, [v - 0.01 for v in values], margin=0.005) == 1
    assert equivalent(values, values, margin=0.005) == 0


def test_equivalence_is_that_of_two_one_sided_tests() -> None:
    a, b = [0.912, 0.914, 0.911, 0.915, 0.913], [0.911, 0.915, 0.911, 0.913, 0.913]
    below = stats.ttest_rel(np.subtract(a, 0.005), b, alternative="less").pvalue
    above = stats.ttest_rel(np.add(a, 0.005), b, alternative="greater").pvalue
    assert equivalent(a, b, margin=0.005) == pytest.approx(max(below, above))
    # The interval at 90 % lies inside the margin exactly where the test rejects at 5 %.
    differences = np.subtract(a, b)
    interval = stats.t.interval(0.9, 4, differences.mean(), stats.sem(differences))
    assert (max(map(abs, interval)) < 0.005) is (max(below, above) < 0.05)


def test_the_detectable_difference_is_found_in_four_cases_of_five() -> None:
    differences = np.array([-1.0, 0.0, 1.0, 0.5, -0.5, 0.2])
    effect = detectable(differences.tolist(), [0.0] * 6, significance=0.05, power=0.8)
    assert effect is not None
    rng = np.random.default_rng(0)
    drawn = rng.normal(effect, differences.std(ddof=1), (4_000, 6))
    assert np.mean(stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05) == pytest.approx(0.8, abs=0.02)


def test_wilson_stays_below_one() -> None:
    low, high = wilson(0.995, 1_000)
    assert (low, high) == pytest.approx(stats.binomtest(995, 1_000).proportion_ci(method="wilson"))
    assert wilson(1, 1_000)[1] == 1


def test_seeds_and_images_together_are_less_certain_than_either() -> None:
    rng = np.random.default_rng(0)
    of_seed = rng.normal(0, 0.01, (8, 1))
    a, b = rng.random((8, 2_000)) < 0.92 + of_seed, rng.random((8, 2_000)) < 0.9
    found = bootstrap_over_seeds_and_images(a, b)
    assert found is not None
    images = bootstrap_over_images(a.mean(axis=0) - b.mean(axis=0))
    seeds = 2 * stats.t.ppf(0.975, 7) * stats.sem(a.mean(axis=1) - b.mean(axis=1))
    assert found[1] - found[0] > images[1] - images[0]
    assert found[1] - found[0] == pytest.approx(np.hypot(seeds, images[1] - images[0]), rel=0.25)
    assert bootstrap_over_seeds_and_images(a[:4], b[:4]) is None


def test_holm_is_the_published_procedure() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def test_mcnemar_counts_what_one_alone_has_right() -> None:
    a, b = np.array([1, 1, 1, 1, 1, 0, 0, 1], bool), np.array([0, 0, 0, 0, 0, 1, 0, 1], bool)
    found = mcnemar_exact(a, b)
    assert (found.only_a, found.only_b) == (5, 1)
    assert found.p_value == pytest.approx(stats.binomtest(1, 6).pvalue)
    assert mcnemar_exact(a, a).p_value == 1


def test_bootstrap_is_that_of_scipy() -> None:
    differences = np.random.default_rng(1).choice([-1, -0.5, 0, 0.5, 1], 2_000, p=[0.02, 0.03, 0.88, 0.04, 0.03])
    expected = stats.bootstrap((differences,), np.mean, n_resamples=2_000, batch=100, method="percentile", rng=0)
    assert bootstrap_over_images(differences) == pytest.approx(tuple(expected.confidence_interval), abs=0.001)
    assert bootstrap_over_images(np.zeros(10)) == (0, 0)


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
