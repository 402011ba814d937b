"""Which garments are taken for which."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.report.figures.pictures import Pictures
from training.report.figures.style import by_name, new
from training.sentences import say

TITLE = "Confusion matrices"
CAPTION = (
    "A row is what a garment is, a column what it was taken for; the numbers are counts of test images, and the darker "
    "a square, the larger its share of the row. The diagonal is right. Look for the squares off the diagonal that are "
    "darker on one side than on the other."
)


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:  # noqa: ARG001
    """Draw it for the baseline and CNN A, as far as they are there."""
    found = by_name(report)
    experiments = [found[name] for name in ("baseline", "cnn_a") if name in found]
    if not experiments:
        return None
    figure = new(6.2 * len(experiments), 6)
    for axis, experiment in zip(figure.subplots(1, len(experiments), squeeze=False)[0], experiments, strict=True):
        counts = np.array(experiment["confusion_matrix"])
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        # The square root lifts rare confusions out of the white.
        axis.imshow(np.sqrt(shares), cmap="Greys", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = "white" if shares[row, column] > 0.3 else "black"
                axis.text(column, row, str(count), ha="center", va="center", fontsize=8, color=colour)
        axis.set_xticks(range(10), experiment["classes"], rotation=45, ha="right")
        axis.set_yticks(range(10), experiment["classes"])
        axis.set(
            title=say("{title}, seed {seed}", title=experiment["title"], seed=experiment["served_seed"]),
            xlabel="Taken for",
        )
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    figure.axes[0].set_ylabel("Is")
    return figure
