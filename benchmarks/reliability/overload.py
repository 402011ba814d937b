"""``python -m benchmarks.reliability.overload --seconds 60``: ten times what a worker can answer.

One core serves, another sends: a few requests first, for the latency without load and the capacity; then, at a rate of
ten times the capacity, over many connections; then a few again. A worker that refuses a small request has still read
it, so that ten times the capacity of those cannot even be refused: how many were answered at all is printed. Batches
of 100 images take long enough to reach ten times.
"""

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks import records, tables
from benchmarks.reliability.flood import Answers, flood
from benchmarks.speed import payloads
from benchmarks.speed.payloads import Payload
from benchmarks.speed.server import cores, ready, started

CONNECTIONS = 512


def high(seconds: list[float]) -> float:
    """99th percentile in milliseconds."""
    return float(np.percentile(seconds, 99)) * 1e3 if seconds else float("nan")


def health_checks(port: int, *, while_running: "Future[Answers]") -> Iterator[float]:
    """Ask for /ping ten times a second, on new connections as load balancers do; yields the seconds each took."""
    while not while_running.done():
        began = time.perf_counter()
        if not ready(port, timeout=60):
            raise SystemExit("/ping did not answer with 200")
        yield time.perf_counter() - began
        time.sleep(0.1)


def measure(payload: Payload, *, seconds: float, workers: int) -> dict[str, float]:
    """Overload a server for so long."""
    server_core, load_core = cores()
    with (
        started(core=server_core, SERVICE_WORKERS=str(workers)) as server,
        ProcessPoolExecutor(1, get_context("spawn")) as process,
    ):

        def send(seconds: float, connections: int, rate: float) -> "Future[Answers]":
            return process.submit(
                flood, server.port, payload, core=load_core, seconds=seconds, connections=connections, rate=rate
            )

        send(1, 1, 1e9).result()
        alone = send(3, 1, 1e9).result()
        capacity = len(send(3, 8, 1e9).result().seconds[200]) / 3
        before = server.memory()
        flooding = send(seconds, CONNECTIONS, 10 * capacity)
        checks = list(health_checks(server.port, while_running=flooding))
        found = flooding.result()
        grown = server.memory() - before
        after = send(1, 1, 1e9).result()
    accepted, refused = found.seconds.get(200, []), found.seconds.get(503, [])
    return {
        "capacity, requests a second": round(capacity),
        "answered or refused, requests a second": round(found.total() / seconds),
        "accepted, requests a second": round(len(accepted) / seconds),
        "other answers than 200 and 503": found.total() - len(accepted) - len(refused),
        "connections lost": found.lost,
        "p99 without load, ms": round(high(alone.seconds[200]), 1),
        "median of accepted, ms": round(float(np.median(accepted)) * 1e3, 1),
        "p99 of accepted, ms": round(high(accepted), 1),
        "p99 of refused, ms": round(high(refused), 1),
        "slowest of the health checks, ms": round(max(checks) * 1e3, 1),
        "p99 in the second after, ms": round(high(after.seconds.get(200, [])), 1),
        "memory growth, MB": round(grown / 1e6, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability.overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=1, help="worker processes, all on the one core [1]")
    parser.add_argument("--json", type=Path, default=records.RELIABILITY / "overload.json", metavar="FILE")
    options = parser.parse_args()
    about = records.about()
    result = {
        payload.name: measure(payload, seconds=options.seconds, workers=options.workers)
        for payload in (payloads.png(), payloads.array(100))
    }
    print("\n".join(tables.overload({"results": result})))
    records.write(options.json, about, results=result)


if __name__ == "__main__":
    main()
