"""Test images that the training images hold nearly alike: accuracy on them is partly memory (Geier 2019)."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.data.fashion_mnist import Images

RECORD = Path(__file__).parents[1] / "runs" / "near_duplicates.json"
"""The indices that were found, committed: to find them takes half a minute, to read them none."""

CORRELATION = 0.98
"""Of the pixels of two images; from here on they count as nearly alike."""

_BLOCK = 500


def find(train: Images, test: Images) -> npt.NDArray[np.int64]:
    """Index the test images that correlate with any training image at least by ``CORRELATION``.

    Args:
        train: uint8 (N, 28, 28).
        test: uint8 (M, 28, 28).

    """
    known = _standardised(train)
    blocks = (_standardised(test[start : start + _BLOCK]) for start in range(0, len(test), _BLOCK))
    nearest = np.concatenate([(block @ known.T).max(axis=1) for block in blocks])
    return np.flatnonzero(nearest >= CORRELATION)


def recorded(record: Path = RECORD) -> npt.NDArray[np.int64] | None:
    """Read what was found in Fashion-MNIST; None where it was not looked for."""
    if not record.is_file():
        return None
    return np.array(json.loads(record.read_text(encoding="utf-8"))["test_images"], np.int64)


def _standardised(images: Images) -> npt.NDArray[np.float32]:
    pixels = images.reshape(len(images), -1).astype(np.float32)
    pixels -= pixels.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(pixels, axis=1, keepdims=True)
    return np.asarray(pixels / np.maximum(lengths, 1e-6), np.float32)
