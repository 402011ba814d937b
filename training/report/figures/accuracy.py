"""Validation accuracy by epoch, and the test accuracy of every single network."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.report.figures.pictures import Pictures
from training.report.figures.style import INK, half_width, line, new, served

TITLE = "Validation accuracy by epoch, and test accuracy of each network"
CAPTION = (
    "Left: the mean over seeds after each epoch (a pass over the training images); the band spans all seeds. Right: a "
    "dot is one trained network, the bar its experiment's mean with the 95 % confidence interval. See how the gaps "
    "between experiments compare with the spread inside one: where two experiments' dots overlap, a single run could "
    "rank them either way."
)


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:  # noqa: ARG001
    """Draw it for the served experiments."""
    experiments = served(report)
    if not experiments:
        return None
    figure = new(10, 4.2)
    by_epoch, by_seed = figure.subplots(1, 2, width_ratios=(6, 5))
    for position, experiment in enumerate(experiments):
        style = line(experiment["name"])
        curves = np.array([run["history"]["val_accuracy"] for run in experiment["runs"]]) * 100
        epochs = np.arange(1, curves.shape[1] + 1)
        by_epoch.fill_between(
            epochs, curves.min(axis=0), curves.max(axis=0), color=style["color"], alpha=0.15, linewidth=0
        )
        by_epoch.plot(epochs, curves.mean(axis=0), **style, label=experiment["title"])
        tests = np.array([run["test_accuracy"] for run in experiment["runs"]]) * 100
        spread = np.linspace(-0.15, 0.15, len(tests)) if len(tests) > 1 else np.zeros(1)
        by_seed.plot(position + spread, tests, color=style["color"], marker=style["marker"], linestyle="", alpha=0.6)
        test = experiment["test_accuracy"]
        by_seed.errorbar(
            position, test["mean"] * 100, half_width(test), color=INK, capsize=9, marker="_", markersize=22
        )
    by_epoch.set(xlabel="Epoch", ylabel="Validation accuracy, %")
    by_epoch.legend(loc="lower right")
    by_epoch.grid(alpha=0.25)
    by_seed.set(ylabel="Test accuracy, %", xlim=(-0.5, len(experiments) - 0.5))
    by_seed.set_xticks(range(len(experiments)), [_in_two_lines(e["title"]) for e in experiments])
    by_seed.grid(alpha=0.25, axis="y")
    return figure


def _in_two_lines(title: str) -> str:
    return title.replace(" (", "\n(").replace(", ", ",\n")
