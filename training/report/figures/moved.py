"""What moving costs when nothing is cut off, and when it is; with and without moved copies in training."""

from typing import Any

from matplotlib.figure import Figure

from training.evaluation.examination import DISTANCES
from training.report.figures.pictures import Pictures
from training.report.figures.style import by_name, half_width, line, new

TITLE = "What moving costs, cut and uncut"
CAPTION = (
    "Points of accuracy lost when 1,000 test pictures are moved, on average over all places at a distance, with the "
    "95 % confidence interval over seeds. Left, whole pictures: nearly all garments touch the edges, so moving cuts "
    "something off. Right, garments shrunk to 20 pixels: nothing is cut off, what is lost is lost to the place alone. "
    "Hollow: networks that saw moved copies in training."
)

_SHOWN = (("baseline", "baseline"), ("cnn_a", "cnn_a"), ("baseline_shifted", "baseline"), ("cnn_a_shifted", "cnn_a"))


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:  # noqa: ARG001
    """Draw it for the dense network and CNN A, as far as their networks were examined."""
    rows = by_name(report)
    shown = [(rows[name], of) for name, of in _SHOWN if name in rows and rows[name]["examined"]]
    if not shown:
        return None
    figure = new(10, 4)
    axes = figure.subplots(1, 2, sharey=True)
    for axis, (size, title) in zip(
        axes, (("whole", "Whole pictures"), ("shrunk", "Shrunk: nothing is cut off")), strict=True
    ):
        for row, of in shown:
            lost = [row["examined"]["lost"][size][str(distance)] for distance in DISTANCES]
            hollow = {"fillstyle": "none"} if row["name"] != of else {}
            axis.errorbar(
                DISTANCES, [e["mean"] * 100 for e in lost], [half_width(e) for e in lost],
                **line(of), **hollow, capsize=3, label=row["title"],
            )  # fmt: skip
        axis.set(title=title, xlabel="Distance, pixels", xticks=DISTANCES)
        axis.grid(alpha=0.25)
    axes[0].set(ylabel="Points of accuracy lost", ylim=(0, None))
    axes[0].legend(loc="upper left")
    return figure
