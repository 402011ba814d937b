"""Pictures that are no clothing, drawn by rule: what an answer about clothing should not be believed for.

Each kind is a function from a generator of random numbers to one picture, uint8 (28, 28). Letters and digits are set
in the fonts that matplotlib ships, so that the pictures are the same everywhere.
"""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from training.data.fashion_mnist import Images

Picture = npt.NDArray[np.uint8]
Rng = np.random.Generator

_SIZE = 28
_FINE = 112  # what is drawn is drawn four times as large, and averaged
_FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSerif-Italic", "DejaVuSansMono")


def draw(kind: str, *, count: int, seed: int) -> Images:
    """Draw pictures of a kind, uint8 (count, 28, 28); the same seed gives the same ones."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    return np.stack([KINDS[kind](rng) for _ in range(count)])


def _digit(rng: Rng) -> Picture:
    """A white digit on black as in MNIST: 20 pixels high, somewhat turned, centred or nearly."""
    return _text(rng, str(rng.integers(10)), height=80, turn=15)


def _words(rng: Rng) -> Picture:
    """Two lines of small letters."""
    letters = np.array(list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    lines = ("".join(rng.choice(letters, 4)) for _ in range(2))
    return _polarity(rng, _text(rng, "\n".join(lines), height=80, turn=5))


def _text(rng: Rng, text: str, *, height: int, turn: float) -> Picture:
    font = _font(str(rng.choice(_FONTS)), height if "\n" not in text else height // 2)
    canvas = Image.new("L", (_FINE, _FINE))
    pen = ImageDraw.Draw(canvas)
    middle = _FINE / 2 + rng.uniform(-6, 6, 2)
    pen.text(tuple(middle), text, fill=int(rng.integers(200, 256)), font=font, anchor="mm", align="center")
    return _shrunk(canvas.rotate(rng.uniform(-turn, turn), Image.Resampling.BILINEAR))


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    file = Path(mpl.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    # By its bytes: of a path that is missing, Pillow would take another font of that name on this machine.
    return ImageFont.truetype(BytesIO(file.read_bytes()), size)


def _uniform_noise(rng: Rng) -> Picture:
    return rng.integers(0, 256, (_SIZE, _SIZE), np.uint8)


def _gaussian_noise(rng: Rng) -> Picture:
    return _grey(rng.normal(rng.uniform(0, 1), rng.uniform(0.1, 0.5), (_SIZE, _SIZE)))


def _salt_and_pepper(rng: Rng) -> Picture:
    return np.where(rng.random((_SIZE, _SIZE)) < rng.uniform(0.05, 0.5), 255, 0).astype(np.uint8)


def _stripes(rng: Rng) -> Picture:
    """Parallel stripes of any direction and width, hard or soft."""
    wave = np.sin(2 * np.pi * _along(rng) * rng.uniform(2, 9) + rng.uniform(0, 2 * np.pi))
    return _grey(0.5 + wave / 2 if rng.random() < 0.5 else (wave > 0).astype(float))


def _checks(rng: Rng) -> Picture:
    edge = int(rng.integers(2, 9))
    rows, columns = np.indices((_SIZE, _SIZE)) + rng.integers(0, edge, (2, 1, 1))
    return _grey((rows // edge + columns // edge) % 2)


def _gradient(rng: Rng) -> Picture:
    """Brightness that grows from one side to the other."""
    ramp = _along(rng)
    return _grey((ramp - ramp.min()) / np.ptp(ramp) * rng.uniform(0.5, 1))


def _clouds(rng: Rng) -> Picture:
    """Smooth noise of several scales, as Perlin's."""
    total = np.zeros((_SIZE, _SIZE))
    for octave in (2, 4, 8, 16):
        coarse = Image.fromarray(rng.random((octave + 1, octave + 1)).astype(np.float32))
        total += np.asarray(coarse.resize((_SIZE, _SIZE), Image.Resampling.BICUBIC)) / octave
    return _grey((total - total.min()) / np.ptp(total))


def _blank(rng: Rng) -> Picture:
    """One grey, with the faint grain of a sensor."""
    return _grey(rng.uniform(0, 1) + rng.normal(0, rng.uniform(0, 0.03), (_SIZE, _SIZE)))


