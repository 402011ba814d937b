"""What a SavedModel of others takes and gives, found out by its answers to 100 images of the dataset.

A plain SavedModel does not say whether its last layer is a softmax, or in which range its pixels are. Its answers show
both. Logits get a softmax here. A model that answers better for pixels from 0 to 255, or from -1 to 1, is given those.
The log and the model's metadata say what was done. A model that gives neither probabilities nor logits is refused.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from service.arrays import PROBABILITIES, Activations, Engine, Pixels, Probabilities, scale

_log = logging.getLogger("uvicorn.error")

_PROBE = Path(__file__).parent / "probe.npz"
_ROW_TOLERANCE = 1e-3
"""How far a row of probabilities may be from a sum of 1; float16 is off by 1e-3 at most."""

_QUANTIZED_TOLERANCE = 0.02
"""How far one of 8 bits may be, whose ten numbers are each rounded to 1/256."""

_RANGES = {"0 to 1": (1.0, 0.0), "0 to 255": (255.0, 0.0), "-1 to 1": (2.0, -1.0)}
"""What a model may take for pixels: the factor and what is added then."""

_MIN_GAIN = 0.1
"""By how much the mean log-likelihood of the right labels must be better for pixels of another range than 0 to 1."""

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
        offset: is added to them then.
        finish: makes probabilities of the model's outputs; None where they are.
        outputs: see ``Engine``.

    """

    engine: Engine
    scale: float
    offset: float
    finish: Callable[[Activations], Probabilities] | None
    outputs: frozenset[str] = frozenset([PROBABILITIES])

    def predict(self, pixels: Pixels) -> Probabilities:
        """Classify; see ``Engine``."""
        found = self.engine.predict(pixels * np.float32(self.scale) + np.float32(self.offset))
        return found if self.finish is None else self.finish(found)

    def explain(self, pixels: Pixels, *names: str) -> dict[str, Activations]:
        """Give the probabilities, which are all its outputs; see ``Engine``."""
        found = self.predict(pixels)
        return dict.fromkeys(names, found)


def softmax(logits: Activations) -> Probabilities:
    """Turn logits float32 (N, classes) to probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Probabilities = powers / powers.sum(axis=1, keepdims=True)
    return shares


def normalized(shares: Activations) -> Probabilities:
    """Divide shares float32 (N, classes) by their sum."""
    whole: Probabilities = shares / shares.sum(axis=1, keepdims=True)
    return whole


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
        pixels = scale(probe["images"])[..., np.newaxis]
        labels = probe["labels"]
    found = _outputs_by_range(name, engine, pixels, classes)
    notes = []
    finish: Callable[[Activations], Probabilities] | None = None
    if not all(_are_probabilities(outputs, _QUANTIZED_TOLERANCE) for outputs in found.values()):
        _require_logits(name, found["0 to 1"])
        finish = softmax
        notes.append(f"{name} gives logits, not probabilities: softmax is applied to them")
    elif not all(_are_probabilities(outputs, _ROW_TOLERANCE) for outputs in found.values()):
        finish = normalized
        notes.append(f"{name} gives probabilities that are rounded, as of 8 bits: they are divided by their sum")
    if finish is not None:
        found = {taken: finish(outputs) for taken, outputs in found.items()}
    likelihood = {taken: _log_likelihood(outputs, labels) for taken, outputs in found.items()}
    accuracy = {taken: float((outputs.argmax(axis=1) == labels).mean()) for taken, outputs in found.items()}
    best = max(likelihood, key=lambda taken: likelihood[taken])
    is_better = likelihood[best] > likelihood["0 to 1"] + _MIN_GAIN
    taken = best if is_better and accuracy[best] >= max(accuracy["0 to 1"], _MIN_ACCURACY) else "0 to 1"
    if taken != "0 to 1":
        notes.append(
            f"{name} is given pixels from {taken}, which it answers better: of {len(labels)} images of the dataset "
            f"{accuracy[taken]:.0%} right, from 0 to 1 {accuracy['0 to 1']:.0%}. Clients send 0 to 1 all the same"
        )
    elif accuracy[taken] < _MIN_ACCURACY:
        notes.append(
            f"{name} answers {accuracy[taken]:.0%} of {len(labels)} images of the dataset right: was it trained on "
            "Fashion-MNIST, with its labels in their order, light garments on black, and pixels from 0 to 1?"
        )
    for note in notes:
        _log.warning("%s", note)
    if finish is not None or taken != "0 to 1":
        return AdaptedEngine(engine, *_RANGES[taken], finish), tuple(notes)
    return engine, tuple(notes)


def _outputs_by_range(name: str, engine: Engine, pixels: Pixels, classes: int) -> dict[str, Probabilities]:
    """Give the model's outputs for pixels of each range that it may take, and 0 to 1 in any case."""
    found = {"0 to 1": _outputs(name, engine, pixels, classes)}
    for taken, factor_and_offset in _RANGES.items():
        if taken in found:
            continue
        outputs = AdaptedEngine(engine, *factor_and_offset, finish=None).predict(pixels)
        if np.isfinite(outputs).all():  # else they are too large for it, so that it is not made for them
            found[taken] = outputs
    return found


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


def _are_probabilities(found: Probabilities, tolerance: float) -> bool:
    return bool(found.min() >= 0 and np.abs(found.sum(axis=1) - 1).max() < tolerance)


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
