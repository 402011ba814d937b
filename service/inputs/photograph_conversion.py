"""A photograph as the networks see it: whole, its background with it.

Where the background is not even, cutting a garment out goes wrong more often than it helps networks that were trained
with photographs. ``training/data/photograph_conversion.py`` does the same.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from service.arrays import SIZE

SQUARE = 2 * SIZE
_MARGIN = 4  # pixels of the square that the closer view leaves out on each side
_SHARES = (np.float32(0.5), np.float32(1), np.float32(0))  # of brightness in what is shown; the rest is the distance

Views = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Photographed:
    """A photograph in the networks' form.

    Attributes:
        views: uint8 (12, 28, 28), in three mixtures of brightness and distance: the whole picture, its mirror image,
            and its middle in both ways. The mean of a network's answers to them is right more often than any of them.
        inverted: whether the border was brighter than the middle, so that light and dark were swapped.

    """

    views: Views
    inverted: bool


def convert(image: Image.Image, *, invert: bool | None = None) -> Photographed:
    """Show a whole upright picture by its brightness, and by its colour's distance from the border's.

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
    squares = np.empty((2, SQUARE, SQUARE), np.uint8)
    top, left = (SQUARE - height) // 2, (SQUARE - width) // 2
    for square, values in zip(squares, (grey, distance), strict=True):
        square[:] = np.median(values[border]).round()
        square[top : top + height, left : left + width] = values.round()
    return Photographed(_views(squares), inverted)


def _views(squares: Views) -> Views:
    shown, (brightness, distance) = [], squares
    for share in _SHARES:
        square = (brightness * share + distance * (1 - share)).round().astype(np.uint8)
        closer = square[_MARGIN : SQUARE - _MARGIN, _MARGIN : SQUARE - _MARGIN]
        for part in (square, closer):
            view = np.asarray(Image.fromarray(part).resize((SIZE, SIZE), Image.Resampling.BOX))
            shown += [view, view[:, ::-1]]
    return np.stack(shown)


def _border(height: int, width: int) -> npt.NDArray[np.bool_]:
    """Mark the outermost pixels, a sixteenth of the shorter edge wide."""
    edge = np.ones((height, width), bool)
    margin = max(1, min(height, width) // 16)
    edge[margin:-margin, margin:-margin] = False
    return edge
