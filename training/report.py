"""From the recorded runs to the report: every number ``GET /experiments`` shows, and nothing that was not measured."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from training import conclusions, figures, markdown
from training.datasets import CLASS_NAMES, SHA256, FashionMNIST, stratified_split
from training.errors import TrainingError
from training.evaluation import confusion_matrix
from training.experiments import Experiment
from training.runs import Run, RunFolder, to_json, write_atomically
from training.statistics import estimate, holm, paired_difference

METRICS = ("val_accuracy", "test_accuracy")


def write(report: dict[str, Any], models: Path) -> None:
    """Write the report into the bundle's folder: JSON, Markdown (the whole, and a file an experiment), figures."""
    figures.write(report, models / "figures")
    write_atomically(models / "experiments.json", to_json(report))
    write_atomically(models / "experiments.md", markdown.overview(report))
    for experiment in report["experiments"]:
        write_atomically(models / "experiments" / f"{experiment['name']}.md", markdown.detail(experiment))


def build(
    experiments: Sequence[Experiment], runs: RunFolder, data: FashionMNIST, *, served_seed: int
) -> dict[str, Any]:
    """Assemble the content of ``experiments.json``.

    Args:
        experiments: the rows of the table, in order. Those that are not served are left out until all their seeds
            are finished: half of them would be compared with less than was planned.
        runs: where their runs are.
        data: for the test images' true classes.
        served_seed: the seed whose network is served, and whose confusion matrix is shown.

    Raises:
        TrainingError: nothing is finished, or not with the served seed.

    """
    finished = {e.name: list(runs.all(e)) for e in experiments}
    finished = {e.name: finished[e.name] if e.served or len(finished[e.name]) >= e.seeds else [] for e in experiments}
    rows = [_row(e, finished[e.name], data, served_seed) for e in experiments if finished[e.name]]
    if not rows:
        raise TrainingError(f"{runs.folder} holds no finished run; start with: python -m training run")
    comparisons = _compare(experiments, rows)
    split = stratified_split(data.train_labels, seed=served_seed)
    for row in rows:
        row["observations"] = conclusions.observation(row, comparisons)
    findings = conclusions.findings(rows, comparisons)
    return {
        "experiments": rows,
        "comparisons": comparisons,
        "conclusion": " ".join(findings),
        "findings": findings,
        "dataset": {
            "name": "Fashion-MNIST",
            "source": "Xiao, Rasul and Vollgraf (2017), https://github.com/zalandoresearch/fashion-mnist",
            "licence": "MIT",
            "classes": list(CLASS_NAMES),
            "train": len(split.train),
            "validation": len(split.validation),
            "test": len(data.test_labels),
            "split": "stratified, drawn anew for each seed from the training images",
            "sha256": SHA256,
        },
        "provenance": _provenance([run for of_one in finished.values() for run in of_one]),
        "figures": figures.CAPTIONS,
    }


def _row(experiment: Experiment, runs: list[Run], data: FashionMNIST, served_seed: int) -> dict[str, Any]:
    served = next((run for run in runs if run.seed == served_seed), None)
    if served is None:
        raise TrainingError(
            f"{experiment.name} has no finished run with seed {served_seed}, the one that is served; "
            f"start it with: python -m training run {experiment.name} --seeds {served_seed + 1}"
        )
    predicted = np.array(list(served.test_predictions), dtype=np.uint8)
    return {
        "name": experiment.name,
        "title": experiment.title,
        "group": experiment.group,
        "layers": experiment.layers,
        "kernel_size": experiment.kernel_size,
        "parameters": served.parameters,
        "multiply_adds": served.multiply_adds,
        "seeds": len(runs),
        "val_accuracy": asdict(estimate([run.validation["accuracy"] for run in runs])),
        "test_accuracy": asdict(estimate([run.test["accuracy"] for run in runs])),
        "observations": "",
        "hypothesis": experiment.hypothesis,
        "served": experiment.served,
        "train_size": experiment.train_size,
        "permuted": experiment.permuted,
        "served_seed": served_seed,
        "recipe": asdict(experiment.recipe),
        "runs": [_run(run) for run in runs],
        "classes": list(CLASS_NAMES),
        "confusion_matrix": confusion_matrix(predicted, data.test_labels).tolist(),
    }


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


def _compare(experiments: Sequence[Experiment], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make the comparisons the registry plans, on both metrics, over the seeds both have; Holm over all of them."""
    values = {row["name"]: {run["seed"]: run for run in row["runs"]} for row in rows}
    planned = [(e.name, other) for e in experiments for other in e.against if {e.name, other} <= values.keys()]
    comparisons: list[dict[str, Any]] = []
    for a, b in planned:
        seeds = sorted(values[a].keys() & values[b].keys())
        for metric in METRICS:
            paired = ([values[name][seed][metric] for seed in seeds] for name in (a, b))
            difference = asdict(paired_difference(*paired))
            comparisons.append({"a": a, "b": b, "metric": metric, "seeds": len(seeds), **difference})
    tested = [c for c in comparisons if c["p_value"] is not None]
    for comparison in comparisons:
        comparison["p_value_holm"] = None
    for comparison, adjusted in zip(tested, holm([c["p_value"] for c in tested]), strict=True):
        comparison["p_value_holm"] = adjusted
    return comparisons


def _provenance(runs: list[Run]) -> dict[str, Any]:
    """Where and when the runs were made: each distinct value once, and the total training time in seconds."""
    keys = ("commit", "backend", "python", "packages", "cpu", "cores")
    return {
        "runs": len(runs),
        "wall_time_s": round(sum(run.wall_time_s for run in runs), 1),
        "first_finished": min(run.provenance["finished"] for run in runs),
        "last_finished": max(run.provenance["finished"] for run in runs),
        **{key: _distinct([run.provenance[key] for run in runs if run.provenance[key] is not None]) for key in keys},
    }


def _distinct(values: list[Any]) -> list[Any]:
    return [value for index, value in enumerate(values) if value not in values[:index]]
