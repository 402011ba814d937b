"""The example workflows for GitHub: by the published schema, and what they run exists."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from service import __version__
from tests.conftest import ROOT
from tests.packages import run_with_packages

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CHECK_JSONSCHEMA = "check-jsonschema==0.39.0"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_targets_that_are_run_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    steps = [step for job in yaml.safe_load(path.read_text())["jobs"].values() for step in job["steps"]]
    lines = [line for step in steps for line in re.findall(r"^make (.*)$", step.get("run", ""), re.MULTILINE)]
    named = {target for line in lines for target in line.split()}
    assert named
    assert named <= targets


def test_the_release_finds_its_section_of_the_changelog() -> None:
    release = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    script = release["jobs"]["release"]["steps"][-1]["run"]
    (awk,) = re.findall(r"^(awk .*) > notes.md$", script, re.MULTILINE)
    notes = subprocess.check_output(
        ["bash", "-c", awk], env={"VERSION": __version__, "PATH": "/usr/bin:/bin"}, cwd=ROOT
    )
    lines = notes.decode().splitlines()
    assert lines[0].startswith(f"## {__version__} ")
    assert len(lines) > 10
    assert [line for line in lines if line.startswith("## ")] == lines[:1]


@pytest.mark.slow
def test_workflows_are_valid_by_githubs_schema() -> None:
    command = ["uv", "tool", "run", "--from", CHECK_JSONSCHEMA, "check-jsonschema"]
    command += ["--builtin-schema", "vendor.github-workflows", *map(str, WORKFLOWS)]
    ended = run_with_packages(command, ROOT)
    assert ended.returncode == 0, ended.stdout + ended.stderr
