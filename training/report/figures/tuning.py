"""What tuning CNN A gained, and what it cost: by corruption."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.report.figures.pictures import Pictures
from training.report.figures.style import by_name, line, new

TITLE = "What tuning gained, and what it cost"
CAPTION = (
    "Accuracy of the tuned CNN A minus that of CNN A, in points, on pictures as they are and on corrupted ones, mean "
    "over seeds and severities. Right of 0 tuning helped. In training its pictures were mirrored at random and moved "
    "by up to a pixel; none was corrupted."
)


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:  # noqa: ARG001
    """Draw it where both were probed."""
    rows = by_name(report)
    pair = [rows[name]["probes"] for name in ("cnn_a_tuned", "cnn_a") if name in rows]
    if len(pair) < 2 or not all(pair):
        return None
    tuned, plain = (probes["corruptions"] for probes in pair)
    gains = {"As they are": (tuned["clean"]["mean"] - plain["clean"]["mean"]) * 100}
    gains |= {
        name.capitalize(): float(np.mean(tuned["accuracy"][name]) - np.mean(plain["accuracy"][name])) * 100
        for name in plain["accuracy"]
    }
    ordered = sorted(gains, key=lambda name: gains[name])
    figure = new(8, 0.36 * len(gains) + 1)
    axis = figure.subplots()
    axis.barh(range(len(gains)), [gains[name] for name in ordered], color=line("cnn_a_tuned")["color"], height=0.6)
    axis.axvline(0, color="0.5", linewidth=1)
    axis.set_yticks(range(len(gains)), ordered)
    axis.set(xlabel="Points of accuracy gained by tuning")
    axis.tick_params(axis="y", length=0)
    axis.grid(alpha=0.25, axis="x")
    return figure
