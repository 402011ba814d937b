"""What each network sees of the picture, and how large a piece of it one unit sees."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from training.experiments.receptive_field import receptive_field
from training.report.figures.pictures import Pictures
from training.report.figures.style import by_name, new, picture

TITLE = "What each network sees of the picture"
CAPTION = (
    "The mean of all test pictures. The square is the receptive field of one unit behind the last pooling: the piece "
    "of the picture it can answer to. Hatched is what never reaches the network, because a pooling drops the last odd "
    "row and column of its feature map. CNN A is blind to rows and columns 26 and 27."
)

_SHOWN = ("baseline", "cnn_one", "cnn_a", "cnn_three", "cnn_a_whole", "cnn_b", "cnn_7x7")


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:
    """Draw it for the three networks and some that differ in depth or kernel."""
    rows = by_name(report)
    shown = [rows[name] for name in _SHOWN if name in rows]
    if len(shown) < 2:
        return None
    figure = new(2.1 * len(shown), 2.7)
    mean = np.asarray(pictures.test_images).mean(axis=0)
    for axis, row in zip(figure.subplots(1, len(shown)), shown, strict=True):
        picture(axis, mean)
        seen = receptive_field(row["name"])
        for corner, width, height in (
            ((seen.rows, 0), 28 - seen.rows, 28),
            ((0, seen.rows), seen.rows, 28 - seen.rows),
        ):
            left, top = (place - 0.5 for place in corner)
            axis.add_patch(
                Rectangle((left, top), width, height, hatch="////", fill=False, color="#d55e00", linewidth=0)
            )
        if seen.size < 28:
            axis.add_patch(Rectangle((8.5, 8.5), seen.size, seen.size, fill=False, color="#56b4e9", linewidth=2))
        axis.set_title(row["title"].replace(", ", ",\n").replace(" (", "\n("), fontsize=10)
        axis.set_xlabel(f"{seen.size}×{seen.size}", fontsize=10)
    return figure
