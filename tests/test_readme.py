"""The README's console examples are real: each command is run against a started server, its output compared.

``python -m tests.test_readme URL`` writes the outputs of the server at URL into the README.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.conftest import MODELS, ROOT
from training.report.markdown import replace_results

README = ROOT / "README.md"
SERVER = "http://127.0.0.1:8080"

_BLOCK = re.compile(r"(?<=```console\n).*?(?=```\n)", re.DOTALL)
# A command: from "$ " over the lines it continues on (after a pipe or backslash). Its output: up to the next one.
_EXAMPLE = re.compile(r"\$ (?P<command>(?:.*[|\\]\n)*.*)\n(?P<output>(?:(?!\$ ).*\n)*)")
_NUMBER = re.compile(r"\d+\.\d+(e-?\d+)?|\d+e-\d+")


def examples() -> list[tuple[str, str]]:
    """Every command of the README with the output it shows."""
    return [
        (found["command"], found["output"].strip())
        for block in _BLOCK.findall(README.read_text(encoding="utf-8"))
        for found in _EXAMPLE.finditer(block)
    ]


def run(command: str, url: str) -> str:
    """Run a command in a shell, against the server at a URL."""
    command = command.replace(SERVER, url)
    ended = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    return ended.stdout.strip()


def rounded(text: str) -> str:
    """Round every number to three decimals: CPUs differ after the sixth."""
    return _NUMBER.sub(lambda found: f"{float(found[0]):.3f}", text)


@pytest.mark.parametrize(("command", "output"), examples())
def test_examples_print_what_the_readme_shows(url: str, command: str, output: str) -> None:
    assert rounded(run(command, url)) == rounded(output)


def test_there_are_examples_of_every_route() -> None:
    commands = " ".join(command for command, _ in examples())
    for path in ("/predict", "/compare", "/invocations"):
        assert path in commands


def test_nothing_is_left_to_fill_in() -> None:
    assert "@@" not in README.read_text(encoding="utf-8")


def test_results_are_the_released_ones() -> None:
    report = json.loads((MODELS / "experiments.json").read_text(encoding="utf-8"))
    readme = README.read_text(encoding="utf-8")
    assert replace_results(readme, report) == readme, "run: python -m training report"


def _update(url: str) -> None:
    shown: Callable[[re.Match[str]], str] = lambda e: f"$ {e['command']}\n{run(e['command'], url)}\n\n"  # noqa: E731
    block: Callable[[re.Match[str]], str] = lambda b: _EXAMPLE.sub(shown, b[0]).rstrip("\n") + "\n"  # noqa: E731
    README.write_text(_BLOCK.sub(block, README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    _update(sys.argv[1])
