"""Nine ways to spoil a picture, each in five severities, in the manner of MNIST-C.

After Mu and Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision" (2019), which carries over the method of
Hendrycks and Dietterich (2019): fixed corruptions that no network was trained on. The parameters are our own, chosen
for 28×28 pictures before any network was measured with them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from training.data.fashion_mnist import Images

SEVERITIES = (1, 2, 3, 4, 5)

_Floats = npt.NDArray[np.float64]
_CENTRE = 13.5


class Corruption(NamedTuple):
    """A function of pictures and a parameter, the parameter at each severity, and what the parameter means."""

    apply: Callable[[_Floats, float], _Floats]
    parameters: tuple[float, ...]
    meaning: str


def corrupt(images: Images, name: str, severity: int) -> Images:
    """Apply one corruption; the same images always give the same result.

    Args:
        images: uint8 (N, 28, 28), 0 is background.
        name: a key of ``CORRUPTIONS``.
        severity: 1 (slight) to 5 (strong).

    Returns:
        uint8 (N, 28, 28).

    """
    corruption = CORRUPTIONS[name]
    spoiled = corruption.apply(images.astype(np.float64), corruption.parameters[severity - 1])
    return np.clip(np.rint(spoiled), 0, 255).astype(np.uint8)


def _noise(images: _Floats, deviation: float) -> _Floats:
    return images + np.random.default_rng(0).normal(0, deviation * 255, images.shape)


def _blur(images: _Floats, sigma: float) -> _Floats:
    blurred: _Floats = ndimage.gaussian_filter(images, (0, sigma, sigma), mode="constant")
    return blurred


def _shear(images: _Floats, slope: float) -> _Floats:
    return _warp(images, np.array([[1, 0], [slope, 1]]))


def _scale(images: _Floats, factor: float) -> _Floats:
    return _warp(images, np.eye(2) / factor)


def _rotation(images: _Floats, degrees: float) -> _Floats:
    angle = np.deg2rad(degrees)
    return _warp(images, np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]))


def _warp(images: _Floats, matrix: _Floats) -> _Floats:
    """Map output to input coordinates about the picture's centre, bilinear, background outside."""
    around = np.eye(3)
    around[1:, 1:] = matrix
    offset = np.array([0.0, _CENTRE, _CENTRE]) - around @ np.array([0.0, _CENTRE, _CENTRE])
    warped: _Floats = ndimage.affine_transform(images, around, offset=offset, order=1, mode="constant")
    return warped


def _brightness(images: _Floats, added: float) -> _Floats:
    return images + added * 255


def _contrast(images: _Floats, factor: float) -> _Floats:
    means: _Floats = images.mean(axis=(1, 2), keepdims=True)
    return (images - means) * factor + means


def _occlusion(images: _Floats, side: float) -> _Floats:
    """Cover a square of the background's colour at a random place."""
    size = int(side)
    corners = np.random.default_rng(0).integers(0, 28 - size + 1, (len(images), 2))
    rows, columns = np.arange(28)[None, :, None], np.arange(28)[None, None, :]
    top, left = corners[:, 0, None, None], corners[:, 1, None, None]
    covered = (rows >= top) & (rows < top + size) & (columns >= left) & (columns < left + size)
    return np.where(covered, 0, images)


def _inversion(images: _Floats, share: float) -> _Floats:
    """Blend with the negative; over a half, the polarity is the other one."""
    return images * (1 - share) + (255 - images) * share


CORRUPTIONS = {
    "noise": Corruption(
        _noise, (0.05, 0.1, 0.15, 0.2, 0.3), "standard deviation of Gaussian noise, share of full brightness"
    ),
    "blur": Corruption(_blur, (0.5, 0.8, 1.1, 1.5, 2.0), "standard deviation of a Gaussian blur, pixels"),
    "shear": Corruption(_shear, (0.1, 0.2, 0.3, 0.4, 0.5), "horizontal displacement per pixel of height"),
    "scale": Corruption(_scale, (0.9, 0.8, 0.7, 0.6, 0.5), "size of the garment, share of its own"),
    "rotation": Corruption(_rotation, (5, 10, 20, 30, 45), "degrees"),
    "brightness": Corruption(_brightness, (0.1, 0.2, 0.3, 0.4, 0.5), "added to every pixel, share of full brightness"),
    "contrast": Corruption(_contrast, (0.8, 0.6, 0.45, 0.3, 0.15), "share of the contrast that is left"),
    "occlusion": Corruption(_occlusion, (4, 6, 8, 10, 14), "side of a covered square, pixels"),
    "inversion": Corruption(_inversion, (0.1, 0.2, 0.3, 0.4, 1.0), "share of the negative in a blend with it"),
}
"""Every corruption, by name."""
