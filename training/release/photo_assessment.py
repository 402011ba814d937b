"""What a released model's answers to photographs are worth: fitted on people whose pictures it was not trained on.

The same as ``assessment`` does for the dataset's images, on the photographs of the part ``held_out``; what is published
of them is measured on the part ``report``. Only the outlier score is another. It is linear in the last hidden layer's
output: the log-odds of a logistic regression that tells the garments of the part ``train`` from the other things in it
(hats, shorts), and from pictures without clothing (corners of the photographs, drawings of ``ood_pictures``), each
group with a third of the weight.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import optimize
from scipy.special import expit

from training.data import augmentation, ood_pictures, photograph_conversion
from training.data.fashion_mnist import Labels, Pixels, scale
from training.data.photographs import Photographs
from training.evaluation import photographs as on_photographs
from training.evaluation.calibration import best_temperature, soften
from training.evaluation.metrics import Probabilities
from training.release.assessment import Features, Floats, OutlierScore, decide, describe, run_litert

ACCEPTANCE = 0.9
"""Share of the held-out garments that are called like what was learnt, each person counting the same."""

_PENALTY, _LEAST_SPREAD = 3e-3, 1e-3
_BIAS_PENALTY = 1e-2
_PIXELS = 28 * 28
_OTHER_DRAWINGS = 2026  # a seed: not the drawings that anything was fitted on
_NONE = 255  # the class of what is none of the ten: no answer is right


def assess(
    folder: Path, photographs: dict[str, Photographs], *, balanced: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fit everything for an exported model, and keep the score's arrays in its ``assets.extra/photo_outliers.npz``.

    Adds the scores of the golden samples to ``golden.npz``, as ``photo_scores``.

    Args:
        folder: the version folder with the LiteRT twin.
        photographs: the parts ``train``, ``held_out`` and ``report``.
        balanced: whether to fit a bias too, as of a network that was trained with photographs. Another one calls nearly
            all of them bags. As there are no bags among them, a bias would make it never say bag.

    Returns:
        What ``bundle.json`` says of the model under ``photo_assessment``, but for the file's path; and, by part, what
        ``evaluation.photographs.measure`` finds, with the calibrated confidence's expected calibration error ``ece``
        and the share of garments and others that are answered.

    """
    twin, extra = folder / "assets.extra" / "model.tflite", folder / "assets.extra"
    held_out = photographs["held_out"]
    held_pixels, held_probabilities, held_features = _ask(twin, held_out)
    garment = held_out.right.any(axis=1)
    learnt = photographs["train"]
    _, of_garments, garments = _ask(twin, learnt.garments)
    strange = [_ask(twin, some)[2] for some in (learnt.others, without_clothing(learnt))]
    score = fit_log_odds(garments, *strange, usual=held_features[garment])
    scores = score(held_pixels, held_features)
    # Two people took half of these pictures; the threshold is for others.
    weights = held_out.garments.by_person()
    threshold = float(np.quantile(scores[garment], ACCEPTANCE, weights=weights, method="inverted_cdf"))
    np.savez(extra / "photo_outliers.npz", **vars(score))
    _add_golden_scores(extra, score)

    bias = fit_bias(of_garments, learnt.garments) if balanced else []
    temperature = _fit_temperature(held_probabilities[garment], held_out.garments, bias)
    calibrated = soften(held_probabilities, temperature, bias)
    labels = _labels(calibrated, held_out.right)
    rule = decide(calibrated, labels, scores <= threshold, kind="photographs by people of whom it has seen none")
    assessment = {
        "temperature": temperature,
        "bias": bias,
        "threshold": threshold,
        "decision": rule,
        **describe(held_pixels, calibrated, labels, scores, pictures="photographs"),
    }
    measured = {name: _measure(twin, photographs[name], score, assessment) for name in ("held_out", "report")}
    return assessment, measured


def without_clothing(photographs: Photographs, *, drawn: int = 30, seed: int = 0) -> Photographs:
    """Make pictures without clothing: an enlarged corner of each photograph, ``drawn`` drawings of each kind."""
    around = augmentation.surroundings(photographs.squares, np.random.default_rng(seed), photograph_conversion.SHARES)
    pictures = [around, *(ood_pictures.draw(kind, count=drawn, seed=seed) for kind in ood_pictures.KINDS)]
    squares = [photograph_conversion.squared(Image.fromarray(one).convert("RGB")) for one in np.concatenate(pictures)]
    count = len(squares)
    nothing = np.full(count, "")
    return Photographs(nothing, nothing, nothing, np.zeros((count, 10), bool), np.stack(squares))


