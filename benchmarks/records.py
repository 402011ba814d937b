"""Keeps what a benchmark measured as a JSON file, with where it was measured; ``python -m docs`` reads it."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.speed.server import ROOT
from training.experiments.provenance import cpu

SPEED = ROOT / "benchmarks" / "results.json"
EXPLAIN = ROOT / "benchmarks" / "speed" / "explain.json"
PAGE = ROOT / "benchmarks" / "speed" / "page.json"
OTHERS = ROOT / "benchmarks" / "others" / "results.json"
CONTRACT = ROOT / "benchmarks" / "others" / "contract.json"
PICTURES = ROOT / "benchmarks" / "pictures" / "results.json"
RELIABILITY = ROOT / "benchmarks" / "reliability" / "results"

_CODE = ("service", "models", "*.py", "uv.lock")


def about() -> dict[str, Any]:
    """Describe a measurement: command, commit, CPU, the machine's load, Python, date. Call it before measuring."""
    return {
        "command": " ".join(["python", *sys.orig_argv[1:]]),
        "commit": _commit(),
        "cpu": cpu(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def write(path: Path, about: dict[str, Any], **content: Any) -> None:
    """Write a measurement, and say where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"about": about, **content}, indent=2) + "\n", encoding="utf-8")
    print(f"\nwritten to {path}; python -m docs writes it into the pages")


def read(path: Path) -> dict[str, Any] | None:
    """Read a measurement; None where there is none."""
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _commit() -> str:
    """Name the checked-out commit, with ``+changes`` where the code differs from it."""
    try:
        commit, changed = (
            subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607
            for arguments in (
                ["rev-parse", "--short=12", "HEAD"],
                ["status", "--porcelain", "--", *_CODE],
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}+changes" if changed else commit
