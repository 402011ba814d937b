"""The pages are true: their examples run against a started server, what they name exists, their tables are fresh.

A ``console`` block holds commands ("$ …") and what they print. A ``python`` or ``javascript`` block is a program; the
next ``text`` block of the page is what it prints. ``python -m tests.test_docs URL`` writes into the pages what the
server at URL answers.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from deploy.options import parse as parse_deploy
from docs import lesson
from docs.__main__ import renewed
from service import __version__
from service.settings import Settings, variable
from tests.conftest import MODELS, ROOT
from tests.contract.__main__ import _parser as contract_parser
from training.__main__ import _parser as training_parser
from training.report.markdown import replace_results

README = ROOT / "README.md"
PAGES = [README, ROOT / "README.es.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = [*PAGES, *(ROOT / name for name in ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
SERVER = "http://127.0.0.1:8080"

_PROGRAMS = {"python": [sys.executable, "-"], "javascript": ["node", "--input-type=module", "-"]}

_CONSOLE = re.compile(r"(?<=```console\n).*?(?=```\n)", re.DOTALL)
# A command: from "$ " over the lines it continues on (after a pipe or backslash). Its output: up to the next one.
_EXAMPLE = re.compile(r"\$ (?P<command>(?:.*[|\\]\n)*.*)\n(?P<output>(?:(?!\$ ).*\n)*)")
_PROGRAM = re.compile(r"```(?P<language>python|javascript)\n(?P<program>.*?)```\n", re.DOTALL)
_PRINTED = re.compile(r"(?<=```text\n).*?(?=```\n)", re.DOTALL)
_SHELL = re.compile(r"(?<=```sh\n).*?(?=```\n)", re.DOTALL)
_BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
# A command with arguments; one without is spoken of, not to be typed in.
_INLINE = re.compile(r"`((?:make|(?:uv run )?python -m (?:deploy|training)\s\w+)\s[^`]*)`")
_NUMBER = re.compile(r"\d+\.\d+(e-?\d+)?|\d+e-\d+")
_LINK = re.compile(r"(?<=\]\()(?!https?:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?(?=\))")
_MODULE = re.compile(r"python -m (?P<module>\w[\w.]*)(?P<arguments>(?: +[^\s`#|&…]+)*)")
_FILE = re.compile(r"`((?:service|training|tests|benchmarks|deploy|docker|docs|models)/[\w./-]+)`")
_VARIABLE = re.compile(r"\bSERVICE_[A-Z_]*[A-Z]\b")


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def examples() -> list[tuple[str, str, str]]:
    """Every page's commands with the output they show."""
    return [
        (page.name, found["command"], found["output"].strip())
        for page in PAGES
        for block in _CONSOLE.findall(text(page))
        for found in _EXAMPLE.finditer(block)
    ]


def programs() -> list[tuple[str, str, str, str]]:
    """Every page's programs: page, language, program, what it is said to print."""
    found = []
    for page in PAGES:
        content = text(page)
        for program in _PROGRAM.finditer(content):
            printed = _PRINTED.search(content, program.end())
            assert printed, f"{page.name}: no text block says what the program prints"
            found.append((page.name, program["language"], program["program"], printed[0]))
    return found


def run(command: str, url: str) -> str:
    """Run a command in a shell, against the server at a URL."""
    command = command.replace(SERVER, url)
    ended = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    return ended.stdout.strip()


def run_program(language: str, program: str, url: str) -> str:
    """Run a program as it stands, but for the server's address."""
    ended = subprocess.run(
        _PROGRAMS[language], input=program.replace(SERVER, url), cwd=ROOT, capture_output=True, text=True, check=True
    )
    return ended.stdout


def rounded(printed: str) -> str:
    """Round every number to three decimals: CPUs differ after the sixth."""
    return _NUMBER.sub(lambda found: f"{float(found[0]):.3f}", printed.strip())


