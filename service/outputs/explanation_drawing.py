"""An explanation as one PNG: the picture, what the answer depends on, and each convolution's feature maps."""

from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from service.arrays import Activations, Pixels
from service.models.explanations import PATCH, STRIDE, Explanation

_PAPER, _INK, _SOFT = (255, 255, 255), (27, 31, 36), (87, 96, 106)
_WIDTH, _MARGIN, _GAP = 1200, 40, 4
_PICTURE = 280
_SHADES = np.array([(11, 22, 34), (0, 90, 145), (86, 180, 233), (255, 255, 255)], np.float32)
"""From nothing to the strongest of a layer: black, blue, white; distinct in grey and to the colour-blind."""
_DROPS, _RISES = np.array((230, 97, 1), np.float32), np.array((86, 180, 233), np.float32)
"""Orange where hiding lowers the probability, blue where it raises it."""

_RGB = npt.NDArray[np.uint8]


def draw(explanation: Explanation, pixels: Pixels, model: str, label: str) -> bytes:
    """Draw an explanation of a model's answer to pixels float32 (1, 28, 28, 1); returns a PNG, 1,200 pixels wide."""
    grids = [(layer, _grid(found)) for layer, found in explanation.feature_maps.items()]
    top = 110
    height = top + _PICTURE + 60 + sum(grid.height + 64 for _, grid in grids)
    sheet = Image.new("RGB", (_WIDTH, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    confidence = float(explanation.answer.probabilities.max())
    pen.text((_MARGIN, 28), f"{label}, {confidence:.1%}", _INK, ImageFont.load_default(34))
    pen.text((_MARGIN, 74), f"says {model}", _SOFT, ImageFont.load_default(18))
    grey = pixels[0, ..., 0]
    _place(sheet, (_MARGIN, top), np.repeat(_to_bytes(grey * 255)[..., None], 3, axis=2), "What the model saw")
    _place(sheet, (_MARGIN + _PICTURE + 40, top), _overlay(grey, explanation.drop), "What the answer depends on")
    lowest = float(explanation.answer.probabilities.max() - explanation.drop.max())
    note = (
        f"A patch of {PATCH} by {PATCH} pixels, black like the\nbackground, hides one place after another.\n\n"
        f"Orange: {label} becomes less probable,\ndown to {lowest:.1%} at the strongest.\n"
        "Blue: it becomes more probable."
    )
    pen.multiline_text((_MARGIN + 2 * (_PICTURE + 40), top + 4), note, _INK, ImageFont.load_default(20), spacing=8)
    below = top + _PICTURE + 60
    for layer, grid in grids:
        channels = explanation.feature_maps[layer].shape[2]
        name = layer.replace("_", " ").capitalize()
        title = f"{name}: {channels} feature maps, lighter where the kernel found its pattern"
        pen.text((_MARGIN, below), title, _INK, ImageFont.load_default(18))
        sheet.paste(grid, (_MARGIN, below + 30))
        below += grid.height + 64
    stream = BytesIO()
    sheet.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def _place(sheet: Image.Image, corner: tuple[int, int], picture: _RGB, title: str) -> None:
    sheet.paste(Image.fromarray(picture).resize((_PICTURE, _PICTURE), Image.Resampling.NEAREST), corner)
    ImageDraw.Draw(sheet).text((corner[0], corner[1] + _PICTURE + 8), title, _SOFT, ImageFont.load_default(18))


def _overlay(grey: Activations, drop: Activations) -> _RGB:
    """Tint a dimmed picture by the drop, relative to its largest; returns uint8 (28, 28, 3)."""
    strength = np.kron(drop / max(float(np.abs(drop).max()), 1e-6), np.ones((STRIDE, STRIDE)))[..., None]
    tint = np.where(strength > 0, _DROPS, _RISES)
    weight = 0.85 * np.abs(strength)
    return _to_bytes((1 - weight) * grey[..., None] * 150 + weight * tint)


def _grid(maps: Activations) -> Image.Image:
    """Lay the maps (height, width, channels) of a layer out in rows of 16, shaded alike."""
    channels = maps.shape[2]
    columns = 16
    rows = -(-channels // columns)
    edge = (_WIDTH - 2 * _MARGIN + _GAP) // columns - _GAP
    at = maps / max(float(maps.max()), 1e-6) * (len(_SHADES) - 1)
    below = np.minimum(at.astype(int), len(_SHADES) - 2)
    share = (at - below)[..., None]
    shaded = _to_bytes(_SHADES[below] * (1 - share) + _SHADES[below + 1] * share)
    grid = Image.new("RGB", (columns * (edge + _GAP) - _GAP, rows * (edge + _GAP) - _GAP), _PAPER)
    for channel in range(channels):
        row, column = divmod(channel, columns)
        picture = Image.fromarray(shaded[:, :, channel]).resize((edge, edge), Image.Resampling.NEAREST)
        grid.paste(picture, (column * (edge + _GAP), row * (edge + _GAP)))
    return grid


def _to_bytes(values: npt.NDArray[np.floating]) -> _RGB:
    levels: _RGB = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return levels
