"""``python -m benchmarks.overload --seconds 60``: ten times the requests a worker can answer, and the time after.

Clients ask over connections of their own. First a few, for the latency without load and the capacity; then, at a rate
of ten times the capacity from many processes; then a few again. The clients share the machine with the server, so that
the rate that is reached may be less than was meant: it is printed.
"""

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.clients import Outcome, asking
from benchmarks.server import Server, started

PROCESSES, CLIENTS_EACH = 4, 64


def memory(server: Server) -> int:
    """Tell a server's resident memory in bytes (Linux)."""
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def flood(port: int, seconds: float, rate: float) -> list[Outcome]:
    """Ask from one process's clients."""
    with asking(port, clients=CLIENTS_EACH, rate=rate) as load:
        time.sleep(seconds)
    return load.outcomes


def quiet(port: int, seconds: float) -> float:
    """Ask over one connection; gives the 99th percentile in seconds."""
    with asking(port, clients=1) as load:
        time.sleep(seconds)
    return high(load.answered())


def high(outcomes: list[Outcome]) -> float:
    """99th percentile of the seconds they took."""
    return float(np.percentile([outcome.seconds for outcome in outcomes], 99)) if outcomes else float("nan")


def measure(seconds: float) -> dict[str, float]:
    """Overload a server for so long."""
    with started() as server, ProcessPoolExecutor(PROCESSES) as processes:
        quiet(server.port, 1)
        unloaded = quiet(server.port, 2)
        with asking(server.port, clients=8) as load:
            time.sleep(3)
        capacity = len(load.answered()) / 3
        before = memory(server)
        rate = 10 * capacity / PROCESSES
        flooding = [processes.submit(flood, server.port, seconds, rate) for _ in range(PROCESSES)]
        outcomes = [outcome for one in flooding for outcome in one.result()]
        after = quiet(server.port, 1)
        grown = memory(server) - before
    answered = [outcome for outcome in outcomes if outcome.status == 200]
    return {
        "capacity, requests a second": round(capacity),
        "asked, requests a second": round(len(outcomes) / seconds),
        "accepted": len(answered),
        "refused with 503": sum(outcome.status == 503 for outcome in outcomes),
        "other answers": sum(outcome.status not in (200, 503, None) for outcome in outcomes),
        "reset or refused connections": sum(outcome.status is None for outcome in outcomes),
        "p99 without load, ms": round(unloaded * 1e3, 1),
        "p99 of accepted, ms": round(high(answered) * 1e3, 1),
        "p99 in the second after, ms": round(after * 1e3, 1),
        "memory growth, MB": round(grown / 1e6, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = measure(options.seconds)
    print("| Overload | |\n| --- | ---: |")
    for name, value in result.items():
        print(f"| {name} | {value:,} |")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
