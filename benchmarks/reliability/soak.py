"""``python -m benchmarks.reliability.soak --minutes 60``: does anything grow or slow down?

Mixed traffic at 70 % of capacity.

Each good request must be answered with 200, each bad one with its 4xx; the command fails otherwise. A tenth of the time
is warm-up. What is compared is the first and the last fifth of the rest.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks import records, tables
from benchmarks.reliability.clients import PICTURE, Load, Request, asking
from benchmarks.reliability.hostile import seeds
from benchmarks.speed.server import Server, started

CLIENTS, SHARE = 8, 0.7
_PICTURES = ("png", "jpeg", "webp", "bmp", "gif", "tiff")
_BATCHES = {
    "npy": "application/x-npy",
    "json": "application/json",
    "json lines": "application/jsonlines",
    "csv": "text/csv",
}


def mixed() -> list[Request]:
    """Give one request of each kind, good ones and bad ones."""
    bodies = seeds()
    return [
        *(Request("/predict", bodies[kind], {"content-type": f"image/{kind}"}) for kind in _PICTURES),
        Request("/predict", bodies["form"], {"content-type": "multipart/form-data; boundary=b"}),
        *(Request("/invocations", bodies[kind], {"content-type": media}) for kind, media in _BATCHES.items()),
        *(Request(path) for path in ("/experiments", "/metrics", "/ping")),
        PICTURE,
        Request("/predict", b"junk", {"content-type": "image/png"}, expected=400),
        Request("/nothing", expected=404),
    ]


def descriptors(server: Server) -> int:
    """Count a server's open descriptors, those of its worker (Linux)."""
    return len(list(Path(f"/proc/{server.worker}/fd").iterdir()))


def measure(minutes: float) -> dict[str, float]:
    """Ask for so long."""
    requests, looks = mixed(), []
    with started() as server:
        with asking(server.port, clients=CLIENTS, requests=requests) as load:
            time.sleep(min(5, minutes * 20))
        rate = SHARE * len(load.outcomes) / min(5, minutes * 20)
        seconds = minutes * 60
        with asking(server.port, clients=CLIENTS, requests=requests, rate=rate) as load:
            time.sleep(seconds / 10)
            began = time.monotonic()
            while (passed := time.monotonic() - began) < seconds * 0.9:
                looks.append((passed, server.memory(), descriptors(server)))
                time.sleep(min(5, seconds / 50))
    for found, times in load.unexpected().most_common(20):
        print(f"not expected, {times} times: {found}", file=sys.stderr)
    fifth = len(looks) // 5
    first, last = looks[:fifth], looks[-fifth:]
    before = _median(load, began, began + seconds * 0.18)
    after = _median(load, began + seconds * 0.72, began + seconds * 0.9)
    grown = np.median([look[1] for look in last]) / np.median([look[1] for look in first]) - 1
    return {
        "minutes": minutes,
        "requests": len(load.outcomes),
        "requests a second": round(len(load.outcomes) / seconds),
        "other answers than expected": load.unexpected().total(),
        "5xx": sum((outcome.status or 0) >= 500 for outcome in load.outcomes),
        "without an answer": sum(outcome.status is None for outcome in load.outcomes),
        "memory, MB": round(looks[-1][1] / 1e6, 1),
        "memory growth, %": round(100 * float(grown), 2),
        "median latency in the first fifth, ms": round(before * 1e3, 2),
        "median latency in the last fifth, ms": round(after * 1e3, 2),
        "descriptors more at the end": max(look[2] for look in last) - max(look[2] for look in first),
    }


def _median(load: Load, start: float, end: float) -> float:
    return float(np.median([outcome.seconds for outcome in load.outcomes if start <= outcome.at < end]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--json", type=Path, default=records.RELIABILITY / "soak.json", metavar="FILE")
    options = parser.parse_args()
    about = records.about()
    result = measure(options.minutes)
    print("\n".join(tables.pairs({"results": result})))
    records.write(options.json, about, results=result)
    sys.exit(bool(result["other answers than expected"]))


if __name__ == "__main__":
    main()
