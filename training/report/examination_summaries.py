"""What was measured of trained networks beyond their accuracy: by seed, and summed up over seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from training.evaluation.statistics import estimate
from training.experiments.runs import Probes, Run
from training.report.comparisons import BLUR, TOLERANCE, Measured
from training.report.experiment_rows import lost_at


def summary(runs: Sequence[Run]) -> dict[str, Any] | None:
    """Sum up ``Run.examined``; None where no run has it.

    Returns:
        ``seeds``; estimates of the accuracy lost: ``lost`` for ``whole`` and ``shrunk`` garments by distance,
        ``strip`` without the pixels that CNN A does not see; ``shrunk``, the accuracy on shrunk garments in the
        middle; ``pruned``, the accuracy by share of weights set to 0.

    """
    found = [(run.examined, run.test["accuracy"]) for run in runs if run.examined]
    if not found:
        return None
    first, _ = found[0]
    return {
        "seeds": len(found),
        "lost": {
            size: {
                distance: _over_seeds(e["moved"][size]["0"] - e["moved"][size][distance] for e, _ in found)
                for distance in places
                if distance != "0"
            }
            for size, places in first["moved"].items()
        },
        "shrunk": _over_seeds(e["moved"]["shrunk"]["0"] for e, _ in found),
        "strip": _over_seeds(accuracy - e["strip_blacked"] for e, accuracy in found),
        "pruned": {share: _over_seeds(e["pruned"][share] for e, _ in found) for share in first["pruned"]},
    }


def measured(finished: dict[str, list[Run]], probes: dict[str, list[Probes]]) -> Measured:
    """Collect by seed what moving by two pixels and blur cost, from probes and examinations alike."""
    found: Measured = {TOLERANCE: {}, BLUR: {}}
    for name, of_one in probes.items():
        for probe in of_one:
            blurred = probe.corruptions["clean"] - np.mean(probe.corruptions["accuracy"]["blur"])
            found[TOLERANCE].setdefault(name, {})[probe.seed] = lost_at(probe, 2)
            found[BLUR].setdefault(name, {})[probe.seed] = float(blurred)
    for name, runs in finished.items():
        for run in runs:
            if run.examined:
                whole, blur = run.examined["moved"]["whole"], run.examined["blurred"]
                found[TOLERANCE].setdefault(name, {})[run.seed] = whole["0"] - whole["2"]
                found[BLUR].setdefault(name, {})[run.seed] = float(blur["clean"] - np.mean(blur["accuracy"]))
    return found


def _over_seeds(values: Iterable[float]) -> dict[str, Any]:
    return asdict(estimate(list(values)))
