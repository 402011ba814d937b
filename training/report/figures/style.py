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

from training.errors import TrainingError

INK, _PAPER = "#010203", "#fdfcfb"
"""Stand for the reader's text and background until a figure is saved."""

# Okabe and Ito's colours, safe for colour-blind readers; markers and dashes tell the lines apart in grey. A network has
# the same colour in every figure.
LINES: tuple[dict[str, Any], ...] = (
    {"color": "#d55e00", "marker": "o", "linestyle": "-"},
    {"color": "#0072b2", "marker": "s", "linestyle": "--"},
    {"color": "#009e73", "marker": "^", "linestyle": ":"},
    {"color": "#cc79a7", "marker": "D", "linestyle": "-."},
    {"color": "#e69f00", "marker": "v", "linestyle": (0, (5, 1, 1, 1, 1, 1))},
    {"color": "#777777", "marker": "P", "linestyle": (0, (1, 1))},
)
_LINE_OF = {"baseline": 0, "cnn_a": 1, "cnn_b": 2, "cnn_a_tuned": 3, "cnn_a_photos": 4}

_THEME = {
    INK: ("--fg", "#1b1f24", "#e6edf3"),
    _PAPER: ("--bg", "#ffffff", "#10151b"),
    "#d55e00": ("--baseline", "#d55e00", "#ff8a3d"),
    "#0072b2": ("--cnn-a", "#0072b2", "#56b4e9"),
    "#009e73": ("--cnn-b", "#009e73", "#2fd0a0"),
    "#cc79a7": ("--cnn-a-tuned", "#a8487f", "#e39ac2"),
    "#e69f00": ("--cnn-a-photos", "#a06c00", "#f0b429"),
}
"""By colour as it is drawn: the variable that replaces it, its value on light and on dark."""

_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "figures",
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor"), INK),
    **dict.fromkeys(("xtick.color", "ytick.color"), INK),
    "figure.facecolor": _PAPER,
    "axes.facecolor": "none",
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
    """Save as SVG in the reader's theme, so that the file changes only with the numbers.

    What the layout's solver leaves to chance is the last digits of coordinates, which a reader cannot see: they are
    rounded, and the clip paths, which are named by a hash of them, are counted.

    Raises:
        TrainingError: matplotlib writes colours or definitions in another way, so that the theme finds no place.

    """
    content = StringIO()
    with styled():
        figure.savefig(content, format="svg", metadata={"Date": None}, facecolor=_PAPER)
    names: dict[str, str] = {}
    text = re.sub(r"\bp[0-9a-f]{10}\b", lambda found: names.setdefault(found[0], f"p{len(names)}"), content.getvalue())
    text = re.sub(r"\d+\.\d{4,}", lambda found: f"{float(found[0]):.3f}", text)
    missing = [part for part in (_PAPER, "<defs>") if part not in text]
    if missing:
        raise TrainingError(
            f"matplotlib {mpl.__version__} wrote {path.name} without {' and '.join(missing)}, so that it cannot follow "
            "the reader's theme; install the version that uv.lock names, or change training/report/figures/style.py"
        )
    for drawn, (variable, light, _) in _THEME.items():
        text = text.replace(drawn, f"var({variable}, {light})")
    dark = "".join(f"{variable}:{value};" for variable, _, value in _THEME.values())
    style = f"<style>@media (prefers-color-scheme: dark){{:root{{{dark}}}}}</style>\n <defs>"
    path.write_text(text.replace("<defs>", style, 1), encoding="utf-8")


def line(name: str) -> dict[str, Any]:
    """How a network's line looks, in every figure alike."""
    return LINES[_LINE_OF.get(name, len(LINES) - 1)]


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
    """The experiments that are served."""
    return [e for e in report["experiments"] if e["served"]]


def by_name(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The experiments by name."""
    return {e["name"]: e for e in report["experiments"]}
