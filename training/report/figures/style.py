"""How all figures look, and how they are saved."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's colours, safe for colour-blind readers; markers and dashes tell the lines apart in grey.
LINES: tuple[dict[str, Any], ...] = (
    {"color": "#D55E00", "marker": "o", "linestyle": "-"},
    {"color": "#0072B2", "marker": "s", "linestyle": "--"},
    {"color": "#009E73", "marker": "^", "linestyle": ":"},
    {"color": "#CC79A7", "marker": "D", "linestyle": "-."},
)

_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "figures",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "legend.frameon": False,
    "image.interpolation": "nearest",
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw inside this in the report's style, whatever the reader's own settings are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def save(figure: Figure, path: Path) -> None:
    """Save as SVG on white, so that the file changes only with the numbers.

    What the layout's solver leaves to chance is the last digits of coordinates, which a reader cannot see: they are
    rounded, and the clip paths, which are named by a hash of them, are counted.
    """
    content = StringIO()
    with styled():
        figure.savefig(content, format="svg", metadata={"Date": None}, facecolor="white")
    names: dict[str, str] = {}
    text = re.sub(r"\bp[0-9a-f]{10}\b", lambda found: names.setdefault(found[0], f"p{len(names)}"), content.getvalue())
    text = re.sub(r"\d+\.\d{4,}", lambda found: f"{float(found[0]):.3f}", text)
    path.write_text(text, encoding="utf-8")


def new(width: float, height: float) -> Figure:
    """Begin a figure of a size in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def picture(axis: Axes, image: npt.ArrayLike, *, black: float = 0, white: float = 255) -> None:
    """Show an image in grey, without ticks or frame; which values are black and white may be told."""
    axis.imshow(image, cmap="gray", vmin=black, vmax=white)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def half_width(estimate: dict[str, Any]) -> float:
    """Half of an estimate's interval, in percent; 0 where it has none."""
    return 0.0 if estimate["ci95"] is None else float(estimate["ci95"][1] - estimate["mean"]) * 100


def served(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The experiments that are served, as many as there are line styles."""
    return [e for e in report["experiments"] if e["served"]][: len(LINES)]


def by_name(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The experiments by name."""
    return {e["name"]: e for e in report["experiments"]}