@pytest.mark.parametrize(("page", "command", "output"), examples())
def test_commands_print_what_the_page_shows(url: str, page: str, command: str, output: str) -> None:
    assert output, f"{page} does not show what is printed; run: python -m tests.test_docs URL"
    assert rounded(run(command, url)) == rounded(output)


@pytest.mark.parametrize(("page", "language", "program", "printed"), programs())
def test_programs_print_what_the_page_shows(url: str, page: str, language: str, program: str, printed: str) -> None:
    if shutil.which(_PROGRAMS[language][0]) is None:
        pytest.skip(f"{page}: needs {_PROGRAMS[language][0]}")
    assert rounded(run_program(language, program, url)) == rounded(printed)


def test_there_are_examples_of_every_route_and_language() -> None:
    commands = " ".join(command for _, command, _ in examples())
    for path in ("/predict", "/compare", "/explain", "/invocations", "/v1/models"):
        assert path in commands
    assert {(page, language) for page, language, _, _ in programs()} >= {
        ("README.md", "python"),
        ("api.md", "javascript"),
    }


def test_the_readme_can_be_read_in_one_go() -> None:
    assert len(text(README).splitlines()) <= 150


def test_the_readme_leads_to_every_page() -> None:
    linked = {found["path"] for found in _LINK.finditer(text(README))}
    assert {str(page.relative_to(ROOT)) for page in TEXTS if page != README} <= linked


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for found in _LINK.finditer(text(page)):
        target = page.parent / found["path"] if found["path"] else page
        assert target.exists(), f"{page.name} links to {found['path']}, which does not exist"
        if found["anchor"]:
            assert found["anchor"] in _anchors(target), f"{target.name} has no heading #{found['anchor']}"


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_files_and_settings_that_are_named_exist(page: Path) -> None:
    for name in _FILE.findall(text(page)):
        assert (ROOT / name).exists(), f"{page.name} names {name}, which does not exist"
    settings = {variable(name, field) for name, field in Settings.model_fields.items()}
    assert set(_VARIABLE.findall(text(page))) <= settings


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_commands_that_are_named_exist(page: Path) -> None:
    content = text(page).replace("\\\n", " ")
    for found in _MODULE.finditer(content):
        module, arguments = found["module"], found["arguments"].split()
        assert find_spec(module) is not None, f"{page.name}: there is no module {module}"
        code = _code(module)
        for argument in arguments:
            if re.match(r"--\w", argument):
                assert f'"{argument.split("=")[0]}"' in code, f"{page.name}: {module} takes no {argument}"
        if module in ("training", "deploy") and arguments:
            assert f'"{arguments[0]}"' in code, f"{page.name}: {module} has no command {arguments[0]}"


_PARSERS: dict[str, Callable[[list[str]], object]] = {
    "deploy": parse_deploy,
    "training": lambda arguments: training_parser().parse_args(arguments),
    "sagemaker-contract": lambda arguments: contract_parser().parse_args(arguments),
}


def _shell_lines(page: Path) -> list[str]:
    """The lines of a page's ``sh`` blocks, and what stands in the text as a whole command."""
    content = text(page)
    lines = "\n".join(_SHELL.findall(content)).replace("\\\n", " ").splitlines()
    return lines + [found.replace("\n", " ") for found in _INLINE.findall(_BLOCK.sub("", content)) if "…" not in found]


def shell_commands() -> list[tuple[str, str, list[str]]]:
    """Every page's commands that are ours to parse: page, program, arguments."""
    commands = [(page.name, shlex.split(line, comments=True)) for page in TEXTS for line in _shell_lines(page)]
    return [
        (page, words[at], words[at + 1 :])
        for page, words in commands
        for at, word in enumerate(words)
        if word in _PARSERS and (words[at - 1] == "-m" or word == "sagemaker-contract")
    ]


@pytest.mark.parametrize(("page", "program", "arguments"), shell_commands(), ids=lambda given: str(given)[:60])
def test_commands_in_the_pages_are_taken(page: str, program: str, arguments: list[str]) -> None:
    assert _PARSERS[program](arguments) is not None, page  # argparse ends the test with what is wrong


