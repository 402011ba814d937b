"""What a released model's answers to photographs are worth: fitted on people whose pictures it was not trained on.

The same as ``assessment`` does for the dataset's images, on the photographs of the part ``held_out``; what is published
of them is measured on the part ``report``.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize

from training.data.fashion_mnist import Labels, Pixels, scale
from training.data.photographs import Photographs
from training.evaluation import photographs as on_photographs
from training.evaluation.calibration import soften
from training.evaluation.metrics import Probabilities
from training.release.assessment import Features, OutlierScore, decide, describe, fit_score, run_litert

ACCEPTANCE = 0.9
"""Share of the held-out garments that are called like what was learnt."""

_NONE = 255  # the class of what is none of the ten: no answer is right


def assess(folder: Path, photographs: dict[str, Photographs]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fit everything for an exported model, and keep the score's arrays in its ``assets.extra/photo_outliers.npz``.

    Adds the scores of the golden samples to ``golden.npz``, as ``photo_scores``.

    Args:
        folder: the version folder with the LiteRT twin.
        photographs: the parts ``train``, ``held_out`` and ``report``.

    Returns:
        What ``bundle.json`` says of the model under ``photo_assessment``, but for the file's path; and, by part, what
        ``evaluation.photographs.measure`` finds, with the calibrated confidence's expected calibration error ``ece``
        and the share of garments and others that are answered.

    """
    twin, extra = folder / "assets.extra" / "model.tflite", folder / "assets.extra"
    learnt = photographs["train"].garments
    pixels, probabilities, features = _ask(twin, learnt)
    held_out = photographs["held_out"]
    held_pixels, held_probabilities, held_features = _ask(twin, held_out)
    garment = held_out.right.any(axis=1)
    score = fit_score(
        (pixels, features, _labels(probabilities, learnt.right)), (held_pixels[garment], held_features[garment])
    )
    scores = score(held_pixels, held_features)
    threshold = float(np.quantile(scores[garment], ACCEPTANCE))
    np.savez(extra / "photo_outliers.npz", **vars(score))
    _add_golden_scores(extra, score)

    temperature = _fit_temperature(held_probabilities[garment], held_out.right[garment])
    calibrated = soften(held_probabilities, temperature)
    labels = _labels(calibrated, held_out.right)
    rule = decide(calibrated, labels, scores <= threshold, kind="photographs by people of whom it has seen none")
    assessment = {
        "temperature": temperature,
        "threshold": threshold,
        "decision": rule,
        **describe(held_pixels, calibrated, labels, scores, pictures="photographs"),
    }
    measured = {name: _measure(twin, photographs[name], score, assessment) for name in ("held_out", "report")}
    return assessment, measured


def _ask(twin: Path, photographs: Photographs) -> tuple[Pixels, Probabilities, Features]:
    """Run a twin on every view: the first view's pixels (N, 28, 28, 1), mean probabilities (N, 10), features (N, D)."""
    views = photographs.views()
    probabilities, features = run_litert(twin, scale(views.reshape(-1, *views.shape[2:])))
    mean, of_features = (on_photographs.average(values, views.shape[1]) for values in (probabilities, features))
    return scale(views[:, 0]), mean, of_features.astype(np.float32)


def _labels(probabilities: Probabilities, right: npt.NDArray[np.bool_]) -> Labels:
    """Settle on one of the classes that are right, the most probable: uint8 (N,)."""
    return np.where(right.any(axis=1), (probabilities * right).argmax(axis=1), _NONE).astype(np.uint8)


def _fit_temperature(probabilities: Probabilities, right: npt.NDArray[np.bool_]) -> float:
    def loss(log_temperature: float) -> float:
        allowed = (soften(probabilities, float(np.exp(log_temperature))) * right).sum(axis=1)
        return float(-np.log(np.maximum(allowed, np.finfo(np.float32).tiny)).mean())

    return float(np.exp(optimize.minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def _measure(twin: Path, photographs: Photographs, score: OutlierScore, assessment: dict[str, Any]) -> dict[str, Any]:
    pixels, probabilities, features = _ask(twin, photographs)
    calibrated = soften(probabilities, assessment["temperature"])
    garment = photographs.right.any(axis=1)
    confidence, familiar = calibrated.max(axis=1), score(pixels, features) <= assessment["threshold"]
    right = calibrated.argmax(axis=1) == _labels(calibrated, photographs.right)
    answered = familiar & (confidence >= assessment["decision"]["min_confidence"])
    return {
        **on_photographs.measure(calibrated[garment], photographs.right[garment], calibrated[~garment]),
        "ece": on_photographs.calibration_error(confidence[garment], right[garment]),
        "answered": float(answered[garment].mean()),
        "right_if_answered": float(right[answered & garment].mean()) if (answered & garment).any() else None,
        "others_answered": float(answered[~garment].mean()),
        "others_called_unlike": float((~familiar[~garment]).mean()),
    }


def _add_golden_scores(extra: Path, score: OutlierScore) -> None:
    with np.load(extra / "golden.npz") as content:
        golden = dict(content)
    pixels = scale(golden["images"])
    golden["photo_scores"] = score(pixels, run_litert(extra / "model.tflite", pixels)[1])
    np.savez(extra / "golden.npz", **golden)
