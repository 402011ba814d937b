"""``python -m benchmarks.others.contract``: the contract suite on this service and on five other servers.

Each server is a script in tests/contract/servers, with its pinned dependencies in its head (PEP 723); uv gives each an
environment of its own. They answer the same request: what lists of numbers add up to. With a container engine, the
suite also runs on this repository's image (``--image``) and on an image of the barest server.

Writes ``benchmarks/others/contract.json``; ``python -m docs`` writes the table.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import records
from benchmarks.speed.server import ROOT

SERVERS = ROOT / "tests" / "contract" / "servers"
OTHERS = {
    "http.server": "bare.py",
    "Flask, gunicorn": "flask_server.py",
    "jpmorganchase inference-server": "jpmorgan_server.py",
    "MLServer": "mlserver_server.py",
    "BentoML": "bentoml_server.py",
}
ADDER = ("--body", str(SERVERS / "adder.json"), "--content-type", "application/json")
PICTURE = ("--body", str(ROOT / "tests" / "data" / "coat.png"), "--content-type", "image/png")
OWN = (*PICTURE, "--mme-model", str(ROOT / "models"), "--mme-small", "SERVICE_MODEL_MEMORY_MB=1")
_DOCKERFILE = 'FROM python:3.12-slim-bookworm\nCOPY bare.py /\nENTRYPOINT ["python", "/bare.py"]\n'
_BARE_IMAGE = "contract-bare-server"

Verdicts = list[dict[str, Any]]


def main() -> None:
    """Run the suite on all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.others.contract", description=__doc__)
    parser.add_argument("--image", help="this repository's image, if there is a container engine")
    options = parser.parse_args()
    about = records.about()
    found: dict[str, Verdicts] = {}
    own = f"{sys.executable} {ROOT / 'docker' / 'entrypoint.py'}"
    found["this service"] = verdicts("--command", own, *OWN)
    if options.image:
        found["this image"] = verdicts("--image", options.image, *OWN)
    for name, script in OTHERS.items():
        found[name] = foreign(script)
    if options.image:
        build = ["docker", "build", "--quiet", "--tag", _BARE_IMAGE, "--file", "-", str(SERVERS)]
        subprocess.run(build, input=_DOCKERFILE, text=True, check=True)
        found["http.server as an image"] = verdicts("--image", _BARE_IMAGE, *ADDER)
    records.write(records.CONTRACT, about, servers=found)


def foreign(script: str) -> Verdicts:
    """Run the suite on one of the other servers."""
    return verdicts("--command", f"{interpreter(SERVERS / script)} {SERVERS / script} {{port}}", *ADDER)


def interpreter(script: Path) -> str:
    """Give the Python that has what a script's head asks for.

    Raises:
        subprocess.CalledProcessError: its packages cannot be installed.

    """
    if "# /// script" not in script.read_text(encoding="utf-8"):
        return sys.executable
    subprocess.run(["uv", "sync", "--quiet", "--script", str(script)], check=True, env=_outside())  # noqa: S607
    find = ["uv", "python", "find", "--script", str(script)]
    return subprocess.check_output(find, env=_outside(), text=True).strip()


def _outside() -> dict[str, str]:
    """The environment without the one this runs in, which uv would take."""
    return {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}


def verdicts(*options: str) -> Verdicts:
    """Run the suite; gives a verdict a row.

    Raises:
        SystemExit: nothing could be judged.

    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "verdicts.json"
        command = [sys.executable, "-m", "tests.contract", *options, "--json", str(file)]
        ended = subprocess.run(command, cwd=ROOT)
        if not file.exists():
            raise SystemExit(f"the suite judged nothing; exit status {ended.returncode}: {' '.join(command)}")
        found: Verdicts = json.loads(file.read_text())
    return found


if __name__ == "__main__":
    main()
