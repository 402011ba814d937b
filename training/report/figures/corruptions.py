"""How accuracy falls as pictures are spoiled."""

from typing import Any

from matplotlib.figure import Figure

from training.data.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from training.report.figures.pictures import Pictures
from training.report.figures.style import line, new, picture, served

TITLE = "Accuracy on corrupted test pictures"
CAPTION = (
    "On 2,000 test pictures (200 a class). No picture of the dataset was spoiled like this in training. Above each "
    "chart, one picture at severities 1, 3 and 5. The lines are means over seeds; 0 is the picture as it is. See "
    "which corruptions pull the lines apart, and where the order of the networks changes."
)

_EXAMPLES = (1, 3, 5)


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:
    """Draw it for the served experiments that were probed."""
    probed = [e for e in served(report) if e["probes"]]
    if not probed:
        return None
    figure = new(11, 11.5)
    sample = pictures.test_images[pictures.sample : pictures.sample + 1]
    panels: Any = figure.subfigures(3, 3)
    for panel, (name, corruption) in zip(panels.flat, CORRUPTIONS.items(), strict=True):
        panel.suptitle(name.capitalize(), fontsize=12)
        grid = panel.add_gridspec(2, len(_EXAMPLES), height_ratios=(1, 2.4))
        for column, severity in enumerate(_EXAMPLES):
            example = panel.add_subplot(grid[0, column])
            picture(example, corrupt(sample, name, severity)[0])
            example.set_xlabel(f"{corruption.parameters[severity - 1]:g}", fontsize=9, labelpad=1)
        chart = panel.add_subplot(grid[1, :])
        for experiment in probed:
            measured = experiment["probes"]["corruptions"]
            accuracy = [measured["clean"]["mean"], *measured["accuracy"][name]]
            chart.plot(
                (0, *SEVERITIES),
                [a * 100 for a in accuracy],
                **line(experiment["name"]),
                markersize=5,
                label=experiment["title"],
            )
        chart.set(ylim=(0, 100), xticks=(0, *SEVERITIES))
        chart.grid(alpha=0.25)
        if name == next(iter(CORRUPTIONS)):
            chart.legend(loc="lower left", fontsize=9)
            chart.set(xlabel="Severity", ylabel="Accuracy, %")
    return figure
