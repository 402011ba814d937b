"""Accuracy against the number of parameters, of networks built smaller and of weights set to 0."""

from typing import Any

from matplotlib.figure import Figure

from training.report.figures.pictures import Pictures
from training.report.figures.style import by_name, half_width, line, new

TITLE = "Test accuracy by number of parameters"
CAPTION = (
    "Left: networks of several sizes, mean over seeds with the 95 % confidence interval; the axis below is "
    "logarithmic. Right: the workshop's networks with their smallest weights set to 0 after training. A network that "
    "stays right with few weights had few that counted."
)

_BASELINE = ("dense_16", "dense_32", "dense_64", "baseline", "dense_matched", "dense_512")
_CNN_A = ("cnn_quarter", "cnn_half", "cnn_a")


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:  # noqa: ARG001
    """Draw it where there is more than one size of a kind."""
    rows = by_name(report)
    kinds = {of: [rows[n] for n in names if n in rows] for of, names in (("baseline", _BASELINE), ("cnn_a", _CNN_A))}
    if any(len(of_kind) < 2 for of_kind in kinds.values()):
        return None
    figure = new(10, 4)
    sizes, pruned = figure.subplots(1, 2)
    for of, of_kind in kinds.items():
        accuracy = [row["test_accuracy"] for row in of_kind]
        sizes.errorbar(
            [row["parameters"] for row in of_kind], [a["mean"] * 100 for a in accuracy],
            [half_width(a) for a in accuracy], **line(of), capsize=3, label=rows[of]["title"],
        )  # fmt: skip
        examined = rows[of]["examined"]
        if examined:
            kept = [0.0, *(float(share) * 100 for share in examined["pruned"])]
            after = [rows[of]["test_accuracy"], *examined["pruned"].values()]
            pruned.errorbar(
                kept, [a["mean"] * 100 for a in after], [half_width(a) for a in after], **line(of), capsize=3
            )
    sizes.set(xscale="log", xlabel="Parameters", ylabel="Test accuracy, %")
    sizes.legend(loc="best")
    pruned.set(xlabel="Weights set to 0, %", ylabel="Test accuracy, %")
    for axis in (sizes, pruned):
        axis.grid(alpha=0.25)
    return figure
