"""Varied copies of training images: as garments vary in photos, within what leaves them what they are."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from training.data import photograph_conversion
from training.data.fashion_mnist import Images

_SHIFT, _ROTATION, _SHEAR = 2.0, 8.0, 0.08  # pixels, degrees, pixels a pixel: the most, in either direction
_SCALE = (0.82, 1.06)  # photos are cut closer, or less close, than the dataset
_GAIN, _GAMMA = (0.6, 1.0), (0.7, 1.5)


def moved(images: Images, *, number: int) -> Images:
    """Make one copy of every image with its garment moved: mirrored, shifted, turned, scaled, sheared.

    Args:
        images: uint8 (N, 28, 28).
        number: which copy; 0 is the image as it is, 1 its mirror image, each further one is drawn by its number.

    """
    if number < 2:
        return images if number == 0 else images[:, :, ::-1]
    rng = np.random.default_rng([0, number])
    mirrored = rng.random(len(images)) < 0.5
    shift = rng.uniform(-_SHIFT, _SHIFT, (len(images), 2))
    turn = np.deg2rad(rng.uniform(-_ROTATION, _ROTATION, len(images)))
    zoom = rng.uniform(*_SCALE, (len(images), 1, 1)) * rng.uniform(0.92, 1.08, (len(images), 2, 1)) ** 0.5
    shear = rng.uniform(-_SHEAR, _SHEAR, len(images))
    matrices = np.stack(
        [np.stack([np.cos(turn), -np.sin(turn)], 1), np.stack([np.sin(turn) + shear, np.cos(turn)], 1)], 1
    )
    matrices /= zoom
    middle = (np.array(images.shape[1:]) - 1) / 2
    copies = np.empty_like(images)
    for index, matrix in enumerate(matrices):
        source = images[index, :, ::-1] if mirrored[index] else images[index]
        offset = middle - matrix @ (middle + shift[index])
        ndimage.affine_transform(source, matrix, offset, output=copies[index], order=1)
    return copies


def redrawn(images: Images, *, number: int) -> Images:
    """Change how images are drawn, not where: contrast and gamma of 60 %, outlines for surfaces of 7 %.

    Args:
        images: uint8 (N, 28, 28).
        number: which copy; 0 and 1 are left as they are.

    """
    if number < 2:
        return images
    rng = np.random.default_rng([0, number, 1])
    shares = images.astype(np.float32) / 255
    kind = rng.random(len(images))
    tone, outline = kind < 0.6, kind > 0.93
    gain, gamma = rng.uniform(*_GAIN, len(images))[tone], rng.uniform(*_GAMMA, len(images))[tone]
    shares[tone] = gain[:, None, None] * shares[tone] ** gamma[:, None, None]
    drawn = ndimage.gaussian_gradient_magnitude(shares[outline], (0, 0.6, 0.6))
    shares[outline] = drawn / np.maximum(drawn.max(axis=(1, 2), keepdims=True), 1e-6)
    return np.round(shares * 255).astype(np.uint8)


def jittered(images: Images, rng: np.random.Generator) -> Images:
    """Mirror half of the images and move each by up to a pixel in either direction; uint8 (N, 28, 28)."""
    mirrored = rng.random(len(images)) < 0.5
    return shifted(np.where(mirrored[:, None, None], images[:, :, ::-1], images), rng, most=1)


def shifted(images: Images, rng: np.random.Generator, *, most: int) -> Images:
    """Move each image by up to so many pixels, down or up and left or right alike; uint8 (N, 28, 28)."""
    padded = np.pad(images, ((0, 0), (most, most), (most, most)))
    size = images.shape[1]
    rows, columns = (rng.integers(0, 2 * most + 1, (len(images), 1)) + np.arange(size) for _ in range(2))
    return np.asarray(padded[np.arange(len(images))[:, None, None], rows[:, :, None], columns[:, None, :]])


def photographed_again(squares: Images, rng: np.random.Generator, mixtures: Sequence[float]) -> Images:
    """Vary photographs as if taken anew: from another place and angle, closer or farther, in other light.

    Args:
        squares: uint8 (N, 2, 56, 56), see ``photograph_conversion.squared``.
        rng: draws for each: one of the mixtures; mirrored or not; turned by 15 degrees
            (standard deviation), as the other deviations: scaled by 20 %, stretched by 7 %, moved by a tenth of half
            the edge; gamma 30 %, contrast 20 %, brightness 8 %.
        mixtures: shares of brightness, see ``photograph_conversion.blended``.

    Returns:
        uint8 (N, 28, 28).

    """
    squares = photograph_conversion.blended(squares, rng.choice(mixtures, len(squares)))
    count, edge = len(squares), squares.shape[1]
    turn = np.deg2rad(rng.normal(0, 15, count))
    zoom, stretch = np.exp(rng.normal(0, 0.2, count)), np.exp(rng.normal(0, 0.07, count))
    mirror = rng.choice([-1.0, 1.0], count)
    cosine, sine = np.cos(turn) * zoom, np.sin(turn) * zoom
    matrices = np.stack(
        [np.stack([cosine / stretch, sine * mirror], 1), np.stack([-sine, cosine * stretch * mirror], 1)], 1
    )
    middle = np.full(2, (edge - 1) / 2)
    offsets = middle - matrices @ middle + rng.normal(0, 0.1 * edge / 2, (count, 2))
    moved = np.empty(squares.shape, np.uint8)
    for index, matrix in enumerate(matrices):
        ndimage.affine_transform(squares[index], matrix, offsets[index], output=moved[index], order=1, mode="nearest")
    values = moved.reshape(count, edge // 2, 2, edge // 2, 2).mean(axis=(2, 4), dtype=np.float32) / 255
    return _in_other_light(values, rng)


def surroundings(squares: Images, rng: np.random.Generator, mixtures: Sequence[float]) -> Images:
    """Enlarge a corner of each photograph, a sixth to a third of its edge wide: floors and walls, and no garment.

    Args:
        squares: uint8 (N, 2, 56, 56), see ``photograph_conversion.squared``.
        rng: draws the mixture, the corner, its size and the light.
        mixtures: shares of brightness, see ``photograph_conversion.blended``.

    Returns:
        uint8 (N, 28, 28).

    """
    count, edge = len(squares), squares.shape[-1]
    squares = photograph_conversion.blended(squares, rng.choice(mixtures, count))
    sizes, far = rng.integers(edge // 6, edge // 3, count), rng.random((count, 2)) < 0.5
    places = np.linspace(0, 1, edge // 2)
    steps = (places * (sizes[:, None] - 1)).round().astype(int)
    rows, columns = (np.where(far[:, axis, None], edge - sizes[:, None], 0) + steps for axis in (0, 1))
    corners = squares[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return _in_other_light(corners.astype(np.float32) / 255, rng)


def _in_other_light(values: npt.NDArray[np.float32], rng: np.random.Generator) -> Images:
    gamma, contrast, brightness = (rng.normal(0, deviation, (len(values), 1, 1)) for deviation in (0.3, 0.2, 0.08))
    lit = (values ** np.exp(gamma) - 0.5) * np.exp(contrast) + 0.5 + brightness
    return np.asarray((np.clip(lit, 0, 1) * 255).round(), np.uint8)
