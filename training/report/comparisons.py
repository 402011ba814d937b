"""The comparisons of the report: planned in the registry before any result, paired, and corrected for asking often."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from training.data.fashion_mnist import Labels
from training.evaluation.statistics import bootstrap_over_images, holm, mcnemar_exact, paired_difference
from training.experiments.experiment import Experiment
from training.experiments.runs import Run

TOLERANCE = "lost_at_2px"
"""The metric of translation: the accuracy that moving every picture by two pixels costs."""

_TOLERANCE_PAIRS = (("cnn_a", "baseline"), ("cnn_b", "baseline"))


def paired(
    experiments: Sequence[Experiment], finished: dict[str, list[Run]], lost: dict[str, dict[int, float]], labels: Labels
) -> list[dict[str, Any]]:
    """Compare experiments over the seeds both have.

    Args:
        experiments: those of the report; each is compared with those it names in ``against``.
        finished: their runs, by name.
        lost: by name and seed, the accuracy lost when pictures move by two pixels; of the networks that were probed.
        labels: uint8 (N,), the test images' classes.

    Returns:
        For each comparison ``a``, ``b``, ``metric`` (``val_accuracy``, ``test_accuracy`` or ``lost_at_2px``),
        ``seeds``, the mean ``difference`` a - b with ``ci95`` and ``p_value`` (paired t-test over seeds; None with too
        few), ``p_value_holm``, and ``bootstrap_ci95`` over the test images (test accuracy only, else None).

    """
    by_seed = {name: {run.seed: run for run in runs} for name, runs in finished.items()}
    planned = [
        (e.name, other) for e in experiments for other in e.against if by_seed.get(e.name) and by_seed.get(other)
    ]
    found: list[dict[str, Any]] = []
    for a, b in planned:
        seeds = sorted(by_seed[a].keys() & by_seed[b].keys())
        pair = [[by_seed[name][seed] for seed in seeds] for name in (a, b)]
        validation = ([run.validation["accuracy"] for run in runs] for runs in pair)
        test = ([run.test["accuracy"] for run in runs] for runs in pair)
        share_a, share_b = (np.mean([run.right(labels) for run in runs], axis=0) for runs in pair)
        found.append(_comparison(a, b, "val_accuracy", *validation))
        found.append(
            _comparison(a, b, "test_accuracy", *test) | {"bootstrap_ci95": bootstrap_over_images(share_a - share_b)}
        )
    for a, b in _TOLERANCE_PAIRS:
        seeds = sorted(lost.get(a, {}).keys() & lost.get(b, {}).keys())
        if seeds:
            found.append(_comparison(a, b, TOLERANCE, *([lost[name][seed] for seed in seeds] for name in (a, b))))
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
    """Fill in ``p_value_holm``, by Holm's correction over a family.

    There are three: what is asked of the test set (McNemar's tests included), of the validation sets, and of moved
    pictures.
    """
    families = {
        metric: [c for c in comparisons if c["metric"] == metric] for metric in {c["metric"] for c in comparisons}
    }
    for metric, family in families.items():
        tested = [c for c in family if c["p_value"] is not None]
        tested += mcnemar if metric == "test_accuracy" else []
        for item, adjusted in zip(tested, holm([c["p_value"] for c in tested]), strict=True):
            item["p_value_holm"] = adjusted


def _comparison(a: str, b: str, metric: str, of_a: Sequence[float], of_b: Sequence[float]) -> dict[str, Any]:
    difference = asdict(paired_difference(of_a, of_b))
    return {
        "a": a, "b": b, "metric": metric, "seeds": len(of_a), **difference,
        "p_value_holm": None, "bootstrap_ci95": None,
    }  # fmt: skip
