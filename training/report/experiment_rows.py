"""One experiment of the report: its runs, and what was measured with their networks, summed up over seeds."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data.corruptions import CORRUPTIONS
from training.data.fashion_mnist import CLASS_NAMES, FashionMNIST, Labels
from training.errors import TrainingError
from training.evaluation.metrics import confusion_matrix
from training.evaluation.probes import MAX_SHIFT
from training.evaluation.statistics import estimate, wilson
from training.experiments.experiment import Experiment
from training.experiments.runs import Probes, Run


def row(
    experiment: Experiment, runs: Sequence[Run], probes: Sequence[Probes], data: FashionMNIST, *, served_seed: int
) -> dict[str, Any]:
    """Assemble what the report says of one experiment.

    Args:
        experiment: as registered.
        runs: its finished ones, by seed.
        probes: those of the runs that were probed; may be empty.
        data: for the test images' classes.
        served_seed: the run whose confusion matrix and errors are shown; the first where the experiment is not served.

    Raises:
        TrainingError: there is no run with the served seed.

    """
    shown = served_seed if experiment.served else runs[0].seed
    served = next((run for run in runs if run.seed == shown), None)
    if served is None:
        raise TrainingError(
            f"{experiment.name} has no finished run with seed {served_seed}, the one that is served; "
            f"start it with: python -m training run {experiment.name} --seeds {served_seed + 1}"
        )
    return {
        "name": experiment.name,
        "title": experiment.title,
        "group": experiment.group,
        "layers": experiment.layers,
        "kernel_size": experiment.kernel_size,
        "parameters": served.parameters,
        "convolution_parameters": experiment.convolution_parameters,
        "multiply_adds": served.multiply_adds,
        "seeds": len(runs),
        "val_accuracy": _estimate([run.validation["accuracy"] for run in runs]),
        "test_accuracy": _estimate([run.test["accuracy"] for run in runs]),
        "observations": "",
        "hypothesis": experiment.hypothesis,
        "served": experiment.served,
        "train_size": experiment.train_size,
        "permuted": experiment.permuted,
        "visible": experiment.visible,
        "served_seed": shown,
        "recipe": asdict(experiment.recipe),
        "trained": experiment.recipe.in_words,
        "runs": [_run(run) for run in runs],
        "classes": list(CLASS_NAMES),
        "confusion_matrix": confusion_matrix(served.answers, data.test_labels).tolist(),
        "per_class": _per_class(runs, data.test_labels),
        "probes": _probes(probes, served_seed) if probes else None,
    }


def lost_at(probes: Probes, distance: int) -> float:
    """The accuracy lost, on average over all places at a Chebyshev distance from home, in pixels."""
    grid = np.array(probes.translation["accuracy"])
    offsets = np.abs(np.arange(-MAX_SHIFT, MAX_SHIFT + 1))
    ring = np.maximum(offsets[:, None], offsets[None, :]) == distance
    return float(grid[MAX_SHIFT, MAX_SHIFT] - grid[ring].mean())


def relate_corruption_errors(rows: Sequence[dict[str, Any]], reference: str) -> None:
    """Fill in each experiment's mean corruption error relative to a reference's (Hendrycks and Dietterich 2019).

    By corruption, the error rates summed over severities are divided by the reference's; the mean of the quotients is
    below 1 where an experiment bears corruption better.
    """
    probed = {r["name"]: r["probes"]["corruptions"] for r in rows if r["probes"]}
    if reference not in probed:
        return
    errors = {
        name: np.array([sum(1 - share for share in c["accuracy"][k]) for k in CORRUPTIONS])
        for name, c in probed.items()
    }
    for name, corruptions in probed.items():
        corruptions["relative_error"] = float(np.mean(errors[name] / errors[reference]))


def _run(run: Run) -> dict[str, Any]:
    return {
        "seed": run.seed,
        "epochs": run.epochs,
        "val_accuracy": run.validation["accuracy"],
        "val_loss": run.validation["loss"],
        "test_accuracy": run.test["accuracy"],
        "test_loss": run.test["loss"],
        "wall_time_s": run.wall_time_s,
        "history": run.history,
    }


def _per_class(runs: Sequence[Run], labels: Labels) -> list[dict[str, Any]]:
    """Precision: of what was given a label, the share that has it. Recall: of what has it, the share that was given.

    Means over seeds; the intervals are Wilson's, for as many test images as one network was counted on.
    """
    matrices = np.array([confusion_matrix(run.answers, labels) for run in runs], np.float64)
    hits = matrices.diagonal(axis1=1, axis2=2)
    precision = hits / np.maximum(matrices.sum(axis=1), 1)
    recall = hits / np.maximum(matrices.sum(axis=2), 1)
    return [
        {
            "class": name,
            "precision": _share(precision[:, c], matrices.sum(axis=1)[:, c]),
            "recall": _share(recall[:, c], matrices.sum(axis=2)[:, c]),
        }
        for c, name in enumerate(CLASS_NAMES)
    ]


def _share(shares: npt.NDArray[np.float64], images: npt.NDArray[np.float64]) -> dict[str, Any]:
    mean, counted = float(shares.mean()), float(images.mean())
    return {"mean": mean, "ci95": wilson(mean, counted) if counted else None}


def _probes(probes: Sequence[Probes], served_seed: int) -> dict[str, Any]:
    served = next((p for p in probes if p.seed == served_seed), None)
    return {
        "seeds": len(probes),
        "translation": {
            "images": probes[0].translation["images"],
            "accuracy": np.mean([p.translation["accuracy"] for p in probes], axis=0).round(6).tolist(),
            "changed_at_1px": _estimate([p.translation["changed_at_1px"] for p in probes]),
            "lost_at": {
                str(distance): _estimate([lost_at(p, distance) for p in probes]) for distance in range(1, MAX_SHIFT + 1)
            },
        },
        "corruptions": {
            "images": probes[0].corruptions["images"],
            "clean": _estimate([p.corruptions["clean"] for p in probes]),
            "accuracy": {
                name: np.mean([p.corruptions["accuracy"][name] for p in probes], axis=0).round(6).tolist()
                for name in CORRUPTIONS
            },
            "relative_error": None,
        },
        "calibration": {
            "temperature": _estimate([p.calibration["temperature"] for p in probes]),
            **{when: _calibration([p.calibration[when] for p in probes]) for when in ("before", "after")},
        },
        "confident_errors": served.confident_errors if served else [],
    }


def _calibration(measured: Sequence[dict[str, Any]]) -> dict[str, Any]:
    bins = []
    for of_seeds in zip(*(m["bins"] for m in measured), strict=True):
        images = sum(b["images"] for b in of_seeds)
        mean = {
            key: sum(b[key] * b["images"] for b in of_seeds if b["images"]) / images if images else None
            for key in ("confidence", "accuracy")
        }
        bins.append({"images": images, **mean})
    return {key: _estimate([m[key] for m in measured]) for key in ("ece", "nll", "brier")} | {"bins": bins}


def _estimate(values: Sequence[float]) -> dict[str, Any]:
    return asdict(estimate(values))
