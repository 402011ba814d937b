"""``python -m benchmarks`` (``make bench``): what a request costs, against the least it can cost.

One core serves, another sends. The service and the floor (``benchmarks/speed/floor.py``), or LiteRT alone, take turns
round by round, so that a machine that gets slower or faster changes both; each pair of rounds gives a ratio, and the
table shows the median of the pairs. The row "itself" compares two processes of the service: what it is off 1 is noise.

Prints Markdown tables and writes ``benchmarks/results.json``. Needs Linux, two cores and wrk.
"""

import argparse
import json
import platform
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed import load, payloads
from benchmarks.speed.rows import Row, compare
from benchmarks.speed.server import ROOT, cores, started
from training.experiments.provenance import cpu

RESULTS = Path(__file__).parent / "results.json"
STARTS = 7


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--pairs", type=int, default=7, help="pairs of rounds for each row [7]")
    parser.add_argument("--seconds", type=int, default=3, help="how long a round takes [3]")
    options = parser.parse_args()
    server_core, load_core = cores()
    print(
        "| Work | against | target | ratio (lowest–highest) | by CPU time | requests/s | CPU s per 1,000 | p50 | p99 |"
    )
    print("| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
    rows = []
    measured = compare(server_core=server_core, load_core=load_core, pairs=options.pairs, seconds=options.seconds)
    for row in measured:
        rows.append(row)
        print(_line(row), flush=True)
    process = _process(server_core, load_core, rate=rows[0].rate / 2, seconds=2 * options.seconds)
    process |= _two_workers(load_core, seconds=options.seconds, pairs=min(3, options.pairs))
    print("\n| What | target | measured |\n| --- | --- | --- |")
    for name, target, key, unit in (
        ("process start → first `/ping` 200", "≤ 800 ms", "start_ms", "ms"),
        ("memory of a worker, warm (PSS)", "≤ 90 MB", "memory_mb", "MB"),
        ("p99 of one PNG at 8 connections and half load", "≤ 3 × p50", "half_load_p99_over_p50", "× p50"),
        ("p99 of one PNG, 50 a second, while batches of 10,000 run", "≤ 3 ms", "beside_batches_p99_ms", "ms"),
        ("the same without the batches", "", "alone_p99_ms", "ms"),
        ("2 workers on 2 cores, load beside them", "≥ 1.6 × one", "two_workers_over_one", "× one"),
    ):
        print(f"| {name} | {target} | {process[key]:.3g} {unit} |")
    about = {"cpu": cpu(), "python": platform.python_version(), "pairs": options.pairs, "seconds": options.seconds}
    content = {"about": about, "rows": [asdict(row) for row in rows], "process": process}
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"\nwritten to {RESULTS.relative_to(ROOT)}")


def _line(row: Row) -> str:
    target = "" if row.target is None else f"≥ {row.target:.2f}"
    spread = f"{row.ratio:.2f} ({row.spread[0]:.2f}–{row.spread[1]:.2f})"
    costs = f"{row.cpu_ratio:.2f} | {row.rate:.0f} | {row.cpu_seconds:.2f}"
    return f"| {row.name} | {row.against} | {target} | {spread} | {costs} | {row.p50:.2f} ms | {row.p99:.2f} ms |"


def _process(server_core: int, load_core: int, *, rate: float, seconds: int) -> dict[str, Any]:
    """Measure what no ratio tells: start, memory, and how long single pictures wait."""
    starts = []
    for _ in range(STARTS):
        with started(core=server_core) as server:
            starts.append(server.seconds)
    with started(core=server_core) as server:
        for payload in (payloads.png(), payloads.form(), payloads.numbers(1), payloads.array(1_000)):
            load.run(server, payload, core=load_core, seconds=1)
        memory = server.memory()
        half = load.run(server, payloads.png(), core=load_core, seconds=seconds, rate=rate)
    with started(SERVICE_WORKERS="1") as server:
        alone = load.run(server, payloads.png(), core=load_core, seconds=seconds, connections=1, rate=50)
        with load.batches(server, payloads.array(10_000)):
            beside = load.run(server, payloads.png(), core=load_core, seconds=seconds, connections=1, rate=50)
    return {
        "start_ms": median(starts) * 1e3,
        "memory_mb": memory / 1e6,
        "half_load_p50_ms": half.p50,
        "half_load_p99_ms": half.p99,
        "half_load_p99_over_p50": half.p99 / half.p50,
        "alone_p99_ms": alone.p99,
        "beside_batches_p50_ms": beside.p50,
        "beside_batches_p99_ms": beside.p99,
    }


def _two_workers(load_core: int, *, seconds: int, pairs: int) -> dict[str, float]:
    """Compare two workers with one where both cores are free and the load shares one of them."""
    with started() as one, started(SERVICE_WORKERS="2") as two:
        rates = []
        for _ in range(pairs):
            single, double = (
                load.run(server, payloads.png(), core=load_core, seconds=seconds, connections=32)
                for server in (one, two)
            )
            rates.append(double.rate / single.rate)
    return {"two_workers_over_one": median(rates)}


if __name__ == "__main__":
    main()
