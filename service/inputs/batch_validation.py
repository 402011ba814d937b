"""A batch of images as it comes in a request: how many, of what shape, in which range."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from service.arrays import Images
from service.errors import MalformedError, TooLargeError, UnusableError, shortened

PIXELS = 28 * 28
SHAPES = "28×28, 28×28×1 or 784"
IMAGE_SHAPES = ((28, 28), (28, 28, 1), (PIXELS,))
MAX_LINE_BYTES = 64 * 1024
"""Bytes of a line with one image's numbers: 80 for each, and its comma."""

Field = Literal["instances", "inputs"]


@dataclass(frozen=True)
class Batch:
    """Images from a request.

    Attributes:
        pixels: (N, 28, 28, 1), N ≥ 1: float32 in 0…1, or uint8 in 0…255.
        field: the JSON field they came in, which decides the name of the answer's.

    """

    pixels: Images
    field: Field = "instances"


def normalize(array: npt.NDArray[Any], name: Callable[[int], str]) -> Images:
    """Bring images to (N, 28, 28, 1), float32 in 0…1; bytes stay bytes.

    Args:
        array: N times 784 numbers, in whatever shape.
        name: gives an image's name in errors, by its index.

    Raises:
        UnusableError: pixels are out of range, which is never guessed from the values.

    """
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array).reshape(-1, 28, 28, 1)
    if array.min() >= 0 and array.max() <= 1:  # not so with NaN, which either of them is then
        return np.ascontiguousarray(array, np.float32).reshape(-1, 28, 28, 1)
    images = array.reshape(-1, PIXELS)
    lows, highs = images.min(axis=1), images.max(axis=1)
    first = int(np.flatnonzero(~((lows >= 0) & (highs <= 1)))[0])
    low, high = lows[first], highs[first]
    if not (np.isfinite(low) and np.isfinite(high)):
        raise UnusableError(f"{name(first)} holds NaN or infinite pixels; expected numbers from 0 to 1")
    hint = "; divide by 255" if 2 < high <= 255 and low >= 0 else ""
    found = f"from {_formatted(low)} to {_formatted(high)}"
    raise UnusableError(f"the pixels in {name(first)} range {found}; expected 0 to 1{hint}")


def _formatted(value: float) -> str:
    """Write a number short, but not so short that it seems to be in range."""
    short = f"{value:.9g}"
    return repr(float(value)) if short in ("0", "1") and value not in (0, 1) else short


def check_count(count: int, max_batch: int) -> None:
    """Require an image at least and ``max_batch`` at most.

    Raises:
        UnusableError: there is none.
        TooLargeError: there are more.

    """
    if count == 0:
        raise UnusableError("there is no image in the request; send at least one")
    if count > max_batch:
        raise TooLargeError(
            f"the request has {count:,} images, and {max_batch:,} is the most this service takes at once; split it, "
            "or start the service with a larger SERVICE_MAX_BATCH"
        )


def only_carriage_returns(number: int) -> MalformedError:
    """The error for a line that holds several, with the ends that old programs write."""
    return MalformedError(f"line {number} ends in a carriage return alone (CR); end each line with LF, or CR and LF")


def format_shape(shape: tuple[int, ...]) -> str:
    """Write a shape as people do: 28×28."""
    return shortened("×".join(map(str, shape[:8]))).strip("'") or "a number"


def numbered_lines(body: bytes, max_batch: int, first: int) -> list[tuple[int, bytes]]:
    """Number the lines that are not blank, the body's first with ``first``.

    Raises:
        MalformedError: a line has more than ``MAX_LINE_BYTES`` bytes.
        UnusableError, TooLargeError: as ``check_count``.

    """
    # Counted before they are split: a million empty lines cost nothing that way.
    if body.count(b"\n") > 2 * max_batch:
        check_count(body.count(b"\n"), max_batch)
    lines = []
    for number, line in enumerate(body.split(b"\n"), first):
        if len(line) > MAX_LINE_BYTES:
            if b"\r" in line.rstrip():
                raise only_carriage_returns(number)
            raise MalformedError(f"line {number} is longer than {MAX_LINE_BYTES:,} bytes; an image is 784 numbers")
        if stripped := line.strip():
            lines.append((number, stripped))
    check_count(len(lines), max_batch)
    return lines
