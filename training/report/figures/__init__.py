"""The report's pictures: readable in grey, told apart without colour, the same bytes for the same numbers.

Each module draws one figure: ``draw(report, pictures)`` gives it, or None where the report lacks what it shows.
"""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from training.report.figures import (
    accuracy,
    calibration,
    confusion,
    controls,
    corruptions,
    data_ratio,
    differences,
    errors,
    feature_maps,
    kernels,
    learning_curves,
    moved,
    parameters,
    permuted,
    photographs,
    sight,
    translation,
    tuning,
)
from training.report.figures.pictures import Pictures
from training.report.figures.spanish import translate
from training.report.figures.style import save, styled

__all__ = ["Pictures", "draw_all", "write"]

_FIGURES = {
    "accuracy": accuracy,
    "differences": differences,
    "sight": sight,
    "permuted": permuted,
    "moved": moved,
    "parameters": parameters,
    "data_ratio": data_ratio,
    "controls": controls,
    "confusion": confusion,
    "kernels": kernels,
    "feature_maps": feature_maps,
    "translation": translation,
    "learning_curves": learning_curves,
    "corruptions": corruptions,
    "tuning": tuning,
    "photographs": photographs,
    "calibration": calibration,
    "errors": errors,
}


def draw_all(report: dict[str, Any], pictures: Pictures) -> tuple[dict[str, Figure], list[dict[str, str]]]:
    """Draw what can be drawn from a report.

    Returns:
        The figures by id, and for each its ``id``, ``file`` (relative to the bundle), ``title`` and ``caption``.

    """
    with styled():
        drawn = {name: module.draw(report, pictures) for name, module in _FIGURES.items()}
    figures = {name: figure for name, figure in drawn.items() if figure is not None}
    captions = [
        {
            "id": name,
            "file": f"figures/{name}.svg",
            "title": _FIGURES[name].TITLE,
            "caption": _FIGURES[name].CAPTION,
        }
        for name in figures
    ]
    return figures, captions


def write(figures: dict[str, Figure], folder: Path) -> None:
    """Save figures as SVG into a folder, and in Spanish into ``es`` inside it."""
    (folder / "es").mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        save(figure, folder / f"{name}.svg")
        translate(figure)
        save(figure, folder / "es" / f"{name}.svg")
