"""From a photograph to 28×28 grey pixels, as ``service/inputs/photograph.py`` does it: neither imports the other.

``tests/training/test_photographs.py`` holds both to the same pixels. What differs is when they stop: the service needs
the four views that a network is asked about, training the 56×56 square that these and all varied copies come from.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from training.errors import TrainingError

SIZE, SQUARE = 28, 56
_WORKING_EDGE = 224
_MARGIN = 4  # pixels of the square that the closer view leaves out on each side

Square = npt.NDArray[np.uint8]


def read(path: Path) -> Square:
    """Read a photograph, upright, as a square uint8 (56, 56); see ``squared``.

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
    """Show the whole picture: the mean of its brightness and of its colour's distance from the border's.

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
    values = (grey + distance) / 2
    square = np.full((SQUARE, SQUARE), np.median(values[border]), np.float32)
    top, left = (SQUARE - height) // 2, (SQUARE - width) // 2
    square[top : top + height, left : left + width] = values
    return square.round().astype(np.uint8)


def views(square: Square) -> Square:
    """Give what a network is asked about, uint8 (4, 28, 28): all, and the middle 48×48; both mirrored too."""
    closer = square[_MARGIN : SQUARE - _MARGIN, _MARGIN : SQUARE - _MARGIN]
    both = [np.asarray(Image.fromarray(part).resize((SIZE, SIZE), Image.Resampling.BOX)) for part in (square, closer)]
    return np.stack([view for part in both for view in (part, part[:, ::-1])])


def _border(height: int, width: int) -> npt.NDArray[np.bool_]:
    """Mark the outermost pixels, a sixteenth of the shorter edge wide."""
    edge = np.ones((height, width), bool)
    margin = max(1, min(height, width) // 16)
    edge[margin:-margin, margin:-margin] = False
    return edge
