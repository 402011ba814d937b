"""How many times as many training images the dense network needs, by the accuracy that is asked for."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.report.figures.pictures import Pictures
from training.report.figures.style import line, new
from training.report.learning_curve import TARGET

TITLE = "How much more data the dense network needs"
CAPTION = (
    "For each test accuracy, how many times as many training images the dense network needs as CNN A: geometric mean "
    "over seeds, the band its 95 % confidence interval. At 1 both need the same. The answer depends on what is asked "
    "for: with few images, and low accuracy, convolution is no saving. The dashed line is the accuracy that decides "
    "the claim."
)


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:  # noqa: ARG001
    """Draw it where the report has a learning curve of several seeds."""
    ratios = report["learning_curve"] and report["learning_curve"]["ratios"]
    if not ratios:
        return None
    figure = new(8, 3.8)
    axis = figure.subplots()
    targets = [r["target"] * 100 for r in ratios]
    low, high = np.array([r["ci95"] for r in ratios]).T
    axis.fill_between(targets, low, high, color=line("cnn_a")["color"], alpha=0.18, linewidth=0)
    axis.plot(targets, [r["ratio"] for r in ratios], **line("cnn_a"))
    axis.axhline(1, color="0.5", linewidth=1)
    axis.axvline(TARGET * 100, color="0.5", linestyle="--", linewidth=1)
    axis.set(xlabel="Test accuracy, %", ylabel="Images, dense against CNN A", yscale="log")
    axis.set_yticks((0.5, 1, 2, 4, 8), ("0.5", "1", "2", "4", "8"))
    axis.minorticks_off()
    axis.grid(alpha=0.25)
    return figure
