"""Whether confidence can be believed."""

from typing import Any

from matplotlib.figure import Figure

from training.report.figures.pictures import Pictures
from training.report.figures.style import LINES, new, served
from training.sentences import say

MIN_ANSWERS = 20
"""A bin with fewer answers is not drawn: its accuracy would be chance."""

TITLE = "Confidence and accuracy"
CAPTION = (
    "Test answers are sorted into 15 bins by the probability the network gave its answer. On the diagonal, answers "
    "given with 80 % are right in 80 % of the cases; below it the network is too sure of itself. Bins with fewer than "
    f"{MIN_ANSWERS} answers are left out. ECE, the expected "
    "calibration error, is the mean distance from the diagonal. The temperature is one number by which the scores "
    "before the softmax are divided; it is fitted on the validation images and changes no answer."
)


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:  # noqa: ARG001
    """Draw it for the served experiments that were probed."""
    probed = [e for e in served(report) if e["probes"]]
    if not probed:
        return None
    figure = new(3.7 * len(probed) if len(probed) > 1 else 5, 4.4)
    for axis, experiment in zip(figure.subplots(1, len(probed), squeeze=False)[0], probed, strict=True):
        calibration = experiment["probes"]["calibration"]
        axis.plot((0, 100), (0, 100), color="0.5", linewidth=1)
        words = {"before": "as trained", "after": say("temperature {t:.2f}", t=calibration["temperature"]["mean"])}
        for (when, label), style in zip(words.items(), LINES, strict=False):
            bins = [b for b in calibration[when]["bins"] if b["images"] >= MIN_ANSWERS]
            axis.plot(
                [b["confidence"] * 100 for b in bins], [b["accuracy"] * 100 for b in bins],
                **style, markersize=5,
                label=say("{when}: ECE {ece:.1f}", when=label, ece=calibration[when]["ece"]["mean"] * 100),
            )  # fmt: skip
        axis.set(title=experiment["title"], xlabel="Confidence, %", xlim=(0, 100), ylim=(0, 100), aspect="equal")
        axis.legend(loc="upper left", fontsize=9)
        axis.grid(alpha=0.25)
    figure.axes[0].set_ylabel("Accuracy, %")
    return figure
