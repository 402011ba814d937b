"""The networks, in Keras 3: whatever backend ``KERAS_BACKEND`` names.

All take float32 (N, 28, 28, 1) in 0…1 and give softmax (N, 10).
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import keras
from keras import layers


def dense(units: int, *, normalised: bool = False, dropout: float = 0.0, classes: int = 10) -> keras.Model:
    """Flatten, one hidden ReLU layer, softmax: every pixel is a separate input, neighbours mean nothing.

    Args:
        units: of the hidden layer.
        normalised: whether it is batch-normalised before its ReLU, for training; see ``_hidden``.
        dropout: share of the hidden layer's output that is dropped in training, halved.
        classes: 11 in training that also shows what is none of the ten.

    """
    hidden = _hidden(layers.Dense, units, normalised=normalised)
    return _network("dense", layers.Flatten(), *hidden, *_dropout(dropout / 2), classes=classes)


def cnn(
    kernel_size: int,
    padding: str = "valid",
    channels: int = 64,
    head: str = "flatten",
    first: int = 32,
    units: int = 64,
    last_pooling: str = "valid",
    *,
    normalised: bool = False,
    dropout: float = 0.0,
    classes: int = 10,
) -> keras.Model:
    """Two convolutions (ReLU), each followed by 2×2 max pooling; a head; a dense layer (ReLU); softmax.

    Args:
        kernel_size: height and width of both convolutions' kernels, in pixels.
        padding: ``valid`` lets feature maps shrink at their borders, ``same`` pads them with zeros.
        channels: of the second convolution.
        head: ``flatten`` keeps every position as a feature of its own, ``average`` keeps each channel's mean only.
        first: channels of the first convolution.
        units: of the dense layer.
        last_pooling: ``valid`` drops a last odd row and column of the feature map, ``same`` pools them too.
        normalised: whether the three hidden layers are batch-normalised, for training; see ``_hidden``.
        dropout: share of what enters the dense layer that is dropped in training; half as much of what it gives.
        classes: 11 in training that also shows what is none of the ten.

    """

    def convolution(filters: int, pooling: keras.layers.Layer) -> list[keras.layers.Layer]:
        return _hidden(layers.Conv2D, filters, kernel_size, pooling=[pooling], padding=padding, normalised=normalised)

    return _network(
        "cnn",
        *convolution(first, layers.MaxPooling2D(2)),
        *convolution(channels, layers.MaxPooling2D(2, padding=last_pooling)),
        {"flatten": layers.Flatten, "average": layers.GlobalAveragePooling2D}[head](),
        *_dropout(dropout),
        *_hidden(layers.Dense, units, normalised=normalised),
        *_dropout(dropout / 2),
        classes=classes,
    )


def cnn_depth(convolutions: int, kernel_size: int = 3) -> keras.Model:
    """One or three convolutions, with CNN A's parameters (within 1 %) and its sight: the same 26 rows and columns.

    Args:
        convolutions: 1 or 3.
        kernel_size: height and width of their kernels, in pixels.

    """

    def convolution(filters: int) -> keras.layers.Layer:
        return layers.Conv2D(filters, kernel_size, activation="relu")

    if convolutions == 1:
        hidden = [convolution(32), layers.MaxPooling2D(4), layers.Flatten(), layers.Dense(104, activation="relu")]
    else:
        hidden = [
            *(convolution(32), layers.MaxPooling2D(2), convolution(64), convolution(64), layers.MaxPooling2D(2)),
            *(layers.Flatten(), layers.Dense(64, activation="relu")),
        ]
    return _network("cnn_depth", *hidden)


def deep(channels: int) -> keras.Model:
    """Five 3×3 convolutions with batch normalisation (Ioffe and Szegedy 2015); global average pooling; softmax.

    Args:
        channels: of the first convolution; twice as many after the first pooling, four times after the second.

    """
    return _network(
        "deep",
        *_normalised(channels),
        layers.MaxPooling2D(2),
        *_normalised(2 * channels),
        *_normalised(2 * channels),
        layers.MaxPooling2D(2),
        *_normalised(4 * channels),
        *_normalised(4 * channels),
        layers.GlobalAveragePooling2D(),
        layers.Dropout(0.3),
    )


def _hidden(
    kind: Any, *sizes: int, normalised: bool, pooling: Sequence[keras.layers.Layer] = (), **options: Any
) -> list[keras.layers.Layer]:
    """Make a linear layer, its ReLU and its pooling; normalised for training, if wished.

    Normalisation comes after the pooling, where there are a quarter of the values. It has no scale of its own, so it
    never turns values round: pooling before or after it gives the same, and it can be folded into the linear layer.
    """
    if not normalised:
        return [kind(*sizes, activation="relu", **options), *pooling]
    return [kind(*sizes, use_bias=False, **options), *pooling, layers.BatchNormalization(scale=False), layers.ReLU()]


def _dropout(share: float) -> list[keras.layers.Layer]:
    return [layers.Dropout(share)] if share else []


def _normalised(channels: int) -> list[keras.layers.Layer]:
    return [
        layers.Conv2D(channels, 3, padding="same", use_bias=False, kernel_initializer="he_normal"),
        layers.BatchNormalization(),
        layers.ReLU(),
    ]


ARCHITECTURES: dict[str, Callable[..., keras.Model]] = {
    "dense": dense,
    "cnn": cnn,
    "cnn_depth": cnn_depth,
    "deep": deep,
}
"""What an experiment may name as its architecture."""


def multiply_adds(model: keras.Model) -> int:
    """Count the multiplications of one image's forward pass, in convolutions and dense layers (biases excluded)."""
    return sum(_layer_multiply_adds(layer) for layer in model.layers)


def _layer_multiply_adds(layer: Any) -> int:
    if isinstance(layer, layers.Conv2D):
        return int(prod(layer.kernel.shape) * prod(layer.output.shape[1:3]))
    if isinstance(layer, layers.Dense):
        return int(prod(layer.kernel.shape))
    return 0


def _network(name: str, *hidden: keras.layers.Layer, classes: int = 10) -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((28, 28, 1), name="images"),
            *hidden,
            # In float32 also where the layers before it compute in less.
            layers.Dense(classes, activation="softmax", name="probabilities", dtype="float32"),
        ],
        name=name,
    )
