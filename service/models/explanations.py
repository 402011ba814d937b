"""Why a model answers as it does: which parts of the picture matter, and what its layers found.

Occlusion sensitivity (Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks", section 4.2): a
patch slides over the picture, and at each place the predicted class's probability is computed anew. Where it drops, the
answer depends on what the patch hid. The patch is background here, so it takes garment away and adds nothing.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from service.arrays import SIZE, Activations, Pixels
from service.models.assessment import Assessor
from service.models.classifier import Answer, Classifier, Models
from service.models.litert_layers import Layer

STRIDE = 2
"""Pixels between two places of the patch, so the map has 14×14 cells of 2×2 pixels."""

PATCH = 6
"""The patch's edge in pixels; it is centred on its cell, and cut off at the picture's edge."""

FILL = 0.0
"""The patch's brightness: the dataset's background."""

_CELLS = SIZE // STRIDE
_MARGIN = (PATCH - STRIDE) // 2
_BYTES = 255


@dataclass(frozen=True)
class Explanation:
    """What a model's answer to one picture comes from.

    Attributes:
        answer: what it says.
        probability: of its class, of the view that the rest is about, with nothing hidden.
        drop: float32 (14, 14): by how much the predicted class's probability drops where that cell is hidden; negative
            where it rises.
        feature_maps: each convolution's output after the ReLU, float32 (height, width, channels), by layer in the order
            the picture goes through them; empty for a network without convolutions.

    """

    answer: Answer
    probability: float
    drop: npt.NDArray[np.float32]
    feature_maps: dict[str, Activations]


async def explain(
    models: Models, classifier: Classifier, pixels: Pixels, mode: Literal["dataset", "photo"] = "dataset"
) -> Explanation:
    """Explain a model's answer to one picture.

    Args:
        models: where the classifier comes from.
        classifier: the model to explain.
        pixels: float32 (V, 28, 28, 1) in 0…1, the picture's views; the first is explained.
        mode: see ``Classifier.answer``.

    """
    first = pixels[:1]
    layers = sorted(name for name in classifier.engine.outputs if name.startswith("convolution"))
    found = classifier.engine.explain(first, *layers) if layers else {}
    answer = await classifier.answer(pixels, mode)
    assessor = (mode == "photo" and classifier.photo_assessor) or classifier.assessor
    drop, probability = await _occlude(models, classifier, first[0], int(answer.probabilities.argmax()), assessor)
    return Explanation(answer, probability, drop, {layer: found[layer][0] for layer in layers})


async def _occlude(
    models: Models, classifier: Classifier, picture: Pixels, class_id: int, assessor: Assessor | None
) -> tuple[npt.NDArray[np.float32], float]:
    drop = np.zeros((_CELLS, _CELLS), np.float32)
    hiding, occluded = [], [picture]
    for row, column in np.ndindex(drop.shape):
        top, left = (max(STRIDE * cell - _MARGIN, 0) for cell in (row, column))
        patch = np.s_[top : STRIDE * row - _MARGIN + PATCH, left : STRIDE * column - _MARGIN + PATCH]
        if (picture[patch] != FILL).any():  # elsewhere the patch changes nothing, and nothing drops
            hiding.append((row, column))
            occluded.append(picture.copy())
            occluded[-1][patch] = FILL
    probabilities = await models.predict(classifier, np.stack(occluded))
    if assessor is not None:
        probabilities = assessor.calibrate(probabilities)
    of_class = probabilities[:, class_id]
    if hiding:
        drop[tuple(np.transpose(hiding))] = of_class[0] - of_class[1:]
    return drop, float(of_class[0])


def encode(explanation: Explanation, pixels: Pixels) -> dict[str, Any]:
    """Put an explanation into JSON, as ``schemas.Explanation`` has it, without the prediction."""
    return {
        "input": _maps("input", pixels[0]),
        "occlusion": {
            "class_id": int(explanation.answer.probabilities.argmax()),
            "probability": explanation.probability,
            "patch": PATCH,
            "stride": STRIDE,
            "fill": FILL,
            "drop": [[round(float(cell), 6) for cell in row] for row in explanation.drop],
        },
        "feature_maps": [_maps(layer, found) for layer, found in explanation.feature_maps.items()],
    }


def encode_kernels(layers: Sequence[Layer] | None) -> list[dict[str, Any]] | None:
    """Put the convolutions' numbers into JSON, as ``schemas.Kernels`` has them; None where there is no reading them."""
    if layers is None:
        return None
    kernels = [(layer.kernel, layer.bias) for layer in layers if layer.kind == "convolution"]
    return [
        {
            "layer": f"convolution_{number}",
            "shape": kernel.shape,
            "kernel": base64.b64encode(np.ascontiguousarray(kernel, "<f4").tobytes()).decode(),
            "bias": base64.b64encode(bias.astype("<f4").tobytes()).decode(),
        }
        for number, (kernel, bias) in enumerate(kernels, start=1)
        if kernel is not None and bias is not None
    ]


def _maps(layer: str, values: Activations) -> dict[str, Any]:
    height, width, channels = values.shape
    scale = float(values.max()) / _BYTES or 1.0
    levels = np.rint(values / scale).astype(np.uint8)
    data = base64.b64encode(levels.transpose(2, 0, 1).tobytes()).decode()
    return {"layer": layer, "height": height, "width": width, "channels": channels, "scale": scale, "data": data}
