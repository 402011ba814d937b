"""What the trainer finds out about a finished network, beyond its accuracy on the test set."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from scipy import ndimage

from training.data.corruptions import SEVERITIES, corrupt
from training.data.fashion_mnist import Images, Labels, Pixels, black_out_strip, scale
from training.evaluation.metrics import predict
from training.evaluation.probes import CORRUPTED_PER_CLASS, SHIFTED_PER_CLASS, Network, first_of_each_class, shift

DISTANCES = (1, 2, 4)
"""Pictures are moved to every place at these distances: the larger of the two moves, in pixels."""

SHRUNK = 20
"""Garments of this many pixels can be moved by four in every direction, and nothing is cut off."""

PRUNED = (0.5, 0.7, 0.8, 0.9, 0.95)
"""Shares of the weights that are set to 0, the smallest first, without training afterwards."""


def examine(model: keras.Model, images: Images, labels: Labels, as_seen: Callable[[Images], Images]) -> dict[str, Any]:
    """Move, shrink, blur and black out test pictures; prune the network. The model is left as it was.

    Args:
        model: takes float32 (N, 28, 28, 1).
        images: uint8 (N, 28, 28), the test set.
        labels: uint8 (N,).
        as_seen: what the experiment does to every image, applied after all else.

    Returns:
        Shares of right answers. ``moved``: for ``whole`` and ``shrunk`` garments by distance ("0", "1", "2", "4"), on
        the first 100 a class, the mean over the places; ``blurred``: ``clean`` and at the five severities
        (``accuracy``), on the first 200 a class; ``strip_blacked``: without the pixels that CNN A does not see;
        ``pruned``: by share of weights set to 0.

    """
    network = partial(predict, model)

    def accuracy(pictures: Images, right: Labels) -> float:
        return _accuracy(network, scale(as_seen(pictures)), right)

    few, more = (first_of_each_class(labels, count) for count in (SHIFTED_PER_CLASS, CORRUPTED_PER_CLASS))
    blurred = [accuracy(corrupt(images[more], "blur", severity), labels[more]) for severity in SEVERITIES]
    return {
        "moved": {
            "whole": _moved(images[few], labels[few], accuracy),
            "shrunk": _moved(shrunk(images[few]), labels[few], accuracy),
        },
        "blurred": {"clean": accuracy(images[more], labels[more]), "accuracy": blurred},
        "strip_blacked": accuracy(black_out_strip(images), labels),
        "pruned": {str(share): _pruned(model, share, scale(as_seen(images)), labels) for share in PRUNED},
    }


def shrunk(images: Images) -> Images:
    """Scale whole pictures down to 20×20 (bilinear) in the middle of a black one; uint8 (N, 28, 28)."""
    factor = SHRUNK / images.shape[1]
    smoothed = ndimage.gaussian_filter(images.astype(np.float64), (0, 0.35, 0.35))  # or thin lines would alias
    small = ndimage.zoom(smoothed, (1, factor, factor), order=1, grid_mode=True, mode="grid-constant")
    margin = (images.shape[1] - SHRUNK) // 2
    return np.pad(np.clip(np.rint(small), 0, 255).astype(np.uint8), ((0, 0), (margin, margin), (margin, margin)))


def _moved(images: Images, labels: Labels, accuracy: Callable[[Images, Labels], float]) -> dict[str, float]:
    found = {"0": accuracy(images, labels)}
    for distance in DISTANCES:
        reach = range(-distance, distance + 1)
        places = [(dx, dy) for dx in reach for dy in reach if max(abs(dx), abs(dy)) == distance]
        found[str(distance)] = float(np.mean([accuracy(shift(images, *place), labels) for place in places]))
    return found


def _pruned(model: keras.Model, share: float, pixels: Pixels, labels: Labels) -> float:
    """Set the weights (not biases) that are smallest over all layers to 0, measure, and put them back."""
    before = model.get_weights()
    sizes = np.concatenate([np.abs(weight).ravel() for weight in before if weight.ndim > 1])
    threshold = np.quantile(sizes, share)
    model.set_weights([np.where(np.abs(w) > threshold, w, 0) if w.ndim > 1 else w for w in before])
    try:
        return _accuracy(partial(predict, model), pixels, labels)
    finally:
        model.set_weights(before)


def _accuracy(network: Network, pixels: Pixels, labels: Labels) -> float:
    return float((network(pixels).argmax(axis=1) == labels).mean())
