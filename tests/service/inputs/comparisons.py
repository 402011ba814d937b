"""Comparisons of what a file is read as with its original."""

from typing import Any

import numpy as np

from service.errors import UnusableError
from service.inputs.decoding import decode, open_picture
from service.inputs.preprocessing import preprocess_sync
from tests.conftest import encode

MAX_PIXELS = 1_000_000


def seen(content: bytes) -> np.ndarray[Any, Any]:
    """What a model sees, 0 to 255."""
    return np.rint(preprocess_sync(content, "auto", MAX_PIXELS).pixels[0, ..., 0] * 255)


def plain(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return seen(encode(array, "PNG"))


def require_same(content: bytes, array: np.ndarray[Any, Any], most: float = 2) -> None:
    """Require what the plain PNG gives, within the rounding of samples to 8 bits."""
    difference = np.abs(seen(content) - plain(array))
    assert difference.max() <= most, f"up to {difference.max():.0f} of 255, {difference.mean():.1f} on average"


def refusal(content: bytes, array: np.ndarray[Any, Any]) -> str | None:
    """Give the sentence a file is refused with; None where it is read, and right."""
    try:
        require_same(content, array)
    except UnusableError as error:
        return str(error)
    return None


def require_alike(content: bytes | bytearray, array: np.ndarray[Any, Any]) -> None:
    """Require of a lossy file its original's samples, within what the loss does to edges."""
    found, size = decode(open_picture(bytes(content), MAX_PIXELS))
    assert size == array.shape[1::-1]
    difference = np.abs(np.asarray(found.convert("RGB" if array.ndim == 3 else "L")).astype(int) - array)
    assert difference.mean() < 4
