"""``python -m benchmarks.speed.profile`` (``make profile``): where the time of a request goes, by py-spy.

Samples a service under full load and prints the functions by their own time; ``profile.svg`` in the current folder is
the flame graph. What is sent is named by ``--payload``.
"""

import argparse
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.speed import load, payloads
from benchmarks.speed.payloads import Payload
from benchmarks.speed.server import cores, started

PAYLOADS: dict[str, Callable[[], Payload]] = {
    "png": payloads.png,
    "form": payloads.form,
    "json": partial(payloads.numbers, 1),
}
_SHOWN = 30


def main() -> None:
    """Profile and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.profile", description=__doc__)
    parser.add_argument("--payload", choices=PAYLOADS, default="png")
    parser.add_argument("--seconds", type=int, default=8)
    options = parser.parse_args()
    if shutil.which("py-spy") is None:
        raise SystemExit("py-spy is needed: uv sync --group dev")
    server_core, load_core = cores()
    payload = PAYLOADS[options.payload]()
    with started(core=server_core) as server, TemporaryDirectory() as folder:
        sending = threading.Thread(
            target=load.run, args=(server, payload), kwargs={"core": load_core, "seconds": options.seconds + 2}
        )
        sending.start()
        stacks = Path(folder) / "stacks"
        for kind, file in (("raw", stacks), ("flamegraph", Path("profile.svg"))):
            seconds = str(max(1, options.seconds // 2))
            command = ["py-spy", "record", "--rate", "400", "--duration", seconds, "--format", kind]
            subprocess.run([*command, "--output", file, "--pid", str(server.worker)], check=True, capture_output=True)
        sending.join()
        own: Counter[str] = Counter()
        for line in stacks.read_text(encoding="utf-8").splitlines():
            stack, _, count = line.rpartition(" ")
            if "uvicorn" not in stack:
                continue  # a thread that waits
            own[stack.split(";")[-1].rpartition(":")[0]] += int(count)
    for function, samples in own.most_common(_SHOWN):
        print(f"{samples / own.total():6.1%}  {function})")


if __name__ == "__main__":
    main()
