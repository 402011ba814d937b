"""How often the served networks are right about photographs, by how many they answer."""

from typing import Any

from matplotlib.figure import Figure

from training.report.figures.pictures import Pictures
from training.report.figures.style import line, new, served

TITLE = "Photographs: how often right, by how many are answered"
CAPTION = (
    "Each network answers the photographs that it is surest of, from a tenth of them on the left to all on the right. "
    "A network that knows when it is right stands high on the left and falls to the right: refusing what it is "
    "unsure of pays. One whose line is flat does not know. The photographs are by people of whom no network has seen "
    "a picture."
)


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:  # noqa: ARG001
    """Draw it where photographs were measured."""
    found = report["photographs"]
    if not found or not found["served"]:
        return None
    figure = new(10, 4.2)
    axis = figure.subplots()
    for experiment in served(report):
        coverage = found["served"][experiment["name"]]["report"]["coverage"]
        share, right = ([value * 100 for value in values] for values in zip(*coverage, strict=True))
        axis.plot(share, right, **line(experiment["name"]), label=experiment["title"])
    axis.axhline(10, color="0.5", linestyle="--", linewidth=1)
    axis.text(100, 11, "guessing", ha="right", color="0.5")
    axis.set(xlabel="Photographs answered, the surest first, %", ylabel="Right among those, %", ylim=(0, 103))
    axis.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    axis.grid(alpha=0.25)
    return figure
