"""``python -m benchmarks.speed.engine COUNT``: LiteRT alone, in process, over batches of so many images.

Started once and asked again and again, so that it can alternate with a server: for each line with a number of seconds
it runs that long and prints JSON: ``images`` and ``cpu_seconds``. 32 images a call, as the service has them: LiteRT's
time per image does not depend on it.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from benchmarks.speed.payloads import images
from benchmarks.speed.server import ROOT

_BLOCK = 32


class Engine:
    """A running ``python -m benchmarks.speed.engine``."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, seconds: float) -> dict[str, float]:
        """Let it work; returns ``images`` a second and ``cpu_seconds`` for a thousand images."""
        assert self._process.stdin is not None  # noqa: S101 (both are pipes)
        assert self._process.stdout is not None  # noqa: S101
        print(seconds, file=self._process.stdin, flush=True)
        found: dict[str, float] = json.loads(self._process.stdout.readline())
        return found


@contextmanager
def started(count: int, *, core: int) -> Iterator[Engine]:
    """Start it on a core."""
    command = ["taskset", "--cpu-list", str(core), sys.executable, "-m", "benchmarks.speed.engine", str(count)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        yield Engine(process)
        process.terminate()


def main(count: int) -> None:
    """Work when told to."""
    manifest = json.loads((ROOT / "models" / "bundle.json").read_bytes())
    model = str(ROOT / "models" / manifest["models"][manifest["default_model"]]["litert"])
    pixels = (images(count) / np.float32(255)).astype(np.float32).reshape(-1, 28, 28, 1)
    parts = [(size, pixels[start : start + size]) for start, size in _steps(count)]
    interpreters = {}
    for size in {size for size, _ in parts}:
        interpreter = Interpreter(model_path=model, num_threads=1)
        into = interpreter.get_input_details()[0]["index"]
        interpreter.resize_tensor_input(into, (size, 28, 28, 1))
        interpreter.allocate_tensors()
        interpreters[size] = interpreter, into, interpreter.get_output_details()[0]["index"]
    for line in sys.stdin:
        began, cpu, done = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - began < float(line):
            for size, part in parts:
                interpreter, into, out_of = interpreters[size]
                interpreter.set_tensor(into, part)
                interpreter.invoke()
                interpreter.get_tensor(out_of)
            done += count
        taken, used = time.perf_counter() - began, time.process_time() - cpu
        print(json.dumps({"images": done / taken, "cpu_seconds": used / done * 1000}), flush=True)


def _steps(count: int) -> list[tuple[int, int]]:
    whole = count - count % _BLOCK
    return [(start, _BLOCK) for start in range(0, whole, _BLOCK)] + [(start, 1) for start in range(whole, count)]


if __name__ == "__main__":
    main(int(sys.argv[1]))
