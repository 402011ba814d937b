"""Where a number comes from: data, code, packages and machine."""

import os
import platform
import re
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from training.data.fashion_mnist import SHA256

_PACKAGES = ("keras", "tensorflow", "tensorflow-cpu", "torch", "jax", "numpy")
_ROOT = Path(__file__).parents[2]


@cache
def collect() -> dict[str, Any]:
    """Describe the process's surroundings: what has to be the same for a run to be repeated exactly.

    Looked at once, at the first call: a process runs the code it was started with, whatever is checked out later.
    """
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": dict(sorted(_installed())),
        "cpu": cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "data_sha256": SHA256,
    }


def _installed() -> list[tuple[str, str]]:
    found = []
    for package in _PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return found


def _commit() -> str | None:
    """Name the checked-out commit, with ``+changes`` where the code differs from it; None outside a git checkout."""
    try:
        commit = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--match="],  # noqa: S607
            cwd=_ROOT, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--", "training/*.py", "uv.lock"],  # noqa: S607
            cwd=_ROOT, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}+changes" if changed else commit


def cpu() -> str:
    """Name the CPU; with its family and model, for hypervisors call chips of several generations by one name."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    found = dict(re.findall(r"^(model name|cpu family|model)\s*: (.*)$", text, re.MULTILINE))
    if "model name" not in found:
        return platform.machine()
    return f"{found['model name']}, family {found.get('cpu family')}, model {found.get('model')}"
