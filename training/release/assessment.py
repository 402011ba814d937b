"""What a released model's answers are worth: fitted at release, on images it was not trained on.

Three things, for the service to say beside an answer or to watch over many; ``service/models/manifest.py`` has their
form:

*Reliability.* Validation images are counted by the label the model gives and the band its calibrated confidence is in:
how many there are, and how many are right, with Wilson's interval. A cell of fewer than ``MIN_IMAGES`` says little;
its band over all labels stands in for it; where that is as thin, the bands beside it join it.

*An outlier score.* The larger of two distances, each in standard deviations from the validation images' mean. One is
the relative Mahalanobis distance (Ren et al. 2021) of the last hidden layer's output: to the nearest class's mean, less
the distance to the mean of all. It finds what activates the network as no garment does. The other is the logarithm of
what is left of the pixels' squared distance from their mean when the first ``COMPONENTS`` principal components of the
training images have explained what they can. It finds what has no garment's shape. ``python -m training outliers``
prints what either and others would do alone.

*Reference histograms*, against which the service tells whether what it is sent has drifted.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from training.data.fashion_mnist import FashionMNIST, Labels, Pixels, scale, stratified_split
from training.evaluation.calibration import fit_temperature, soften
from training.evaluation.metrics import Probabilities
from training.evaluation.statistics import wilson

MIN_IMAGES = 30
COMPONENTS = 32
ACCEPTANCE = 0.95
PRECISION = 0.9
BANDS = (0.0, 0.5, 0.7, 0.9, 0.99)
"""Where the bands of calibrated confidence begin."""

EDGES = {
    "brightness": (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8),
    "polarity": (-0.8, -0.7, -0.6, -0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.3),
    "confidence": (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999),
    "score": (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0),
}
"""Upper edges of the reference histograms; one more bucket takes what is above the last."""

_RIDGE = 1e-3  # added to covariances: units that are always 0 have none
_BLOCK = 100

Floats = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]


@dataclass(frozen=True)
class OutlierScore:
    """The fitted score; how its arrays are used is said in ``service/models/assessment.py``, which does the same.

    Attributes:
        quadratic: float64 (D, D), ``linear`` (D, C) and ``constant`` (C,): f·Q·f + min over classes of (f·l + c) is
            the standardised relative Mahalanobis distance of features f.
        mean: float32 (784,) of the training images' pixels, and ``components`` float32 (784, K).
        residual: float64 (2,), mean and standard deviation of the residual's logarithm on the validation images.

    """

    quadratic: Floats
    linear: Floats
    constant: Floats
    mean: npt.NDArray[np.float32]
    components: npt.NDArray[np.float32]
    residual: Floats

    def __call__(self, pixels: Pixels, features: Features) -> Floats:
        """Score images: (N, 28, 28, 1) and (N, D) → float64 (N,); higher is stranger."""
        return np.maximum(self.distance(features), self.unexplained(pixels))

    def distance(self, features: Features) -> Floats:
        """Standardise the relative Mahalanobis distance: (N, D) → float64 (N,)."""
        f = features.astype(np.float64)
        linear = (f @ self.linear + self.constant).min(axis=1)
        return np.asarray(((f @ self.quadratic) * f).sum(axis=1) + linear)

    def unexplained(self, pixels: Pixels) -> Floats:
        """Standardise the residual's logarithm: (N, 28, 28, 1) → float64 (N,)."""
        return np.asarray((log_residual(pixels, self.mean, self.components) - self.residual[0]) / self.residual[1])


