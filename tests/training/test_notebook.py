"""The notebook runs from top to bottom, and is saved with the outputs of a run."""

import ast
import copy
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT
from training.data.fashion_mnist import FashionMNIST

NOTEBOOK = ROOT / "training" / "convolutional_experiments.ipynb"


@pytest.fixture(scope="module")
def saved() -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def test_it_is_saved_with_its_outputs(saved: nbformat.NotebookNode) -> None:
    cells = [cell for cell in saved.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run it from top to bottom"
    pictures = [o for cell in cells for o in cell.outputs if "image/png" in o.get("data", {})]
    assert len(pictures) >= 10
    assert not [o for cell in cells for o in cell.outputs if o.output_type == "error"]


def test_no_logic_lives_in_it(saved: nbformat.NotebookNode) -> None:
    for cell in saved.cells:
        assert not re.search(r"^\s*(def|class|while)\b", cell.source if cell.cell_type == "code" else "", re.MULTILINE)


def test_what_it_uses_exists(saved: nbformat.NotebookNode) -> None:
    """Seconds, where the run below takes minutes: its imports, and what it takes from the modules."""
    source = "\n".join(cell.source for cell in saved.cells if cell.cell_type == "code")
    tree = ast.parse(re.sub(r"^%.*$", "", source, flags=re.MULTILINE))
    imported: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            exec(compile(ast.Module([node], []), "notebook", "exec"), imported)  # noqa: S102 (our own)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = imported.get(node.value.id)
            assert not isinstance(module, ModuleType) or hasattr(module, node.attr), f"{node.value.id}.{node.attr}"


@pytest.mark.slow
def test_it_runs_from_top_to_bottom(
    dataset: FashionMNIST,  # noqa: ARG001 (skips where the data would have to be downloaded)
    saved: nbformat.NotebookNode,
    tmp_path: Path,
) -> None:
    """On the small budget, in a kernel started where Jupyter starts one."""
    notebook = copy.deepcopy(saved)
    client = NotebookClient(notebook, timeout=None, resources={"metadata": {"path": str(NOTEBOOK.parent)}})
    client.execute(env=os.environ | {"NOTEBOOK_EPOCHS": "1", "NOTEBOOK_SEEDS": "1", "TMPDIR": str(tmp_path)})
    texts = [o.get("text", "") for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    assert any("answer: " in text and "label: Ankle boot" in text for text in texts)