def _face(rng: Rng) -> Picture:
    """A face of ellipses before a dark or light background: head, hair, eyes, nose, mouth."""
    backdrop, skin, hair, dark = rng.integers([0, 120, 0, 0], [256, 256, 120, 80]).tolist()
    canvas = Image.new("L", (_FINE, _FINE), backdrop)
    pen = ImageDraw.Draw(canvas)
    x, y = (_FINE / 2 + rng.uniform(-8, 8, 2)).tolist()
    width, height = rng.uniform([26, 36], [36, 50]).tolist()

    def ellipse(across: float, down: float, wide: float, high: float, level: int) -> None:
        left, top = x + across * width - wide * width, y + down * height - high * height
        pen.ellipse((left, top, left + 2 * wide * width, top + 2 * high * height), fill=level)

    ellipse(0, -0.2, 1.15, 1.0, hair)
    ellipse(0, 0, 1, 1, skin)
    for side in (-0.42, 0.42):
        ellipse(side, -0.15, 0.17, 0.09, dark)
        ellipse(side, -0.38, 0.24, 0.04, hair)
    ellipse(0, 0.15, 0.1, 0.16, max(skin - 50, 0))
    ellipse(0, 0.52, rng.uniform(0.25, 0.5), rng.uniform(0.05, 0.14), dark)
    return _shrunk(canvas)


def _room(rng: Rng) -> Picture:
    """A room: wall, floor and what stands there, boxes of several greys, some with boxes in them; somewhat turned."""
    wall, floor = rng.integers(40, 256, 2).tolist()
    canvas = Image.new("L", (_FINE, _FINE), wall)
    pen = ImageDraw.Draw(canvas)
    horizon = rng.uniform(0.4, 0.8) * _FINE
    pen.rectangle((0, horizon, _FINE, _FINE), fill=floor)
    for _ in range(rng.integers(2, 6)):
        wide, high = rng.uniform(0.1, 0.5, 2) * _FINE
        left, bottom = rng.uniform(-0.1, 0.9) * _FINE, horizon + rng.uniform(-0.2, 0.3) * _FINE
        level, inner = rng.integers(0, 256, 2).tolist()
        pen.rectangle((left, bottom - high, left + wide, bottom), fill=level)
        if rng.random() < 0.5:
            pen.rectangle((left + wide / 5, bottom - high * 0.8, left + wide * 0.8, bottom - high * 0.4), fill=inner)
    return _shrunk(canvas.rotate(rng.uniform(-8, 8), Image.Resampling.BILINEAR, fillcolor=wall))


def _screen(rng: Rng) -> Picture:
    """A screenshot: a bar at the top, perhaps one at the side, lines of text and boxes for pictures."""
    page, ink = (int(rng.integers(220, 256)), int(rng.integers(0, 140)))
    canvas = Image.new("L", (_FINE, _FINE), page)
    pen = ImageDraw.Draw(canvas)
    top, side = rng.uniform(4, 16), rng.uniform(16, 36) if rng.random() < 0.5 else 0.0
    pen.rectangle((0, 0, _FINE, top), fill=int(rng.integers(0, 256)))
    pen.rectangle((0, top, side, _FINE), fill=int(rng.integers(120, 240)))
    row = top + 6
    while row < _FINE - 4:
        if rng.random() < 0.2:
            high, wide = rng.uniform(12, 30), rng.uniform(20, 60)
            pen.rectangle((side + 6, row, side + 6 + wide, row + high), fill=int(rng.integers(40, 220)))
            row += high + 6
        else:
            pen.rectangle((side + 6, row, side + 6 + rng.uniform(0.2, 0.95) * (_FINE - side - 12), row + 3), fill=ink)
            row += rng.uniform(6, 10)
    return _polarity(rng, _shrunk(canvas))


KINDS: dict[str, Callable[[Rng], Picture]] = {
    "digits": _digit,
    "uniform noise": _uniform_noise,
    "Gaussian noise": _gaussian_noise,
    "salt and pepper": _salt_and_pepper,
    "stripes": _stripes,
    "checks": _checks,
    "gradients": _gradient,
    "clouds": _clouds,
    "text": _words,
    "blank": _blank,
    "faces": _face,
    "rooms": _room,
    "screens": _screen,
}
"""What is drawn, by name."""

GROUPS = {
    "digits": ("digits",),
    "noise": ("uniform noise", "Gaussian noise", "salt and pepper"),
    "textures": ("stripes", "checks", "gradients", "clouds"),
    "text": ("text",),
    "blank": ("blank",),
    "faces": ("faces",),
    "rooms": ("rooms",),
    "screenshots": ("screens",),
}
"""The kinds, as the results are told."""


def _along(rng: Rng) -> npt.NDArray[np.float64]:
    """How far each pixel lies along a random direction, in picture widths: float (28, 28)."""
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.indices((_SIZE, _SIZE)) / _SIZE
    return np.asarray(np.cos(angle) * columns + np.sin(angle) * rows)


def _polarity(rng: Rng, picture: Picture) -> Picture:
    return 255 - picture if rng.random() < 0.5 else picture


def _shrunk(canvas: Image.Image) -> Picture:
    return np.asarray(canvas.resize((_SIZE, _SIZE), Image.Resampling.BOX))


def _grey(levels: npt.NDArray[np.floating | np.integer]) -> Picture:
    return np.asarray(np.clip(levels * 255.0, 0, 255).round(), np.uint8)