def log_residual(
    pixels: Pixels, mean: npt.NDArray[np.float32], components: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Take the logarithm of the squared distance from the subspace of the components: float64 (N,)."""
    centred = pixels.reshape(len(pixels), -1) - mean
    explained = centred @ components
    residual = (centred**2).sum(axis=1, dtype=np.float64) - (explained**2).sum(axis=1, dtype=np.float64)
    return np.asarray(np.log(np.maximum(residual, 1e-3)))


def fit_score(train: tuple[Pixels, Features, Labels], validation: tuple[Pixels, Features]) -> OutlierScore:
    """Fit means, covariances and components on training images, their scale on validation images."""
    pixels, features, labels = train[0], train[1].astype(np.float64), train[2]
    classes = np.unique(labels)
    means = np.stack([features[labels == c].mean(axis=0) for c in classes])
    of_all = features.mean(axis=0)
    ridge = _RIDGE * np.eye(features.shape[1])
    within = np.linalg.inv(np.cov((features - means[np.searchsorted(classes, labels)]).T) + ridge)
    overall = np.linalg.inv(np.cov(features.T) + ridge)
    # (f-m)ᵀW(f-m) - (f-a)ᵀO(f-a), multiplied out, so that an image costs one quadratic form and not eleven.
    quadratic = within - overall
    linear = -2 * (means @ within - of_all @ overall).T
    constant = np.einsum("cd,de,ce->c", means, within, means) - of_all @ overall @ of_all

    flat = pixels.reshape(len(pixels), -1)
    mean = flat.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = flat - mean
    components = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :COMPONENTS].astype(np.float32)

    raw = OutlierScore(quadratic, linear, constant, mean, components, np.array([0.0, 1.0]))
    distance, residual = raw.distance(validation[1]), raw.unexplained(validation[0])
    spread = distance.std()
    return OutlierScore(
        quadratic / spread,
        linear / spread,
        (constant - distance.mean()) / spread,
        mean,
        np.ascontiguousarray(components),
        np.array([residual.mean(), residual.std()]),
    )


def decide(calibrated: Probabilities, labels: Labels, familiar: npt.NDArray[np.bool_], *, kind: str) -> dict[str, Any]:
    """Find the lowest confidence at which ``PRECISION`` of the held-out pictures that are answered are right.

    Args:
        calibrated: (N, 10).
        labels: uint8 (N,); of what is none of the classes, a number that is no class.
        familiar: bool (N,), which are not called strange; no other is answered.
        kind: what the pictures are, in words.

    Returns:
        ``min_confidence``, over 1 where none will do, and its ``meaning``.

    """
    confidence, right = calibrated.max(axis=1), calibrated.argmax(axis=1) == labels
    order = np.flatnonzero(familiar)
    order = order[np.argsort(-confidence[order], kind="stable")]
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero((precision >= PRECISION) & (np.arange(1, len(order) + 1) >= MIN_IMAGES))
    if not len(enough):
        return {
            "min_confidence": 2.0,
            "meaning": f"unsure of all {kind}: of {len(labels):,} held-out ones, no {MIN_IMAGES} are right in "
            f"{PRECISION:.0%} of cases, however sure it is",
        }
    last = int(enough[-1])
    return {
        "min_confidence": float(confidence[order[last]]),
        "meaning": f"of {len(labels):,} held-out {kind}, {(last + 1) / len(labels):.0%} are answered with at least "
        f"this confidence, and {precision[last]:.0%} of these answers are right",
    }


def describe(
    pixels: Pixels, calibrated: Probabilities, labels: Labels, scores: Floats, *, pictures: str
) -> dict[str, Any]:
    """Count reliability and reference histograms of held-out pictures: ``bands``, ``reliability``, ``reference``."""
    confidence, predicted = calibrated.max(axis=1), calibrated.argmax(axis=1).astype(np.uint8)
    classes = calibrated.shape[1]
    values = {
        "brightness": brightness(pixels),
        "polarity": polarity(pixels),
        "confidence": confidence,
        "score": scores,
    }
    cells = reliability(confidence, predicted, labels, classes=classes)
    return {
        "bands": list(BANDS),
        "reliability": [[{**cell, "pictures": pictures} for cell in row] for row in cells],
        "reference": {
            "labels": np.bincount(predicted, minlength=classes).tolist(),
            **{name: _histogram(value, EDGES[name]) for name, value in values.items()},
        },
    }


def reliability(confidence: Floats, predicted: Labels, labels: Labels, *, classes: int) -> list[list[dict[str, Any]]]:
    """Count how often answers are right, by predicted class and band of confidence; see the module.

    Where a class has too few images in a band, all classes count; where they are too few, the next bands, too.
    """
    right = predicted == labels
    band = np.searchsorted(BANDS, confidence, side="right") - 1

    def cell(label: int, index: int) -> dict[str, Any]:
        of_label = (band == index) & (predicted == label)
        if of_label.sum() >= MIN_IMAGES:
            return {"over": "label", **_share(right[of_label])}
        # All images would say less of the surest answers than of others: the nearest bands say more.
        nearest = (np.abs(band - index) <= reach for reach in range(len(BANDS)))
        near = next((some for some in nearest if some.sum() >= MIN_IMAGES), np.ones_like(right))
        return {"over": "all" if near.all() else "confidence", **_share(right[near])}

    return [[cell(label, index) for index in range(len(BANDS))] for label in range(classes)]


def _share(right: npt.NDArray[np.bool_]) -> dict[str, Any]:
    share = float(right.mean())
    accuracy, low, high = (round(value, 4) for value in (share, *wilson(share, len(right))))
    return {"accuracy": accuracy, "ci95": [low, high], "images": len(right)}


def brightness(pixels: Pixels) -> Floats:
    """Average each image's pixels: float (N, 28, 28, 1) → (N,) in 0…1."""
    return np.asarray(pixels.mean(axis=(1, 2, 3)), np.float64)


def polarity(pixels: Pixels) -> Floats:
    """Subtract the mean of the central 14×14 pixels from that of the outermost ring: (N,) in -1…1; clothing is < 0."""
    ring = (pixels.sum(axis=(1, 2, 3)) - pixels[:, 1:-1, 1:-1].sum(axis=(1, 2, 3))) / (28 * 28 - 26 * 26)
    return np.asarray(ring - pixels[:, 7:21, 7:21].mean(axis=(1, 2, 3)), np.float64)


def run_litert(model: Path, pixels: Pixels) -> tuple[Probabilities, Features]:
    """Run a LiteRT file of this project's: probabilities (N, 10) and features (N, D)."""
    interpreter = Interpreter(model_path=str(model), num_threads=1)
    into = interpreter.get_input_details()[0]["index"]
    outputs = interpreter.get_signature_runner().get_output_details()
    found: dict[str, list[Any]] = {"probabilities": [], "features": []}
    size = 0
    for block in np.split(pixels, range(_BLOCK, len(pixels), _BLOCK)):
        if len(block) != size:
            size = len(block)
            interpreter.resize_tensor_input(into, block.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(into, block)
        interpreter.invoke()
        for name, parts in found.items():
            parts.append(interpreter.get_tensor(outputs[name]["index"]))
    return np.concatenate(found["probabilities"]), np.concatenate(found["features"])


def assess(folder: Path, data: FashionMNIST, *, seed: int) -> dict[str, Any]:
    """Fit everything for an exported model, and keep the score's arrays in its ``assets.extra/outliers.npz``.

    Adds the scores of the golden samples, float64 (K,), to ``golden.npz``.

    Args:
        folder: the version folder with the LiteRT model.
        data: the dataset; its test images are not looked at.
        seed: of the run, whose validation images these are.

    Returns:
        What ``bundle.json`` says of the model under ``assessment``, but for the file's path.

    """
    extra = folder / "assets.extra"
    split = stratified_split(data.train_labels, seed=seed)
    pixels, labels = scale(data.train_images[split.validation]), data.train_labels[split.validation]
    of_training = scale(data.train_images[split.train])
    probabilities, features = run_litert(extra / "model.tflite", pixels)
    score = fit_score(
        (of_training, run_litert(extra / "model.tflite", of_training)[1], data.train_labels[split.train]),
        (pixels, features),
    )
    scores = score(pixels, features)
    np.savez(extra / "outliers.npz", **vars(score))
    _add_golden_scores(extra, score)

    temperature = fit_temperature(probabilities, labels)
    calibrated = soften(probabilities, temperature)
    threshold = float(np.quantile(scores, ACCEPTANCE))
    return {
        "temperature": temperature,
        "threshold": threshold,
        "decision": decide(calibrated, labels, scores <= threshold, kind="images of the dataset"),
        **describe(pixels, calibrated, labels, scores, pictures="dataset"),
    }


def _histogram(values: Floats, edges: tuple[float, ...]) -> dict[str, Any]:
    """Count values in buckets that include their upper edge, as Prometheus's do."""
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return {"edges": list(edges), "counts": counts.tolist()}


def _add_golden_scores(extra: Path, score: OutlierScore) -> None:
    with np.load(extra / "golden.npz") as content:
        golden = dict(content)
    pixels = scale(golden["images"])
    golden["scores"] = score(pixels, run_litert(extra / "model.tflite", pixels)[1])
    np.savez(extra / "golden.npz", **golden)
