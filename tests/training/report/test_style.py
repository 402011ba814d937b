"""A saved figure follows the reader's theme, or is not saved."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from training.errors import TrainingError
from training.report.figures import style


def drawn() -> Figure:
    """A line of each network that has a colour of its own, and words."""
    with style.styled():
        figure = style.new(4, 3)
        axis = figure.subplots()
        for name in ("baseline", "cnn_a", "cnn_b", "cnn_a_tuned", "cnn_a_photos"):
            axis.plot([0, 1], label=name, **style.line(name))
        axis.legend()
    return figure


def test_every_colour_follows_the_theme(tmp_path: Path) -> None:
    style.save(drawn(), tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    names = ("fg", "bg", "baseline", "cnn-a", "cnn-b", "cnn-a-tuned", "cnn-a-photos")
    (dark,) = (line for line in text.splitlines() if "prefers-color-scheme: dark" in line)
    assert text.index(dark) < text.index("<defs>")
    assert [name for name in names if f"--{name}:#" not in dark or f"var(--{name}, #" not in text] == []
    assert style.INK not in text


@pytest.mark.parametrize(("part", "other"), [("<defs>", "<g>"), ("#fdfcfb", "#FDFCFB"), ("#fdfcfb", "white")])
def test_a_figure_that_matplotlib_writes_otherwise_is_not_saved(
    part: str, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Figure.savefig

    def written_otherwise(figure: Figure, file: Any, **options: Any) -> None:
        save(figure, file, **options)
        text = file.getvalue().replace(part, other)
        file.seek(0)
        file.truncate()
        file.write(text)

    monkeypatch.setattr(Figure, "savefig", written_otherwise)
    with pytest.raises(TrainingError, match=f"without {part}, so that it cannot follow the reader's theme"):
        style.save(drawn(), tmp_path / "a.svg")
    assert not (tmp_path / "a.svg").exists()
