"""Accuracy against the number of training images."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.report.figures.pictures import Pictures
from training.report.figures.style import by_name, half_width, line, new

TITLE = "Test accuracy by number of training images"
CAPTION = (
    "The lower axis is logarithmic: equal steps multiply the number of images. The line is the mean over seeds, the "
    "band its 95 % confidence interval. Follow the dashed line at 85 % to see how many images each network needs to "
    "get there."
)


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:  # noqa: ARG001
    """Draw it where the report has a learning curve."""
    curve = report["learning_curve"]
    if curve is None:
        return None
    titles = by_name(report)
    figure = new(10, 4.2)
    axis = figure.subplots()
    for network in ("baseline", "cnn_a"):
        style, points = line(network), curve[network]
        images = [point["images"] for point in points]
        mean = np.array([point["test_accuracy"]["mean"] for point in points]) * 100
        half = np.array([half_width(point["test_accuracy"]) for point in points])
        axis.fill_between(images, mean - half, mean + half, color=style["color"], alpha=0.18, linewidth=0)
        axis.plot(images, mean, **style, label=titles[network]["title"])
    axis.axhline(85, color="0.5", linestyle="--", linewidth=1)
    axis.set(xscale="log", xlabel="Training images", ylabel="Test accuracy, %")
    ticks = [point["images"] for point in curve["cnn_a"]]
    axis.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axis.minorticks_off()
    axis.legend(loc="lower right")
    axis.grid(alpha=0.25)
    return figure
