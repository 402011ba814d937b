"""What the first convolutions have learned to look for."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.report.figures.pictures import Pictures
from training.report.figures.style import by_name, new, picture

TITLE = "Kernels of the first convolution"
CAPTION = (
    "Each square is one of the 32 kernels: the weights by which the pixels under it are multiplied before they are "
    "added up. White adds, black subtracts, grey ignores; each is scaled to its own strongest weight. A kernel that is "
    "white on one side and black on the other answers to an edge; a uniform one to brightness."
)


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:
    """Draw it for CNN A and CNN B, as far as they were probed."""
    found = by_name(report)
    names = [name for name in ("cnn_a", "cnn_b") if name in pictures.anatomy and name in found]
    if not names:
        return None
    figure = new(10, 1.4 + 1.5 * len(names))
    panels: Any = figure.subfigures(len(names), 1, squeeze=False)
    for panel, name in zip(panels.flat, names, strict=True):
        panel.suptitle(found[name]["title"], fontsize=12)
        for axis, kernel in zip(panel.subplots(2, 16).flat, pictures.anatomy[name]["kernels"], strict=False):
            reach = float(np.abs(kernel).max())
            picture(axis, kernel, black=-reach, white=reach)
            axis.spines[:].set(visible=True, color="0.7")
    return figure
