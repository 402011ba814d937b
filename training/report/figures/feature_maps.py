"""One picture on its way through CNN A."""

from typing import Any

from matplotlib.figure import Figure

from training.report.figures.pictures import Pictures
from training.report.figures.style import by_name, new, picture
from training.sentences import say

TITLE = "Feature maps of one picture in CNN A"
CAPTION = (
    "Left the picture, then what the eight most active channels of each convolution make of it; bright is a strong "
    "response. The first convolution answers to edges and surfaces at full resolution, the second to combinations of "
    "them, on maps less than half the size: this is what is meant by a hierarchy of layers."
)

_NETWORK = "cnn_a"


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:
    """Draw it where CNN A was probed."""
    if _NETWORK not in pictures.anatomy or _NETWORK not in by_name(report):
        return None
    layers = pictures.anatomy[_NETWORK]["feature_maps"]
    figure = new(11, 3.4)
    halves: Any = figure.subfigures(1, 2, width_ratios=(1, 4))
    left, right = halves
    whole = left.subplots()
    picture(whole, pictures.test_images[pictures.sample])
    whole.set_title("28×28", fontsize=10)
    for panel, (number, layer) in zip(right.subfigures(len(layers), 1), enumerate(layers, 1), strict=True):
        height, width = len(layer["maps"][0]), len(layer["maps"][0][0])
        panel.suptitle(
            say("Convolution {number}: {height}×{width}", number=number, height=height, width=width), fontsize=10
        )
        for axis, feature_map in zip(panel.subplots(1, len(layer["maps"])), layer["maps"], strict=True):
            picture(axis, feature_map)
    return figure
