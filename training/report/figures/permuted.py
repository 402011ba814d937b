"""A garment, and the same garment with its pixels permuted."""

from typing import Any

from matplotlib.figure import Figure

from training.data.fashion_mnist import permute_visible_pixels
from training.report.figures.pictures import Pictures
from training.report.figures.style import by_name, new, picture

TITLE = "A garment with its pixels permuted"
CAPTION = (
    "Above, pictures as they are; below, the same pictures with the pixels that CNN A sees in another order, the same "
    "order for all pictures. To a dense network, above and below are equally hard: it never knew which pixels are "
    "neighbours. A convolution finds no edges below."
)

_EXAMPLES = (0, 1, 2, 8, 9)


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:
    """Draw it where the experiment is part of the report."""
    if not {"cnn_a_permuted", "cnn_a_permuted_visible"} & by_name(report).keys():
        return None
    figure = new(8, 3.4)
    images = pictures.test_images[list(_EXAMPLES)]
    axes = figure.subplots(2, len(_EXAMPLES))
    for row, some in zip(axes, (images, permute_visible_pixels(images, seed=0)), strict=True):
        for axis, image in zip(row, some, strict=True):
            picture(axis, image)
    return figure
