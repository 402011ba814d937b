"""How well a released model's outlier score tells drawn pictures that are no clothing from the test images."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import stats

from training.data import fashion_mnist, ood_pictures
from training.errors import TrainingError
from training.release.assessment import Floats, OutlierScore, run_litert

PICTURES = 1_000
"""Drawn of each kind."""

_SEED = 2026
"""Not 1, which the score was chosen with."""

_HEADER = ("Model", "Pictures", "AUROC", "Refused", "distance alone", "residual alone", "confidence alone")


def auroc(usual: Floats, strange: Floats) -> float:
    """Estimate how probably a strange picture has a higher score than a usual one; ties count half."""
    return float(stats.mannwhitneyu(strange, usual).statistic / (len(usual) * len(strange)))


def report(models: Path, *, data_folder: Path | None) -> Iterator[str]:
    """Yield the lines of a Markdown table over a bundle's models and ``outliers.GROUPS``.

    ``Refused`` is the share over the model's threshold; the row of the test images says how many of those are. The
    last columns are the AUROC of the score's two parts, and of one less the softmax's maximum.

    Raises:
        TrainingError: ``models`` is no bundle with assessments.

    """
    try:
        entries = json.loads((models / "bundle.json").read_text(encoding="utf-8"))["models"]
        assessed = {name: entry["assessment"] for name, entry in entries.items()}
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(
            f"{models} holds no bundle with assessments ({error}); make one: python -m training release"
        ) from error
    test = fashion_mnist.load(data_folder).test_images
    drawn = {
        group: np.concatenate([ood_pictures.draw(kind, count=PICTURES, seed=_SEED) for kind in kinds])
        for group, kinds in ood_pictures.GROUPS.items()
    }
    yield "| " + " | ".join(_HEADER) + " |"
    yield "| --- | --- |" + " ---: |" * 5
    for name, assessment in assessed.items():
        with np.load(models / assessment["outliers"]) as arrays:
            score = OutlierScore(**arrays)
        litert_model = models / entries[name]["litert"]
        usual = _scores(litert_model, score, test)
        yield _row(name, "test images", None, float((usual[0] > assessment["threshold"]).mean()), [])
        for group, pictures in drawn.items():
            strange = _scores(litert_model, score, pictures)
            found, *alone = (auroc(u, s) for u, s in zip(usual, strange, strict=True))
            yield _row(name, group, found, float((strange[0] > assessment["threshold"]).mean()), alone)


def _scores(
    litert_model: Path, score: OutlierScore, images: fashion_mnist.Images
) -> tuple[Floats, Floats, Floats, Floats]:
    """Score images: the score, its two parts, and one less the softmax's maximum."""
    pixels = fashion_mnist.scale(images)
    probabilities, features = run_litert(litert_model, pixels)
    alone = score.distance(features), score.unexplained(pixels)
    return np.maximum(*alone), *alone, 1 - probabilities.max(axis=1).astype(np.float64)


def _row(model: str, pictures: str, found: float | None, refused: float, alone: list[float]) -> str:
    cells = ["" if found is None else f"{found:.3f}", f"{refused:.1%}", *(f"{one:.3f}" for one in alone)]
    return "| " + " | ".join([model, pictures, *cells, *[""] * (5 - len(cells))]) + " |"
