"""From an upright picture to a 28×28 image like the dataset's: the conversion ``fashion-mnist-3``.

The dataset was made from product photos (Xiao, Rasul and Vollgraf 2017, figure 1): cut to the garment, the longest edge
scaled to 28, centred, negated, 8-bit grey. Those photos were dark on white and even. Here the background may be of any
plain or mildly uneven colour, or transparent, and the garment may be drawn in lines only: what comes out is a bright,
filled garment on black all the same.

That works where the background is even, as in drawings, cut-outs and product pictures. Elsewhere a cut would be a
guess, and the whole picture is shown instead: ``service/inputs/photograph_conversion.py``.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from service.arrays import SIZE
from service.errors import UnusableError

VERSION = "fashion-mnist-3"
"""Names this conversion in a bundle; another conversion gets another name, and models are released for one."""

WORKING_EDGE = SIZE * 8
"""A picture whose longest edge is twice this or more is first scaled down, by averaging: models see 28 pixels."""

# The noise of a background, of 255, up to which a garment is cut out. Of 547 photographs of clothing at home 2 have
# less, of 99 opaque drawings and product pictures all.
_EVEN = 3.0

# A pixel stands out from its background by more than this, of 255: at least, where the background is perfectly even,
# and at most, where it is so uneven that nothing would stand out.
_LEAST_DIFFERENCE = 10.0
_MOST_DIFFERENCE = 40.0
# Of the noise that the background's own pixels show, so much does not count.
_NOISE_FACTOR = 5.0
# This percentile of a garment's brightness becomes 255, as every image of the dataset has it.
_BRIGHTEST = 99.8
# A picture whose lines cover less than this share of what they enclose is drawn in lines.
_LINE_ART = 0.8
# How bright what lines enclose becomes, of 255: about a garment's median in the dataset.
_FILLING = 190.0
# The holes of a drawing in lines are looked for on a grid of this many cells, which closes small gaps.
_GRID = 84
# What is a frame reaches this share of its box's edges, and what it surrounds takes at least this share of it.
_FRAME, _LEAST_GARMENT = 0.97, 0.03

Grey = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]


_NOTHING = "nothing in the picture stands out from its background; send one garment before a plain background"


@dataclass(frozen=True)
class _CutOut:
    """What of a partly transparent picture is opaque, and the level behind the rest, of 255."""

    opaque: Mask
    backdrop: np.float32


@dataclass(frozen=True)
class Converted:
    """A picture in the dataset's form.

    Attributes:
        grey: uint8 (28, 28), 0 is background.
        inverted: whether the garment was darker than its background, so that light and dark were swapped.
        box: left, top, right, bottom of the garment in the picture's pixels.

    """

    grey: Grey
    inverted: bool
    box: Box


def convert(image: Image.Image, *, invert: bool | None = None) -> Converted | None:
    """Convert an upright picture of mode L, LA, RGB or RGBA; None where its background is not even.

    Args:
        image: the picture.
        invert: whether its brightness is swapped; the garment's difference from its background is shown, which is
            bright in either case, where not given.

    Raises:
        UnusableError: nothing stands out from the background.

    """
    colour, cut_out = _flattened(image)
    difference, mask, noise = _difference(colour, cut_out)
    if noise > _EVEN:
        return None
    left, top, right, bottom = box = _bounds(mask)
    if cut_out is None and _is_frame(mask, box):
        # A frame or border of another colour: what it surrounds is the picture, if a garment stands free in it.
        inner = colour[top:bottom, left:right]
        inner_difference, inner_mask, _ = _difference(inner, None)
        if _stands_free(inner_mask):
            difference, mask = inner_difference, inner_mask
            x, y = left, top
            left, top, right, bottom = _bounds(mask)
            box = (left + x, top + y, right + x, bottom + y)
    garment, inside = difference[top:bottom, left:right], mask[top:bottom, left:right]
    if not inside.any():  # rows of one speck and columns of another, which have nothing in common
        raise UnusableError(_NOTHING)
    light = garment.mean(axis=2)
    if invert is None:
        inverted = bool(np.median(light[inside]) < 0)
        # Colour tells a garment from its background where brightness does not.
        values = (np.abs(garment).max(axis=2) + np.abs(light)) / 2
    else:
        inverted, shown = invert, colour[box[1] : box[3], box[0] : box[2]].mean(axis=2)
        values = 255 - shown if invert else shown
    values = values * (255 / max(float(np.percentile(values[inside], _BRIGHTEST)), 1.0))
    values = np.clip(values, 0, 255) * inside
    values = _filled(values, inside)
    return Converted(_centred(values), inverted, box)


def _flattened(image: Image.Image) -> tuple[Floats, _CutOut | None]:
    """Flatten transparency onto black or white, whichever the garment differs from more.

    Returns:
        float32 (height, width, 3) in 0…255, and how it was cut out; None where all is opaque.

    """
    if image.mode not in ("LA", "RGBA"):
        return np.asarray(image.convert("RGB"), np.float32), None
    layer = np.asarray(image.convert("RGBA"), np.float32)
    alpha = layer[..., 3:] / np.float32(255)
    opaque = alpha[..., 0] > 0.5
    if opaque.all() or not opaque.any():
        return layer[..., :3] * alpha + np.float32(255) * (1 - alpha), None
    backdrop = np.float32(255) if np.median(layer[opaque][:, :3].mean(axis=1)) < 128 else np.float32(0)
    return layer[..., :3] * alpha + backdrop * (1 - alpha), _CutOut(opaque, backdrop)


def _difference(colour: Floats, cut_out: _CutOut | None) -> tuple[Floats, Mask, float]:
    """Subtract the background, and tell what stands out from it.

    Returns:
        float32 (height, width, 3), bool (height, width), and the background's noise, of 255.

    """
    if cut_out is not None and not all(edge.any() for edge in _outermost(cut_out.opaque)):
        return colour - cut_out.backdrop, cut_out.opaque, 0.0
    background, noise = _background(colour)
    difference = colour - background
    threshold = min(max(_LEAST_DIFFERENCE, _NOISE_FACTOR * noise), _MOST_DIFFERENCE)
    return difference, np.abs(difference).max(axis=2) > threshold, noise


def _background(colour: Floats) -> tuple[Floats, float]:
    """Fit a plane to the border, robustly: float32 (height, width, 3), and the noise around it.

    Where a garment reaches the border, its pixels are left out step by step.
    """
    height, width = colour.shape[:2]
    rows, columns = np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32)
    edge = np.ones((height, width), bool)
    margin = max(1, min(height, width) // 64)
    edge[margin:-margin, margin:-margin] = False
    y, x = np.nonzero(edge)
    samples = colour[y, x]
    design = np.stack([np.ones(len(y), np.float32), rows[y], columns[x]], axis=1)
    plane = np.zeros((3, 3), np.float32)
    plane[0] = np.median(samples, axis=0)
    noise = 0.0
    for _ in range(3):
        residual = np.abs(samples - design @ plane).max(axis=1)
        spread = float(np.median(residual))
        kept = residual <= max(3 * spread, 6.0)
        plane = np.linalg.lstsq(design[kept], samples[kept], rcond=None)[0].astype(np.float32)
        noise = float(np.median(np.abs(samples[kept] - design[kept] @ plane).max(axis=1)))
    background: Floats = plane[0] + rows[:, np.newaxis, np.newaxis] * plane[1] + columns[:, np.newaxis] * plane[2]
    return np.clip(background, 0, 255), noise


def _bounds(mask: Mask) -> Box:
    """Bound what stands out: left, top, right, bottom.

    A row or column counts if more than a hundredth of it stands out: dust and single pixels do not.

    Raises:
        UnusableError: nothing does.

    """
    height, width = mask.shape
    rows = np.flatnonzero(mask.sum(axis=1) > width // 100)
    columns = np.flatnonzero(mask.sum(axis=0) > height // 100)
    if not (len(rows) and len(columns)):
        raise UnusableError(_NOTHING)
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _is_frame(mask: Mask, box: Box) -> bool:
    """Tell whether what stands out is the edge of a rectangle that takes up most of the picture."""
    left, top, right, bottom = box
    inside = mask[top:bottom, left:right]
    return inside.size > mask.size / 2 and _edges(inside) > _FRAME


def _stands_free(mask: Mask) -> bool:
    """Tell whether something of a garment's size stands before a background that shows along most of the border."""
    return _edges(mask) < 0.5 and bool(mask.mean() > _LEAST_GARMENT)


