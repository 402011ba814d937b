"""The comparisons of the report: paired over seeds, in two families, each corrected for asking often.

Which comparisons are primary, and how both families are corrected, is stated in ``rules.toml``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from training.data.fashion_mnist import Labels
from training.evaluation.statistics import (
    bootstrap_over_images,
    bootstrap_over_seeds_and_images,
    detectable,
    equivalent,
    holm,
    mcnemar_exact,
    paired_difference,
)
from training.experiments.experiment import Experiment
from training.experiments.runs import Run
from training.report.rules import EQUIVALENCE, MARGIN, POWER, PRIMARY, SIGNIFICANCE, Pair

TOLERANCE, BLUR, IMAGES = "lost_at_2px", "lost_to_blur", "log_images"
"""Metrics beside accuracy; see ``rules.toml``."""

FAIR = "baseline_fair"
"""The dense network whose learning rate was chosen on validation."""

_FURTHER: tuple[Pair, ...] = (
    ("cnn_b", "baseline", TOLERANCE),
    ("baseline_shifted", "baseline", TOLERANCE),
    ("cnn_a_shifted", "cnn_a", TOLERANCE),
    ("cnn_a_shifted", "baseline_shifted", TOLERANCE),
)

Measured = dict[str, dict[str, dict[int, float]]]
"""By metric, experiment and seed."""


def paired(
    experiments: Sequence[Experiment], finished: dict[str, list[Run]], measured: Measured, labels: Labels
) -> list[dict[str, Any]]:
    """Compare experiments over the seeds both have.

    Args:
        experiments: those of the report; each is compared with those it names in ``against``.
        finished: their runs, by name.
        measured: what was measured of their networks, beside accuracy.
        labels: uint8 (N,), the test images' classes.

    Returns:
        For each comparison ``a``, ``b``, ``metric``, ``family`` (primary, exploratory or validation), ``seeds``, the
        mean ``difference`` a - b with ``ci95`` and ``p_value`` (paired t-test over seeds; None with too few),
        ``p_value_holm``, ``p_equivalent`` and ``p_equivalent_holm`` (of test accuracy), ``detectable`` (see
        ``statistics``), and of test accuracy ``bootstrap_ci95`` over test images and ``combined_ci95`` over both.

    """
    by_seed = {name: {run.seed: run for run in runs} for name, runs in finished.items()}
    primary = {(_named(a, finished), _named(b, finished), metric) for a, b, metric in PRIMARY}
    found: list[dict[str, Any]] = []
    for a, b in _planned(experiments, primary):
        seeds = sorted(by_seed.get(a, {}).keys() & by_seed.get(b, {}).keys())
        if not seeds:
            continue
        pair = [[by_seed[name][seed] for seed in seeds] for name in (a, b)]
        validation = ([run.validation["accuracy"] for run in runs] for runs in pair)
        test = ([run.test["accuracy"] for run in runs] for runs in pair)
        right_a, right_b = (np.array([run.right(labels) for run in runs]) for runs in pair)
        found.append(_comparison((a, b, "val_accuracy"), "validation", *validation))
        found.append(
            _comparison((a, b, "test_accuracy"), _family((a, b, "test_accuracy"), primary), *test)
            | {
                "bootstrap_ci95": bootstrap_over_images(right_a.mean(axis=0) - right_b.mean(axis=0)),
                "combined_ci95": bootstrap_over_seeds_and_images(right_a, right_b),
            }
        )
    for one in (*PRIMARY, *_FURTHER):
        a, b, metric = one
        of_a, of_b = (measured.get(metric, {}).get(name, {}) for name in (a, b))
        seeds = sorted(of_a.keys() & of_b.keys())
        if seeds:
            values = ([of_one[seed] for seed in seeds] for of_one in (of_a, of_b))
            found.append(_comparison(one, _family(one, primary), *values))
    return found


def served_pairs(
    experiments: Sequence[Experiment], finished: dict[str, list[Run]], labels: Labels, *, seed: int
) -> list[dict[str, Any]]:
    """Compare the very networks that are served, by McNemar's exact test on the test images.

    Returns:
        For each pair ``a``, ``b``, ``seed``, ``a_only_right``, ``b_only_right``, ``p_value``, ``p_value_holm``.

    """
    served = {run.experiment: run for e in experiments if e.served for run in finished[e.name] if run.seed == seed}
    pairs = [(e.name, other) for e in experiments for other in e.against if {e.name, other} <= served.keys()]
    found = []
    for a, b in pairs:
        test = mcnemar_exact(served[a].right(labels), served[b].right(labels))
        found.append(
            {"a": a, "b": b, "seed": seed, "a_only_right": test.only_a, "b_only_right": test.only_b}
            | {"p_value": test.p_value, "p_value_holm": None}
        )
    return found


def adjust(comparisons: list[dict[str, Any]], mcnemar: list[dict[str, Any]]) -> None:
    """Fill in ``p_value_holm`` and ``p_equivalent_holm``, by Holm's correction over each family.

    McNemar's tests are exploratory. Equivalence is corrected over the comparisons for which it is asked.
    """
    for family in ("primary", "exploratory", "validation"):
        of_family = [c for c in comparisons if c["family"] == family and c["p_value"] is not None]
        of_family += mcnemar if family == "exploratory" else []
        for item, adjusted in zip(of_family, holm([c["p_value"] for c in of_family]), strict=True):
            item["p_value_holm"] = adjusted
    asked = [c for c in comparisons if (c["a"], c["b"], c["metric"]) in EQUIVALENCE and c["p_equivalent"] is not None]
    for item, adjusted in zip(asked, holm([c["p_equivalent"] for c in asked]), strict=True):
        item["p_equivalent_holm"] = adjusted


def fair(finished: dict[str, list[Run]], network: str = "baseline") -> str | None:
    """Choose a network's learning rate by mean validation accuracy; None until every rate's runs are finished."""
    arms = {
        name: float(np.mean([run.validation["accuracy"] for run in runs])) if runs else None
        for name, runs in finished.items()
        if name.startswith(f"{network}_fair_")
    }
    complete = {name: accuracy for name, accuracy in arms.items() if accuracy is not None}
    return max(complete, key=lambda name: complete[name]) if complete and len(complete) == len(arms) else None


def _planned(experiments: Sequence[Experiment], primary: set[Pair]) -> Iterator[tuple[str, str]]:
    """Pairs in the registry's order, the primary ones in the direction that their claim has."""
    registered = {frozenset((e.name, other)): (e.name, other) for e in experiments for other in e.against}
    of_claims = {frozenset((a, b)): (a, b) for a, b, metric in primary if metric == "test_accuracy"}
    yield from (registered | of_claims).values()


def _named(name: str, finished: dict[str, list[Run]]) -> str:
    return fair(finished) or name if name == FAIR else name


def _family(pair: Pair, primary: set[Pair]) -> str:
    return "primary" if pair in primary else "exploratory"


def _comparison(pair: Pair, family: str, of_a: Sequence[float], of_b: Sequence[float]) -> dict[str, Any]:
    a, b, metric = pair
    return {
        "a": a, "b": b, "metric": metric, "family": family, "seeds": len(of_a),
        **asdict(paired_difference(of_a, of_b)),
        "p_value_holm": None,
        "p_equivalent": equivalent(of_a, of_b, margin=MARGIN) if metric == "test_accuracy" else None,
        "p_equivalent_holm": None,
        "detectable": detectable(of_a, of_b, significance=SIGNIFICANCE, power=POWER),
        "bootstrap_ci95": None,
        "combined_ci95": None,
    }  # fmt: skip
