"""What happens when the garment is not where it always was."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.evaluation.probes import MAX_SHIFT
from training.report.figures.pictures import Pictures
from training.report.figures.style import half_width, line, new

TITLE = "Accuracy when test pictures are moved"
CAPTION = (
    "On 1,000 test pictures (100 a class), so that the middle differs a little from the tables. Above: each "
    "square is a place the pictures were moved to, up to 8 pixels in every direction; the middle is where they "
    "belong. Bright is accurate, the numbers are percent. A network that is invariant to translation would be "
    "bright all over. Below: the points of accuracy lost, on average over all places at a distance (the larger of"
    " the two moves), with the 95 % confidence interval over seeds."
)

_SHOWN = ("baseline", "cnn_a", "cnn_b", "cnn_a_tuned", "cnn_a_gap")


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:  # noqa: ARG001
    """Draw it for the three networks, the tuned one and the one with global average pooling, where they were probed."""
    probed = [e for e in report["experiments"] if e["name"] in _SHOWN and e["probes"]]
    if not probed:
        return None
    figure = new(12.5, 6.6)
    halves: Any = figure.subfigures(2, 1, height_ratios=(1.15, 1))
    above, below = halves
    axes = above.subplots(1, len(probed), squeeze=False)[0]
    image = None
    for axis, experiment in zip(axes, probed, strict=True):
        grid = np.array(experiment["probes"]["translation"]["accuracy"]) * 100
        reach = MAX_SHIFT + 0.5
        image = axis.imshow(grid, cmap="cividis", vmin=0, vmax=100, extent=(-reach, reach, reach, -reach))
        for dy in (-4, -2, 0, 2, 4):
            for dx in (-4, 0, 4):
                value = grid[dy + MAX_SHIFT, dx + MAX_SHIFT]
                colour = "black" if value > 55 else "white"
                axis.text(dx, dy, f"{value:.0f}", ha="center", va="center", fontsize=7.5, color=colour)
        axis.set(title=experiment["title"].replace(", global", ",\nglobal"), xticks=(-8, -4, 0, 4, 8))
        axis.set_yticks((-8, -4, 0, 4, 8))
        axis.set_xlabel("pixels to the right")
    axes[0].set_ylabel("pixels down")
    above.colorbar(image, ax=axes, label="Accuracy, %", shrink=0.8)
    lost = below.subplots()
    distances = np.arange(1, MAX_SHIFT + 1)
    for experiment in probed:
        by_distance = [experiment["probes"]["translation"]["lost_at"][str(d)] for d in distances]
        mean, half = [e["mean"] * 100 for e in by_distance], [half_width(e) for e in by_distance]
        lost.errorbar(distances, mean, half, **line(experiment["name"]), capsize=3, label=experiment["title"])
    lost.set(xlabel="Distance, pixels", ylabel="Points of accuracy lost", ylim=(0, None))
    lost.legend(loc="upper left")
    lost.grid(alpha=0.25)
    return figure