def _make_commands() -> list[list[str]]:
    """Every page's calls of make, each once."""
    commands = (tuple(shlex.split(line, comments=True)) for page in TEXTS for line in _shell_lines(page))
    return [list(words) for words in sorted(set(commands)) if words[:1] == ("make",)]


@pytest.mark.parametrize("words", _make_commands(), ids=" ".join)
def test_make_knows_what_to_do(words: list[str]) -> None:
    ended = subprocess.run([*words, "--dry-run"], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    for assignment in words[2:]:
        name, _, value = assignment.partition("=")  # the service reads its own settings from the environment
        assert value in ended.stdout or name.startswith("SERVICE_"), f"{assignment} changes nothing"


def test_messages_in_troubleshooting_are_the_codes_own() -> None:
    files = [file for folder in ("service", "deploy") for file in (ROOT / folder).rglob("*.py")]
    code = "".join(re.sub(r'"\n\s+f?"', "", text(file)) for file in files)  # one line where a message has several
    quoted = [
        message
        for heading in re.findall(r"^\*\*(.*?)\*\*", text(ROOT / "docs" / "operations.md"), re.MULTILINE | re.DOTALL)
        for message in re.findall(r"`([^`]* [^`]*)`", heading)
    ]
    assert len(quoted) >= 8
    for message in quoted:
        parts = [part.strip(" ()") for part in message.replace("(Address already in use)", "…").split("…")]
        assert all(part in code for part in parts), f"operations.md quotes {message!r}, which nothing says"


def test_files_in_commands_exist() -> None:
    words = {word for page in TEXTS for line in _shell_lines(page) for word in shlex.split(line, comments=True)}
    named = {word for word in words if re.match(r"(docker|docs|tests|training|benchmarks)/", word)}
    assert {"docker/kubernetes/base", "docs/examples/local_endpoint.py"} <= named
    assert [name for name in named if not (ROOT / name).exists()] == []


@cache
def _code(module: str) -> str:
    """What a command's options are written in: its file, or all of its package."""
    path = ROOT / module.replace(".", "/")
    return "".join(text(file) for file in (sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_generated_parts_are_fresh(page: Path) -> None:
    assert renewed(text(page)) == text(page), "run: python -m docs"


@pytest.mark.parametrize("language", lesson.SOURCES)
def test_the_lesson_that_is_served_is_the_plan(language: str) -> None:
    assert text(lesson.TEMPLATES / f"{language}.html") == lesson.as_template(text(lesson.SOURCES[language]))


def test_results_are_the_released_ones() -> None:
    report = json.loads((MODELS / "experiments.json").read_text(encoding="utf-8"))
    assert replace_results(text(README), report) == text(README), "run: python -m training report"


def test_every_setting_is_documented() -> None:
    page = text(ROOT / "docs" / "settings.md")
    for name, field in Settings.model_fields.items():
        if name == "registry_dir":  # the service sets it for its own workers
            continue
        assert field.description, f"{name} has no description"
        assert f"| `{variable(name, field)}` |" in page, "run: python -m docs"


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]
    newest = re.search(r"^## (\d\S*) – \d{4}-\d{2}-\d{2}$", text(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert project["version"] == __version__ == newest[1]


def _write(url: str) -> None:
    for page in PAGES:
        content = _CONSOLE.sub(
            lambda block: (
                _EXAMPLE.sub(lambda e: f"$ {e['command']}\n{run(e['command'], url)}\n\n", block[0]).rstrip("\n") + "\n"
            ),
            text(page),
        )
        for program in reversed(list(_PROGRAM.finditer(content))):
            printed = _PRINTED.search(content, program.end())
            assert printed, f"{page.name}: no text block says what the program prints"
            shown = run_program(program["language"], program["program"], url)
            content = content[: printed.start()] + shown + content[printed.end() :]
        page.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    _write(sys.argv[1])
