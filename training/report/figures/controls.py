"""The test accuracy of every network that was trained on all images, side by side."""

from typing import Any

from matplotlib.figure import Figure

from training.report.figures.pictures import Pictures
from training.report.figures.style import LINES, by_name, half_width, new

TITLE = "Test accuracy of every experiment on all training images"
CAPTION = (
    "A marker is the mean over seeds, the line its 95 % confidence interval; small dots are single networks. The "
    "dashed line is the dense baseline: see which changes move an experiment back to it, and which leave it where "
    "CNN A is."
)


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:  # noqa: ARG001
    """Draw it where there is more than one group."""
    experiments = [e for e in report["experiments"] if e["train_size"] is None]
    groups = list(dict.fromkeys(e["group"] for e in experiments))
    if len(groups) < 2:
        return None
    figure = new(10, 0.38 * (len(experiments) + len(groups)) + 0.9)
    axis = figure.subplots()
    labels: list[tuple[float, str]] = []
    position = 0.0
    for group, style in zip(groups, LINES * len(groups), strict=False):
        axis.text(-0.01, position, group, transform=axis.get_yaxis_transform(), ha="right", va="center", weight="bold")
        position += 1
        for experiment in (e for e in experiments if e["group"] == group):
            test = experiment["test_accuracy"]
            single = [run["test_accuracy"] * 100 for run in experiment["runs"]]
            axis.plot(single, [position] * len(single), ".", color="0.6", markersize=5)
            axis.errorbar(
                test["mean"] * 100, position, xerr=half_width(test), color=style["color"], marker=style["marker"],
                capsize=4, markersize=7,
            )  # fmt: skip
            labels.append((position, experiment["title"]))
            position += 1
        position += 0.3
    baseline = by_name(report).get("baseline")
    if baseline is not None:
        axis.axvline(baseline["test_accuracy"]["mean"] * 100, color="0.5", linestyle="--", linewidth=1)
    axis.set_yticks([p for p, _ in labels], [title for _, title in labels])
    axis.set(xlabel="Test accuracy, %", ylim=(position, -0.7))
    axis.tick_params(axis="y", length=0)
    axis.grid(alpha=0.25, axis="x")
    return figure
