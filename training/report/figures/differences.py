"""The paired differences in test accuracy that decide claims, beside what counts as equivalent."""

from typing import Any

from matplotlib.figure import Figure

from training.report.figures.pictures import Pictures
from training.report.figures.style import INK, by_name, new
from training.report.rules import EQUIVALENCE, MARGIN

TITLE = "Paired differences in test accuracy"
CAPTION = (
    "Each row is a pair of experiments that share their seeds: the mean difference in points, with the 95 % "
    "confidence interval over seeds, and thinner the one that carries the choice of the test images, too. The "
    "band is half a point to either side: an interval that lies inside it leaves no room for a larger difference. "
    "Right of 0 the first is better. Filled rows decide a claim; hollow ones are shown beside them."
)

_BESIDE = {("cnn_b", "cnn_a"), ("cnn_b_visible", "cnn_b"), ("cnn_a_whole", "cnn_a"), ("cnn_three", "cnn_a")}


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:  # noqa: ARG001
    """Draw it where there is a tested primary comparison."""
    asked = {(a, b) for a, b, _ in EQUIVALENCE} | _BESIDE
    shown = [
        c
        for c in report["comparisons"]
        if c["metric"] == "test_accuracy"
        and c["ci95"] is not None
        and (c["family"] == "primary" or (c["a"], c["b"]) in asked)
    ]
    if not shown:
        return None
    titles = by_name(report)
    figure = new(10, 0.42 * len(shown) + 1.2)
    axis = figure.subplots()
    axis.axvspan(-MARGIN * 100, MARGIN * 100, color="#0072b2", alpha=0.15, linewidth=0)
    axis.axvline(0, color="0.5", linewidth=1)
    for row, c in enumerate(shown):
        low, high = (bound * 100 for bound in c["ci95"])
        if c["combined_ci95"] is not None:
            axis.plot([bound * 100 for bound in c["combined_ci95"]], (row, row), color=INK, linewidth=1)
        filled = "full" if c["family"] == "primary" else "none"
        axis.plot((low, high), (row, row), color=INK, linewidth=3)
        axis.plot(c["difference"] * 100, row, "o", color=INK, markersize=8, fillstyle=filled, markeredgecolor=INK)
    labels = [f"{titles[c['a']]['title']} − {titles[c['b']]['title']}" for c in shown]
    axis.set_yticks(range(len(shown)), labels)
    axis.set(xlabel="Points of test accuracy", ylim=(len(shown) - 0.5, -0.5))
    axis.tick_params(axis="y", length=0)
    axis.grid(alpha=0.25, axis="x")
    return figure