def _edges(mask: Mask) -> float:
    """How much of a mask's outermost rows and columns is set."""
    return float(np.concatenate(_outermost(mask)).mean())


def _outermost(mask: Mask) -> list[Mask]:
    return [mask[0], mask[-1], mask[:, 0], mask[:, -1]]


def _filled(values: Floats, inside: Mask) -> Floats:
    """Fill what the lines of a drawing enclose; a garment that is not drawn in lines stays as it is."""
    step = max(1, max(inside.shape) // _GRID)
    height, width = (-(-edge // step) for edge in inside.shape)
    padded = np.zeros((height * step, width * step), bool)
    padded[: inside.shape[0], : inside.shape[1]] = inside
    walls = padded.reshape(height, step, width, step).any(axis=(1, 3))
    enclosed = ~_outside(np.pad(walls, 1))[1:-1, 1:-1]
    if inside.mean() > _LINE_ART * enclosed.mean():
        return values
    filling = np.repeat(np.repeat(enclosed, step, axis=0), step, axis=1)[: inside.shape[0], : inside.shape[1]]
    return np.where(filling, np.maximum(values, np.float32(_FILLING)), values)


def _outside(walls: Mask) -> Mask:
    """Tell what can be reached from the corner in steps along rows and columns without crossing a wall."""
    reached = np.zeros_like(walls)
    reached[0, 0] = True
    count = 0
    while (now := int(reached.sum())) != count:
        count = now
        for turn in (False, True):
            free, found = (~walls.T, reached.T) if turn else (~walls, reached)
            # Number the runs of free cells; a run with a reached cell is reached as a whole.
            runs = np.cumsum(np.diff(free, axis=1, prepend=False).ravel()).reshape(free.shape)
            hit = np.zeros(int(runs.max()) + 1, bool)
            hit[runs[found & free]] = True
            spread = hit[runs] & free
            reached = spread.T.copy() if turn else spread
    return reached


def _centred(values: Floats) -> Grey:
    """Scale the longest edge to 28 by averaging, and centre the rest."""
    cut = Image.fromarray(values.astype(np.float32))
    scale = SIZE / max(cut.size)
    width, height = (max(1, round(edge * scale)) for edge in cut.size)
    canvas = Image.new("F", (SIZE, SIZE))
    # An odd pixel is on the left or at the top, as it is in the dataset.
    left, top = (SIZE - width + 1) // 2, (SIZE - height + 1) // 2
    canvas.paste(cut.resize((width, height), Image.Resampling.BOX), (left, top))
    return np.asarray(canvas).round().astype(np.uint8)
