"""The check that a model still gives the answers it was released with, on the golden samples of its bundle."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from service.arrays import Engine, scale
from service.models.assessment import Assessor

GOLDEN_TOLERANCE = 1e-4
"""How far a golden sample's probabilities may be off: other CPUs round differently, by about 1e-6."""

SCORE_TOLERANCE = 1e-2
"""How far a golden sample's outlier score may be off, in the standard deviations it counts in."""

INT8_TOLERANCES = (5e-2, 0.5)
"""Both for int8 weights: where another CPU rounds an activation to the next of its 256 steps, all after it differ."""

FEATURES = "features"
"""The output that an assessor scores."""

_REMEDY = "make a new bundle on this machine: python -m training release"


class GoldenMismatchError(Exception):
    """A model does not give the answers it was released with."""


def require_reproduced(
    path: Path,
    name: str,
    engine: Engine,
    assessor: Assessor | None,
    photo_assessor: Assessor | None,
    *,
    is_int8: bool,
) -> None:
    """Ask a model for the golden samples, and compare probabilities and outlier scores.

    Args:
        path: an .npz: ``images`` uint8 (N, 28, 28), ``probabilities`` float32 (N, classes), and, of a model with
            assessors, ``scores`` and ``photo_scores`` float32 (N,).
        name: the model's, for errors.
        engine: runs the model.
        assessor: scores its answers to images of the dataset's kind, if anything does.
        photo_assessor: scores its answers to photographs, if anything does.
        is_int8: whether its weights are, which are held to ``INT8_TOLERANCES``.

    Raises:
        GoldenMismatchError: they differ by more than is allowed.

    """
    tolerance, score_tolerance = INT8_TOLERANCES if is_int8 else (GOLDEN_TOLERANCE, SCORE_TOLERANCE)
    with np.load(path, allow_pickle=False) as golden:
        pixels = scale(golden["images"])[..., np.newaxis]
        _require_close(name, "probabilities", engine.predict(pixels), golden["probabilities"], tolerance)
        if assessor is None:
            return
        if FEATURES not in engine.outputs:
            raise GoldenMismatchError(f"{name} has an assessment but no output {FEATURES!r} to score; {_REMEDY}")
        features = engine.explain(pixels, FEATURES)[FEATURES]
        for assessing, expected in ((assessor, "scores"), (photo_assessor, "photo_scores")):
            if assessing is not None:
                scores = np.array(assessing.score(pixels, features))
                _require_close(name, "outlier scores", scores, golden[expected], score_tolerance)


def _require_close(name: str, what: str, found: npt.NDArray[Any], expected: npt.NDArray[Any], tolerance: float) -> None:
    difference = float(np.abs(found - expected).max())
    if not difference <= tolerance:
        raise GoldenMismatchError(
            f"{name} does not reproduce its golden samples: {what} differ by {difference:.2g}, "
            f"{tolerance:g} is allowed; {_REMEDY}"
        )
