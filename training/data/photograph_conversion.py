"""From a photograph to 28×28 grey pixels, as ``service.inputs.photograph_conversion``: neither imports the other.

``tests/training/test_photographs.py`` holds both to the same pixels. What differs is where they stop: the service needs
the views that a network is asked about, training the two 56×56 squares that these and all varied copies come from.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from training.errors import TrainingError

SIZE, SQUARE = 28, 56
SHARES = (0.5, 1.0, 0.0)
"""Shares of brightness in the mixtures that are shown; the rest is the colour's distance."""
VIEWS_A_SHARE = 4

_WORKING_EDGE = 224
_MARGIN = 4  # pixels of the square that the closer view leaves out on each side

Square = npt.NDArray[np.uint8]


def read(path: Path) -> Square:
    """Read a photograph, upright, as two squares, uint8 (2, 56, 56); see ``squared``.

    Raises:
        TrainingError: the file is missing or no picture.

    """
    try:
        with Image.open(path) as image:
            image.draft(None, (_WORKING_EDGE, _WORKING_EDGE))  # a JPEG is decoded no larger than it must be
            upright = ImageOps.exif_transpose(image)
            factor = max(upright.size) // _WORKING_EDGE
            return squared((upright.reduce(factor) if factor > 1 else upright).convert("RGB"))
    except OSError as error:
        raise TrainingError(f"{path} is not a picture that can be read ({error}); fetch it again") from error


def squared(image: Image.Image) -> Square:
    """Show the whole picture twice, uint8 (2, 56, 56): its brightness, and its colour's distance from the border's.

    Both are stretched to 0…255; brightness is negated where the border is lighter than the middle. What the picture
    lacks to a square is filled with the median of its own border.
    """
    scale = SQUARE / max(image.size)
    small = image.resize([max(1, round(edge * scale)) for edge in image.size], Image.Resampling.BOX)
    grey, colour = np.asarray(small.convert("L"), np.float32), np.asarray(small, np.float32)
    low, high = np.percentile(grey, (1, 99))
    grey = np.clip((grey - low) * (255 / max(high - low, 1)), 0, 255)
    height, width = grey.shape
    border = _border(height, width)
    middle = grey[height // 4 : height - height // 4, width // 4 : width - width // 4]
    if np.median(grey[border]) > np.median(middle):
        grey = 255 - grey
    distance = np.abs(colour - np.median(colour[border], axis=0)).max(axis=2)
    distance = np.clip(distance * (255 / max(np.percentile(distance, 99), 1)), 0, 255)
    squares = np.empty((2, SQUARE, SQUARE), np.uint8)
    top, left = (SQUARE - height) // 2, (SQUARE - width) // 2
    for square, values in zip(squares, (grey, distance), strict=True):
        square[:] = np.median(values[border]).round()
        square[top : top + height, left : left + width] = values.round()
    return squares


def blended(squares: Square, share: npt.NDArray[np.floating] | float) -> Square:
    """Mix brightness and distance: uint8 (…, 2, 56, 56) → (…, 56, 56), with a share of brightness for each."""
    shares = np.asarray(share, np.float32)[..., np.newaxis, np.newaxis]
    brightness, distance = squares[..., 0, :, :], squares[..., 1, :, :]
    return np.asarray((brightness * shares + distance * (1 - shares)).round(), np.uint8)


def views(squares: Square, shares: Sequence[float] = SHARES) -> Square:
    """Give what a network is asked about, uint8 (4 · shares, 28, 28).

    For each of the shares: all, its mirror image, the middle 48×48, its mirror image.
    """
    shown = []
    for square in (blended(squares, share) for share in shares):
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
