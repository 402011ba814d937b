"""``python -m benchmarks`` (``make bench``): what a request costs, against the least it can cost.

One core serves, another sends. The service and the floor (``benchmarks/speed/floor.py``), or LiteRT alone, take turns
round by round, so that a machine that gets slower or faster changes both; each pair of rounds gives a ratio, and the
table shows the median of the pairs. The row "itself" compares two processes of the service: what it is off 1 is noise.
The rows against "float32" compare the service with int8 weights with the service without.

Prints Markdown tables and writes ``benchmarks/results.json``. Needs Linux, two cores and wrk.
"""

import argparse
from dataclasses import asdict
from statistics import median
from typing import Any

from benchmarks import records, tables
from benchmarks.speed import load, payloads, workers
from benchmarks.speed.rows import compare
from benchmarks.speed.server import cores, started

STARTS = 7


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--pairs", type=int, default=7, help="pairs of rounds for each row [7]")
    parser.add_argument("--seconds", type=int, default=3, help="how long a round takes [3]")
    options = parser.parse_args()
    about = records.about()
    server_core, load_core = cores()
    rows = []
    measured = compare(server_core=server_core, load_core=load_core, pairs=options.pairs, seconds=options.seconds)
    for row in measured:
        rows.append(asdict(row))
        print(tables.row(rows[-1]), flush=True)
    process = _process(server_core, load_core, rate=rows[0]["rate"] / 2, seconds=2 * options.seconds)
    process |= workers.measure(server_core=server_core, load_core=load_core, pairs=min(STARTS, options.pairs))
    process |= _two_workers(load_core, seconds=options.seconds, pairs=min(3, options.pairs))
    content = {"rows": rows, "process": process}
    print("\n" + "\n".join(tables.bench(content)))
    records.write(records.SPEED, about, **content)


def _process(server_core: int, load_core: int, *, rate: float, seconds: int) -> dict[str, Any]:
    """Measure how long single pictures wait."""
    with started(core=server_core) as server:
        load.run(server, payloads.png(), core=load_core, seconds=1)
        half = load.run(server, payloads.png(), core=load_core, seconds=seconds, rate=rate)
    with started(SERVICE_WORKERS="1") as server:
        alone = load.run(server, payloads.png(), core=load_core, seconds=seconds, connections=1, rate=50)
        with load.batches(server, payloads.array(10_000)):
            beside = load.run(server, payloads.png(), core=load_core, seconds=seconds, connections=1, rate=50)
    return {
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
