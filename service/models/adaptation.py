"""What a SavedModel of others takes and gives, found out by its answers to 100 images of the dataset.

A plain SavedModel does not say whether its last layer is a softmax, or whether its pixels go from 0 to 1 or to 255. Its
answers show both. Logits get a softmax here. A model that answers better for pixels up to 255 is given those. The log
and the model's metadata say which of the two was done. A model that gives neither probabilities nor logits is refused.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from service.arrays import PROBABILITIES, Activations, Engine, Pixels, Probabilities

_log = logging.getLogger("uvicorn.error")

_PROBE = Path(__file__).parent / "probe.npz"
_ROW_TOLERANCE = 1e-3
"""How far a row of probabilities may be from a sum of 1; float16 is off by 1e-3 at most."""

_MIN_GAIN = 0.1
"""By how much the mean log-likelihood of the right labels must be better for pixels to 255."""

_MIN_ACCURACY = 0.5
"""A network that was trained on the dataset knows far more of its training images than this share."""


class UnusableModelError(Exception):
    """A model's outputs cannot be served as probabilities of the labels; the message says what they are."""


@dataclass
class AdaptedEngine:
    """An engine that is given another range of pixels, or whose outputs are logits.

    Attributes:
        engine: runs the model.
        scale: multiplies the pixels.
        is_logits: whether the model's outputs go through a softmax.
        outputs: see ``Engine``.

    """

    engine: Engine
    scale: float
    is_logits: bool
    outputs: frozenset[str] = frozenset([PROBABILITIES])

    def predict(self, pixels: Pixels) -> Probabilities:
        """Classify; see ``Engine``."""
        found = self.engine.predict(pixels if self.scale == 1 else pixels * np.float32(self.scale))
        return softmax(found) if self.is_logits else found

    def explain(self, pixels: Pixels, *names: str) -> dict[str, Activations]:
        """Give the probabilities, which are all its outputs; see ``Engine``."""
        found = self.predict(pixels)
        return dict.fromkeys(names, found)


def softmax(logits: Activations) -> Probabilities:
    """Turn logits float32 (N, classes) to probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Probabilities = powers / powers.sum(axis=1, keepdims=True)
    return shares


def adapt(name: str, engine: Engine, classes: int) -> tuple[Engine, tuple[str, ...]]:
    """Find out what a model takes and gives, and make an engine that takes 0 to 1 and gives probabilities of it.

    Args:
        name: the model's.
        engine: runs it.
        classes: how many labels there are.

    Returns:
        The engine, which is the same one where nothing is to be done, and a sentence for each thing that was.

    Raises:
        UnusableModelError: its outputs are neither probabilities nor logits of so many classes.

    """
    with np.load(_PROBE, allow_pickle=False) as probe:
        pixels = (probe["images"].astype(np.float32) / np.float32(255))[..., np.newaxis]
        labels = probe["labels"]
    plain = _outputs(name, engine, pixels, classes)
    large = engine.predict(pixels * np.float32(255))
    if not np.isfinite(large).all():  # too large for it, so that it is not made for them
        large = plain
    is_logits = not (_are_probabilities(plain) and _are_probabilities(large))
    if is_logits:
        _require_logits(name, plain)
        plain, large = softmax(plain), softmax(large)
    gain = _log_likelihood(large, labels) - _log_likelihood(plain, labels)
    accuracy, large_accuracy = (float((found.argmax(axis=1) == labels).mean()) for found in (plain, large))
    scale = 255 if gain > _MIN_GAIN and large_accuracy >= max(accuracy, _MIN_ACCURACY) else 1
    notes = []
    if is_logits:
        notes.append(f"{name} gives logits, not probabilities: softmax is applied to them")
    if scale == 255:
        notes.append(
            f"{name} is given pixels from 0 to 255, which it answers better: of {len(labels)} images of the dataset "
            f"{large_accuracy:.0%} right, from 0 to 1 {accuracy:.0%}. Clients send 0 to 1 all the same"
        )
    elif accuracy < _MIN_ACCURACY:
        notes.append(
            f"{name} answers {accuracy:.0%} of {len(labels)} images of the dataset right: was it trained on "
            "Fashion-MNIST, with its labels in their order, light garments on black, and pixels from 0 to 1?"
        )
    for note in notes:
        _log.warning("%s", note)
    if is_logits or scale != 1:
        return AdaptedEngine(engine, scale, is_logits), tuple(notes)
    return engine, tuple(notes)


def _outputs(name: str, engine: Engine, pixels: Pixels, classes: int) -> Probabilities:
    found = engine.predict(pixels)
    if found.shape != (len(pixels), classes):
        raise UnusableModelError(
            f"{name} answers {len(pixels)} images with shape {found.shape}, not ({len(pixels)}, {classes}): it must "
            f"have one output for each of the {classes} labels"
        )
    if found.dtype.kind != "f" or not np.isfinite(found).all():
        what = "NaN or infinite numbers" if found.dtype.kind == "f" else f"{found.dtype} numbers"
        raise UnusableModelError(f"{name} answers images of the dataset with {what}, not with probabilities or logits")
    return found


def _are_probabilities(found: Probabilities) -> bool:
    return bool(found.min() >= 0 and np.abs(found.sum(axis=1) - 1).max() < _ROW_TOLERANCE)


def _require_logits(name: str, found: Probabilities) -> None:
    sums = found.sum(axis=1)
    if found.min() >= 0 and np.ptp(sums) < _ROW_TOLERANCE * sums.max():
        raise UnusableModelError(
            f"{name} gives numbers that sum to {sums.mean():.4g} for each image, as percentages do: end it with a "
            "softmax, whose sum is 1, or with no activation (logits)"
        )
    if found.min() >= 0 and found.max() <= 1:
        raise UnusableModelError(
            f"{name} gives numbers from 0 to 1 that do not sum to 1 for each image, as a sigmoid does: end it with a "
            "softmax, or with no activation (logits)"
        )


def _log_likelihood(probabilities: Probabilities, labels: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> float:
    right = probabilities[np.arange(len(labels)), labels]
    return float(np.log(np.maximum(right, np.float32(1e-7))).mean())
