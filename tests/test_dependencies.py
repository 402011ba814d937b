"""Whatever is imported is declared in ``pyproject.toml``: what another package brings may go when that is upgraded."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

FOLDERS = ("service", "training", "deploy", "benchmarks", "docs", "tests")
# Scripts that run where their own packages are installed, and nothing else.
ELSEWHERE = ("benchmarks/others/servers", "tests/contract/servers", "tests/scenarios/clients")
PACKAGES = packages_distributions()
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def names(requirements: list[str]) -> set[str]:
    """Their packages' names, written in one way (the packaging guide's "name normalization")."""
    return {re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", one, maxsplit=1)[0]).lower() for one in requirements}


def declared(folder: str) -> set[str]:
    """What a folder may import: the service what serving installs and its extras, all others the groups, too."""
    project = PROJECT["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    if folder != "service":
        lists += PROJECT["dependency-groups"].values()
    return names([requirement for requirements in lists for requirement in requirements])


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_imported_is_declared(folder: str) -> None:
    known, missing = declared(folder), set()
    for file in (ROOT / folder).rglob("*.py"):
        path = file.relative_to(ROOT).as_posix()
        if path.startswith(ELSEWHERE):
            continue
        for module in imports(file):
            top = module.partition(".")[0]
            if top in sys.stdlib_module_names or top in FOLDERS:
                continue
            if not names([top, *PACKAGES.get(top, [])]) & known:
                missing.add(f"{path}: {top}")
    assert sorted(missing) == [], "declare these with uv add"
