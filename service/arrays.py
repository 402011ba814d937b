"""The arrays that rooms hand to one another, and what turns one into another."""

from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

SIZE = 28
"""Edge of the pictures that models see, in pixels."""

Pixels = npt.NDArray[np.float32]
"""Pictures: (N, 28, 28, 1), from 0, the background, to 1."""

Images = Pixels | npt.NDArray[np.uint8]
"""Pictures as a client sends them: the same, or bytes from 0 to 255, a quarter as large."""

Probabilities = npt.NDArray[np.float32]
"""Softmax outputs: (N, classes)."""

Activations = npt.NDArray[np.float32]
"""What any layer gave: (N, …)."""

Precision = Literal["float32", "int8"]
"""Of a model's weights."""

PROBABILITIES = "probabilities"
"""The output that every model has."""


def scale(images: Images) -> Pixels:
    """Bring bytes to float32 from 0 to 1; what is float32 is so already."""
    if images.dtype == np.uint8:
        return np.divide(images, np.float32(255), dtype=np.float32)
    return images  # type: ignore[return-value]


class Engine(Protocol):
    """Maps pixels float32 (N, 28, 28, 1) in 0…1 to what a model finds in them; safe to call from any thread.

    Attributes:
        outputs: what ``explain`` can be asked for: ``probabilities``; and of this project's own models ``features``
            (N, units), what the last layer decides from, and of those with convolutions ``convolution_1`` and
            ``convolution_2`` (N, height, width, channels), their feature maps after the ReLU, before pooling.

    """

    outputs: frozenset[str]

    def predict(self, pixels: Pixels) -> Probabilities:
        """Classify; returns float32 (N, classes)."""

    def explain(self, pixels: Pixels, *names: str) -> dict[str, Activations]:
        """Run the model once and read some of its ``outputs``, float32, by name."""
