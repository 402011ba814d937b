"""The notebook's Spanish twin: the same code, and no prose that is missing or that the English has outgrown."""

import copy
import json
import re
from typing import Any

import nbformat
import pytest

from training.errors import TrainingError
from training.notebook import ENGLISH, PROSE, SPANISH, spanish_twin


@pytest.fixture(scope="module")
def notebook() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(ENGLISH.read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def prose() -> str:
    return PROSE.read_text(encoding="utf-8")


def sources(notebook: dict[str, Any], kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def code(prose: str) -> list[str]:
    """The lines of code in a cell of prose, without their comments, which are translated."""
    blocks = re.findall(r"```python\n(.*?)```", prose, re.DOTALL)
    return [line.partition("  # ")[0] for block in blocks for line in block.splitlines()]


def test_the_committed_twin_is_the_notebook_in_spanish(notebook: dict[str, Any], prose: str) -> None:
    twin = json.loads(SPANISH.read_text(encoding="utf-8"))
    assert twin == spanish_twin(notebook, prose), "write it anew: uv run python -m training notebook"
    nbformat.validate(twin)
    assert sources(twin, "code") == sources(notebook, "code")


def test_prose_has_the_same_code_and_headings(notebook: dict[str, Any], prose: str) -> None:
    twin = spanish_twin(notebook, prose)
    for english, spanish in zip(sources(notebook, "markdown"), sources(twin, "markdown"), strict=True):
        assert english != spanish
        assert re.findall(r"^#+ ", english, re.MULTILINE) == re.findall(r"^#+ ", spanish, re.MULTILINE)
        assert english.count("<details>") == spanish.count("<details>")
        assert code(english) == code(spanish)


def test_a_cell_that_changed_or_is_new_or_gone_is_named(notebook: dict[str, Any], prose: str) -> None:
    changed = copy.deepcopy(notebook)
    first = next(cell for cell in changed["cells"] if cell["cell_type"] == "markdown")
    first["source"] = ["Something else"]
    changed["cells"].append({"id": "new-00", "cell_type": "markdown", "metadata": {}, "source": ["New"]})
    with pytest.raises(TrainingError, match=rf"<!-- {first['id']} [0-9a-f]{{8}} -->, <!-- new-00 [0-9a-f]{{8}} -->$"):
        spanish_twin(changed, prose)
    with pytest.raises(TrainingError, match=r"take them out: old-00$"):
        spanish_twin(notebook, prose + "\n<!-- old-00 00000000 -->\nAlgo\n")
