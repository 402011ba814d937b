"""From the recorded runs to the report: every number ``GET /experiments`` shows, and nothing that was not measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from training.data.fashion_mnist import CLASS_NAMES, SHA256, FashionMNIST, stratified_split
from training.errors import TrainingError
from training.evaluation.probes import SAMPLE
from training.experiments.experiment import Experiment
from training.experiments.runs import Run, RunFolder, to_json, write_atomically
from training.report import claims, comparisons, conclusions, figures, learning_curve, markdown, model_cards
from training.report.photographs import section
from training.report.rows import lost_at, relate_corruption_errors, row
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
        raise TrainingError(f"{runs.folder} holds no finished run; start with: python -m training run")
    relate_corruption_errors(rows, "baseline")
    lost = {name: {p.seed: lost_at(p, 2) for p in of_one} for name, of_one in probes.items()}
    paired = comparisons.paired(experiments, finished, lost, data.test_labels)
    mcnemar = comparisons.served_pairs(experiments, finished, data.test_labels, seed=served_seed)
    comparisons.adjust(paired, mcnemar)
    titles = {r["name"]: r["title"] for r in rows}
    for r in rows:
        r["observations"] = conclusions.observation(r, paired, titles)
    split = stratified_split(data.train_labels, seed=served_seed)
    report: dict[str, Any] = {
        "experiments": rows,
        "comparisons": paired,
        "mcnemar": mcnemar,
        "learning_curve": learning_curve.build(rows, all_images=len(split.train)),
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
        "photographs": section(photographs, _trained_with_photographs(experiments, runs)) if photographs else None,
        "provenance": _provenance([run for of_one in finished.values() for run in of_one]),
    }
    report["claims"] = claims.decide(report)
    report["conclusion"] = " ".join(f"{c['claim'].rstrip('.')}: {c['verdict']}." for c in report["claims"])
    anatomy = {
        name: found.anatomy
        for name, of_one in probes.items()
        for found in of_one
        if found.seed == served_seed and found.anatomy
    }
    drawn, report["figures"] = figures.draw_all(report, figures.Pictures(data.test_images, SAMPLE, anatomy))
    return Report(report, drawn)


def _trained_with_photographs(experiments: Sequence[Experiment], runs: RunFolder) -> dict[str, list[dict[str, Any]]]:
    """What each run of the experiments that saw photographs does with the part ``report``."""
    found = {e.name: [run.photographs["report"] for run in runs.all(e) if run.photographs] for e in experiments}
    return {name: of_one for name, of_one in found.items() if of_one}


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
