"""The mistakes a network is surest of."""

from typing import Any

from matplotlib.figure import Figure

from training.data.fashion_mnist import CLASS_NAMES
from training.report.figures.pictures import Pictures
from training.report.figures.style import by_name, new, picture
from training.sentences import say

TITLE = "The most confident errors of CNN A"
CAPTION = (
    "Test pictures that the served CNN A gets wrong with the highest confidence: first its answer and how sure it is, "
    "then the label in the dataset. Judge for yourself which of the two is right."
)

_NETWORK = "cnn_a"


def draw(report: dict[str, Any], pictures: Pictures) -> Figure | None:
    """Draw it where CNN A was probed and is ever wrong."""
    experiment = by_name(report).get(_NETWORK)
    errors = experiment["probes"]["confident_errors"] if experiment and experiment["probes"] else []
    if not errors:
        return None
    figure = new(10, 4.6)
    axes = list(figure.subplots(2, 6).flat)
    for axis in axes:
        axis.set_visible(False)
    for axis, error in zip(axes, errors, strict=False):
        axis.set_visible(True)
        picture(axis, pictures.test_images[error["image"]])
        axis.set_title(
            say(
                "{label} {confidence:.1f} %",
                label=CLASS_NAMES[error["predicted"]],
                confidence=error["confidence"] * 100,
            ),
            fontsize=10,
        )
        axis.set_xlabel(say("labelled {label}", label=CLASS_NAMES[error["label"]]), fontsize=9)
    return figure
