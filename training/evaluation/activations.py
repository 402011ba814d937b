"""What a trained CNN's layers hold and see: kernels of the first convolution, feature maps of one picture."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from training.data.fashion_mnist import Images, scale

CHANNELS = 8
"""How many feature maps of each convolution are kept: those with the strongest mean response to the picture."""


def describe(model: keras.Model, image: Images) -> dict[str, Any] | None:
    """Read a network's first kernels, and run one picture through its convolutions.

    Args:
        model: takes float32 (N, 28, 28, 1).
        image: uint8 (28, 28).

    Returns:
        ``kernels``: of the first convolution, (32, size, size), rounded to 4 decimals; ``feature_maps``: for each
        convolution after its ReLU, the ``channels`` with the strongest response and their ``maps`` (8, height, width)
        as whole numbers 0…255, 255 being the strongest response of that layer. None where nothing is convolved.

    """
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    if not convolutions:
        return None
    tapped = keras.Model(model.inputs, [layer.output for layer in convolutions])
    responses = [np.asarray(response)[0] for response in tapped.predict(scale(image[np.newaxis]), verbose=0)]
    kernels = np.asarray(convolutions[0].kernel)[:, :, 0].transpose(2, 0, 1)
    return {"kernels": kernels.round(4).tolist(), "feature_maps": [_strongest(response) for response in responses]}


def _strongest(response: npt.NDArray[np.float32]) -> dict[str, Any]:
    channels = np.argsort(-response.mean(axis=(0, 1)), kind="stable")[:CHANNELS]
    maps = response[:, :, channels].transpose(2, 0, 1)
    return {
        "channels": channels.tolist(),
        "maps": np.rint(maps / max(float(maps.max()), 1e-12) * 255).astype(int).tolist(),
    }
