"""The notebook's Spanish twin: the same code, with the prose of ``training/messages/notebook.es.md``.

That file has a part for each cell of prose. Before it stands ``<!-- CELL DIGEST -->``: the cell's id, and the first
eight digits of its English's SHA-256, by which a cell is found whose English has changed since. The twin has no
outputs; whoever runs it gets them.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from training.errors import TrainingError

_FOLDER = Path(__file__).parent
ENGLISH = _FOLDER / "convolutional_experiments.ipynb"
SPANISH = _FOLDER / "convolutional_experiments.es.ipynb"
PROSE = _FOLDER / "messages" / "notebook.es.md"

_MARK = re.compile(r"^<!-- (\S+) ([0-9a-f]{8}) -->\n", re.MULTILINE)


def spanish_twin(notebook: dict[str, Any], prose: str) -> dict[str, Any]:
    """Give the notebook in Spanish.

    Args:
        notebook: the English one, as its JSON has it (nbformat 4.5: every cell has an id).
        prose: the content of ``notebook.es.md``.

    Raises:
        TrainingError: a cell has no Spanish, or was changed since, or Spanish has no cell; the message names them all.

    """
    parts = _MARK.split(prose)[1:]
    translated = {cell: (digest, text.strip()) for cell, digest, text in zip(*[iter(parts)] * 3, strict=True)}
    english = {c["id"]: "".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown"}
    stale = [
        f"<!-- {cell} {_digest(text)} -->"
        for cell, text in english.items()
        if cell not in translated or translated[cell][0] != _digest(text)
    ]
    if stale:
        raise TrainingError(f"{PROSE.name}: translate these cells anew, under these marks: {', '.join(stale)}")
    if gone := sorted(translated.keys() - english.keys()):
        raise TrainingError(f"{PROSE.name}: the notebook has no such cells any more; take them out: {', '.join(gone)}")
    return notebook | {"cells": [_in_spanish(cell, translated) for cell in notebook["cells"]]}


def write_spanish_twin() -> None:
    """Write the twin beside the notebook."""
    twin = spanish_twin(json.loads(ENGLISH.read_text(encoding="utf-8")), PROSE.read_text(encoding="utf-8"))
    SPANISH.write_text(json.dumps(twin, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _in_spanish(cell: dict[str, Any], translated: dict[str, tuple[str, str]]) -> dict[str, Any]:
    if cell["cell_type"] == "markdown":
        return cell | {"source": translated[cell["id"]][1].splitlines(keepends=True)}
    return cell | {"outputs": [], "execution_count": None, "metadata": {}}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
