"""The report's pictures: readable in grey, told apart without colour, the same bytes for the same numbers."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

CAPTIONS = [
    {
        "id": "accuracy",
        "file": "figures/accuracy.svg",
        "title": "Validation accuracy by epoch, and test accuracy of each seed",
        "caption": "Left: mean over seeds, the band spans all of them. Right: a dot is one trained network, the bar "
        "its experiment's mean with the 95 % interval. See how the gaps between experiments compare with the spread "
        "inside one: where two experiments' dots overlap, a single run could rank them either way.",
    }
]

# Okabe and Ito's colours, safe for colour-blind readers; markers and dashes tell the lines apart in grey.
_STYLES = (("#D55E00", "o", "-"), ("#0072B2", "s", "--"), ("#009E73", "^", ":"), ("#CC79A7", "D", "-."))


def write(report: dict[str, Any], folder: Path) -> None:
    """Draw every figure of the report into a folder, as SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(
        {"svg.hashsalt": "figures", "font.size": 11, "axes.spines.top": False, "axes.spines.right": False}
    ):
        first = report["experiments"][0]["group"]
        figure = _accuracy([e for e in report["experiments"] if e["group"] == first])
        # Without a date, so that the file changes only with the numbers.
        figure.savefig(folder / "accuracy.svg", metadata={"Date": None}, facecolor="white")


def _accuracy(experiments: list[dict[str, Any]]) -> Figure:
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    by_epoch, by_seed = figure.subplots(1, 2, width_ratios=(3, 2))
    for position, (experiment, (colour, marker, dashes)) in enumerate(zip(experiments, _STYLES, strict=False)):
        curves = np.array([run["history"]["val_accuracy"] for run in experiment["runs"]]) * 100
        epochs = np.arange(1, curves.shape[1] + 1)
        by_epoch.fill_between(epochs, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, linewidth=0)
        by_epoch.plot(
            epochs, curves.mean(axis=0), color=colour, marker=marker, linestyle=dashes, label=experiment["title"]
        )
        tests = np.array([run["test_accuracy"] for run in experiment["runs"]]) * 100
        spread = np.linspace(-0.15, 0.15, len(tests)) if len(tests) > 1 else np.zeros(1)
        by_seed.plot(position + spread, tests, color=colour, marker=marker, linestyle="", alpha=0.6)
        mean, interval = experiment["test_accuracy"]["mean"] * 100, experiment["test_accuracy"]["ci95"]
        half = 0 if interval is None else interval[1] * 100 - mean
        by_seed.errorbar(position, mean, half, color="black", capsize=9, marker="_", markersize=22, linewidth=1.5)
    by_epoch.set(xlabel="Epoch", ylabel="Validation accuracy, %")
    by_epoch.legend(frameon=False, loc="lower right")
    by_epoch.grid(alpha=0.25)
    by_seed.set(ylabel="Test accuracy, %", xlim=(-0.5, len(experiments) - 0.5))
    by_seed.set_xticks(range(len(experiments)), [e["title"].replace(" (", "\n(") for e in experiments])
    by_seed.grid(alpha=0.25, axis="y")
    return figure
