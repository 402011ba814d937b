"""A photograph as the networks see it: whole, its background with it.

Where the background is not even, cutting a garment out goes wrong more often than it helps networks that were trained
with photographs. ``training/data/conversion.py`` does the same.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from service.arrays import SIZE

SQUARE = 2 * SIZE
_MARGIN = 4  # pixels of the square that the closer view leaves out on each side

Views = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Photographed:
    """A photograph in the networks' form.

    Attributes:
        views: uint8 (4, 28, 28): the whole picture, its mirror image, and its middle in both ways. The mean of a
            network's answers to them is right more often than any one of them.
        inverted: whether the border was brighter than the middle, so that light and dark were swapped.

    """

    views: Views
    inverted: bool


def convert(image: Image.Image, *, invert: bool | None = None) -> Photographed:
    """Show a whole upright picture: the mean of its brightness and of its colour's distance from the border's.

    Both are stretched to 0…255. What the picture lacks to a square is filled with the median of its own border.

    Args:
        image: of mode RGB.
        invert: whether to swap light and dark; decided by border and middle where not given.

    """
    scale = SQUARE / max(image.size)
    small = image.resize([max(1, round(edge * scale)) for edge in image.size], Image.Resampling.BOX)
    grey, colour = np.asarray(small.convert("L"), np.float32), np.asarray(small, np.float32)
    low, high = np.percentile(grey, (1, 99))
    grey = np.clip((grey - low) * (255 / max(high - low, 1)), 0, 255)
    height, width = grey.shape
    border = _border(height, width)
    middle = grey[height // 4 : height - height // 4, width // 4 : width - width // 4]
    inverted = bool(np.median(grey[border]) > np.median(middle)) if invert is None else invert
    if inverted:
        grey = 255 - grey
    distance = np.abs(colour - np.median(colour[border], axis=0)).max(axis=2)
    distance = np.clip(distance * (255 / max(np.percentile(distance, 99), 1)), 0, 255)
    values = (grey + distance) / 2
    square = np.full((SQUARE, SQUARE), np.median(values[border]), np.float32)
    top, left = (SQUARE - height) // 2, (SQUARE - width) // 2
    square[top : top + height, left : left + width] = values
    return Photographed(_views(square.round().astype(np.uint8)), inverted)


def _views(square: Views) -> Views:
    closer = square[_MARGIN : SQUARE - _MARGIN, _MARGIN : SQUARE - _MARGIN]
    both = [np.asarray(Image.fromarray(part).resize((SIZE, SIZE), Image.Resampling.BOX)) for part in (square, closer)]
    return np.stack([view for part in both for view in (part, part[:, ::-1])])


def _border(height: int, width: int) -> npt.NDArray[np.bool_]:
    """Mark the outermost pixels, a sixteenth of the shorter edge wide."""
    edge = np.ones((height, width), bool)
    margin = max(1, min(height, width) // 16)
    edge[margin:-margin, margin:-margin] = False
    return edge