def fit_log_odds(garments: Features, *strange: Features, usual: Features) -> OutlierScore:
    """Fit a logistic regression, garments against groups of what is strange, all groups of equal weight.

    Args:
        garments: (N, D).
        strange: (M, D), one array a group.
        usual: (K, D), whose scores have mean 0 and standard deviation 1.

    """
    features = np.concatenate([garments, *strange]).astype(np.float64)
    target = np.repeat([0.0, 1.0], [len(garments), sum(map(len, strange))])
    weight = np.concatenate([np.full(len(group), 1 / len(group)) for group in (garments, *strange)])
    weight /= weight.sum()
    mean, spread = features.mean(axis=0), features.std(axis=0) + _LEAST_SPREAD
    standard = (features - mean) / spread

    def loss(parameters: Floats) -> tuple[float, Floats]:
        odds = standard @ parameters[:-1] + parameters[-1]
        surplus = weight * (expit(odds) - target)
        penalty = _PENALTY * parameters[:-1]
        gradient = np.append(standard.T @ surplus + 2 * penalty, surplus.sum())
        return float(weight @ (np.logaddexp(0, odds) - target * odds) + penalty @ parameters[:-1]), gradient

    fitted = optimize.minimize(loss, np.zeros(features.shape[1] + 1), jac=True, method="L-BFGS-B").x
    linear = fitted[:-1] / spread
    log_odds = usual.astype(np.float64) @ linear
    linear, units = linear / log_odds.std(), len(linear)
    return OutlierScore(
        quadratic=np.zeros((units, units)),
        linear=linear[:, np.newaxis],
        constant=np.array([-log_odds.mean() / log_odds.std()]),
        mean=np.zeros(_PIXELS, np.float32),
        components=np.zeros((_PIXELS, 1), np.float32),
        residual=np.array([np.inf, 1.0]),  # the pixels do not count: below every distance
    )


def _ask(twin: Path, photographs: Photographs) -> tuple[Pixels, Probabilities, Features]:
    """Run a twin on every view: the first view's pixels (N, 28, 28, 1), mean probabilities (N, 10), features (N, D)."""
    views = photographs.views()
    probabilities, features = run_litert(twin, scale(views.reshape(-1, *views.shape[2:])))
    mean, of_features = (on_photographs.average(values, views.shape[1]) for values in (probabilities, features))
    return scale(views[:, 0]), mean, of_features.astype(np.float32)


def _labels(probabilities: Probabilities, right: npt.NDArray[np.bool_]) -> Labels:
    """Settle on one of the classes that are right, the most probable: uint8 (N,)."""
    return np.where(right.any(axis=1), (probabilities * right).argmax(axis=1), _NONE).astype(np.uint8)


def fit_bias(probabilities: Probabilities, photographs: Photographs) -> list[float]:
    """Balance the classes of a network that was trained with photographs; see ``soften``.

    Training rewards "Shirt" for a longsleeve, too, so that coats and T-shirts are called shirts more often than the
    other way round. How sure a network is of what it learnt from tells nothing, but the balance between its classes
    does. So the bias may be fitted there, on many people who all count the same, and the temperature must not.

    Args:
        probabilities: (N, 10), what the network says of them.
        photographs: garments of the part ``train``.

    """

    def loss(parameters: Floats) -> float:
        temperature, bias = float(np.exp(parameters[0])), parameters[1:]
        off = _loss(soften(probabilities, temperature, bias), photographs, photographs.by_person())
        return off + _BIAS_PENALTY * float(bias @ bias)

    found = optimize.minimize(loss, np.zeros(1 + probabilities.shape[1]), method="L-BFGS-B").x
    return [float(one) for one in found[1:]]


def _fit_temperature(probabilities: Probabilities, photographs: Photographs, bias: list[float]) -> float:
    return best_temperature(lambda temperature: _loss(soften(probabilities, temperature, bias), photographs))


def _loss(probabilities: Probabilities, photographs: Photographs, weights: Floats | None = None) -> float:
    """Take the mean negative log-likelihood, in nats, of any class that is right."""
    allowed = np.maximum((probabilities * photographs.right).sum(axis=1), np.finfo(np.float32).tiny)
    return float(-np.average(np.log(allowed), weights=weights))


def _measure(twin: Path, photographs: Photographs, score: OutlierScore, assessment: dict[str, Any]) -> dict[str, Any]:
    pixels, probabilities, features = _ask(twin, photographs)
    calibrated = soften(probabilities, assessment["temperature"], assessment["bias"])
    garment = photographs.right.any(axis=1)
    confidence, familiar = calibrated.max(axis=1), score(pixels, features) <= assessment["threshold"]
    right = calibrated.argmax(axis=1) == _labels(calibrated, photographs.right)
    strange_pixels, _, strange_features = _ask(twin, without_clothing(photographs, seed=_OTHER_DRAWINGS))
    without = score(strange_pixels, strange_features) > assessment["threshold"]
    answered = familiar & (confidence >= assessment["decision"]["min_confidence"])
    return {
        **on_photographs.measure(calibrated[garment], photographs.right[garment], calibrated[~garment]),
        "ece": on_photographs.calibration_error(confidence[garment], right[garment]),
        "answered": float(answered[garment].mean()),
        "right_if_answered": float(right[answered & garment].mean()) if (answered & garment).any() else None,
        "others_answered": float(answered[~garment].mean()),
        "called_unlike": float((~familiar[garment]).mean()),
        "others_called_unlike": float((~familiar[~garment]).mean()),
        "without_clothing_called_unlike": float(without.mean()),
    }


def _add_golden_scores(extra: Path, score: OutlierScore) -> None:
    with np.load(extra / "golden.npz") as content:
        golden = dict(content)
    pixels = scale(golden["images"])
    golden["photo_scores"] = score(pixels, run_litert(extra / "model.tflite", pixels)[1])
    np.savez(extra / "golden.npz", **golden)
