"""Programs whose packages are fetched when they are run."""

import shutil
import subprocess
from pathlib import Path

import pytest


def run_with_packages(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder; skips the test where its program or its packages cannot be had."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if "Failed to fetch" in ended.stderr:
        pytest.skip(f"its packages cannot be had here: {ended.stderr[-200:]}")
    return ended
