"""From the recorded runs to the report: every number ``GET /experiments`` shows, and nothing that was not measured."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.data import near_duplicates
from training.data.fashion_mnist import CLASS_NAMES, SHA256, FashionMNIST, stratified_split
from training.errors import TrainingError
from training.evaluation.probes import SAMPLE
from training.evaluation.statistics import estimate
from training.experiments.experiment import Experiment
from training.experiments.runs import Run, RunFolder, to_json, write_atomically
from training.report import (
    claims,
    comparisons,
    conclusions,
    examination_summaries,
    figures,
    glossary,
    learning_curve,
    markdown,
    model_cards,
    rules,
)
from training.report.experiment_rows import relate_corruption_errors, row
from training.report.photographs import section
from training.sentences import translations


@dataclass(frozen=True)
class Report:
    """The content of ``experiments.json``, and the figures that its captions are of."""

    content: dict[str, Any]
    figures: dict[str, Figure]


def write(report: Report, models: Path) -> None:
    """Write the report into the bundle's folder: JSON, its sentences in Spanish, Markdown, figures."""
    figures.write(report.figures, models / "figures")
    write_atomically(models / "experiments.json", to_json(report.content))
    write_atomically(models / "messages" / "es.json", to_json(translations(report.content)))
    write_atomically(models / "experiments.md", markdown.overview(report.content, figures=""))
    for experiment in report.content["experiments"]:
        card = model_cards.card(experiment, report.content["dataset"])
        write_atomically(models / "experiments" / f"{experiment['name']}.md", card)


def build(
    experiments: Sequence[Experiment],
    runs: RunFolder,
    data: FashionMNIST,
    *,
    served_seed: int,
    photographs: dict[str, Any] | None = None,
) -> Report:
    """Assemble the content of ``experiments.json`` and draw its figures.

    Args:
        experiments: the rows of the table, in order. Those that are not served are left out until all their seeds
            are finished: half of them would be compared with less than was planned.
        runs: where their runs are.
        data: for the test images' true classes.
        served_seed: the seed whose network is served, and whose confusion matrix is shown.
        photographs: what the served networks do with photographs, by name and part; None where that was not measured.

    Raises:
        TrainingError: nothing is finished, or not with the served seed.

    """
    finished = {e.name: list(runs.all(e)) for e in experiments}
    finished = {e.name: finished[e.name] if e.served or len(finished[e.name]) >= e.seeds else [] for e in experiments}
    probes = {name: [found for run in of_one if (found := runs.probes(run))] for name, of_one in finished.items()}
    rows = [
        row(e, finished[e.name], probes[e.name], data, served_seed=served_seed) for e in experiments if finished[e.name]
    ]
    if not rows:
        raise TrainingError(
            f"{runs.folder} has no finished run of the recipes' own epochs; start with: python -m training run. If the "
            "runs were made with --epochs N, give the same --epochs here, too"
        )
    relate_corruption_errors(rows, "baseline")
    split = stratified_split(data.train_labels, seed=served_seed)
    measured = examination_summaries.measured(finished, probes)
    for r in rows:
        r["measured"] = {
            metric: asdict(estimate(list(by_name[r["name"]].values())))
            for metric, by_name in measured.items()
            if r["name"] in by_name
        }
        r["examined"] = examination_summaries.summary(finished[r["name"]])
    measured[comparisons.IMAGES] = learning_curve.log_images(rows, all_images=len(split.train))
    paired = comparisons.paired(experiments, finished, measured, data.test_labels)
    mcnemar = comparisons.served_pairs(experiments, finished, data.test_labels, seed=served_seed)
    comparisons.adjust(paired, mcnemar)
    titles = {r["name"]: r["title"] for r in rows}
    for r in rows:
        r["observations"] = conclusions.observation(r, paired, titles)
    report: dict[str, Any] = {
        "experiments": rows,
        "comparisons": paired,
        "mcnemar": mcnemar,
        "learning_curve": _curve(rows, paired, all_images=len(split.train)),
        "fair": comparisons.fair(finished),
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
        "near_duplicates": _near_duplicates(rows, finished, data),
        "photographs": section(photographs, [(e, finished[e.name]) for e in experiments]) if photographs else None,
        "provenance": _provenance([run for of_one in finished.values() for run in of_one]),
    }
    report["claims"] = claims.decide(report)
    report["summary"] = [c["sentence"] for c in report["claims"] if c["sentence"] != claims.NOTHING_KNOWN]
    report["words"] = [{"word": word, "meaning": meaning} for word, meaning in glossary.MEANINGS.items()]
    report["rules"] = {
        "date": rules.DATE,
        "commit": rules.COMMIT,
        "file": "training/report/rules.toml",
        "control_repeated": rules.CONTROL_REPEATED,
    }
    report["conclusion"] = " ".join(f"{c['claim'].rstrip('.')}: {c['verdict']}." for c in report["claims"])
    anatomy = {
        name: found.anatomy
        for name, of_one in probes.items()
        for found in of_one
        if found.seed == served_seed and found.anatomy
    }
    drawn, report["figures"] = figures.draw_all(report, figures.Pictures(data.test_images, SAMPLE, anatomy))
    return Report(report, drawn)


def _curve(rows: list[dict[str, Any]], paired: list[dict[str, Any]], *, all_images: int) -> dict[str, Any] | None:
    """The learning curve, with the comparison of images needed, which is of no accuracy and leaves the others' list."""
    curve = learning_curve.build(rows, all_images=all_images)
    found = next((c for c in paired if c["metric"] == comparisons.IMAGES), None)
    if found is not None:
        paired.remove(found)
        interval = found["ci95"] and [exp(-bound) for bound in reversed(found["ci95"])]
        found |= {"ratio": exp(-found["difference"]), "ratio_ci95": interval}
    return curve and curve | {"comparison": found}


def _near_duplicates(
    rows: list[dict[str, Any]], finished: dict[str, list[Run]], data: FashionMNIST
) -> dict[str, Any] | None:
    """Count the test images that training images are nearly alike to, and each served experiment without them."""
    found = near_duplicates.recorded()
    if found is None or len(data.test_labels) <= found.max():
        return None
    others = np.setdiff1d(np.arange(len(data.test_labels)), found)
    return {
        "correlation": near_duplicates.CORRELATION,
        "images": len(found),
        "test_accuracy_without": {
            r["name"]: asdict(
                estimate([float(run.right(data.test_labels)[others].mean()) for run in finished[r["name"]]])
            )
            for r in rows
            if r["served"]
        },
    }


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
