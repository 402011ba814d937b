"""What was measured of trained networks beyond their accuracy, summed up over seeds."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from training.evaluation.statistics import estimate
from training.experiments.runs import Probes, Run
from training.report.comparisons import BLUR, TOLERANCE, Measured
from training.report.rows import lost_at


def summary(runs: Sequence[Run]) -> dict[str, Any] | None:
    """Sum up ``Run.examined``; None where no run has it.

    Returns:
        ``seeds``; estimates of the accuracy lost: ``lost`` for ``whole`` and ``shrunk`` garments by distance,
        ``strip`` without the pixels that CNN A does not see; ``shrunk``, the accuracy on shrunk garments in the
        middle; ``pruned``, the accuracy by share of weights set to 0.

    """
    found = [run for run in runs if run.examined]
    if not found:
        return None

    def over_seeds(measure: Callable[[dict[str, Any]], float]) -> dict[str, Any]:
        return asdict(estimate([measure(run.examined or {}) for run in found]))

    first = found[0].examined or {}
    return {
        "seeds": len(found),
        "lost": {
            size: {
                distance: over_seeds(lambda e, s=size, d=distance: e["moved"][s]["0"] - e["moved"][s][d])  # type: ignore[misc]
                for distance in places
                if distance != "0"
            }
            for size, places in first["moved"].items()
        },
        "shrunk": over_seeds(lambda e: float(e["moved"]["shrunk"]["0"])),
        "strip": asdict(estimate([run.test["accuracy"] - (run.examined or {})["strip_blacked"] for run in found])),
        "pruned": {
            share: over_seeds(lambda e, s=share: e["pruned"][s])  # type: ignore[misc]
            for share in first["pruned"]
        },
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
