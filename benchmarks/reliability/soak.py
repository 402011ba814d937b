"""``python -m benchmarks.reliability.soak --minutes 60``: does anything grow or slow down?

Mixed traffic at 70 % of capacity.

A tenth of the time is warm-up. What is compared is the first and the last fifth of the rest.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks import records, tables
from benchmarks.reliability.clients import PICTURE, Load, Request, asking
from benchmarks.reliability.hostile import seeds
from benchmarks.speed.server import Server, started

CLIENTS, SHARE = 8, 0.7
_TYPES = ("png", "jpeg", "webp", "bmp", "gif", "tiff")


def mixed() -> list[Request]:
    """Give one request of each kind, good ones and bad ones."""
    bodies = seeds()
    pictures = [
        ("/predict", body, {"content-type": f"image/{kind}"}) for kind, body in zip(_TYPES, bodies, strict=False)
    ]
    batches = [
        ("/invocations", bodies[6], {"content-type": "application/x-npy"}),
        ("/invocations", bodies[7], {"content-type": "application/json"}),
        ("/invocations", bodies[8], {"content-type": "application/jsonlines"}),
        ("/invocations", bodies[9], {"content-type": "text/csv"}),
        ("/predict", bodies[10], {"content-type": "multipart/form-data; boundary=b"}),
    ]
    bad = [("/predict", b"junk", {"content-type": "image/png"}), ("/nothing", b"", {})]
    return [*pictures, *batches, *bad, PICTURE, ("/experiments", b"", {}), ("/metrics", b"", {}), ("/ping", b"", {})]


def descriptors(server: Server) -> int:
    """Count a server's open descriptors (Linux)."""
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


def measure(minutes: float) -> dict[str, float]:
    """Ask for so long."""
    requests, looks = mixed(), []
    with started() as server:
        with asking(server.port, clients=CLIENTS, requests=requests) as load:
            time.sleep(5)
        rate = SHARE * len(load.outcomes) / 5
        seconds = minutes * 60
        with asking(server.port, clients=CLIENTS, requests=requests, rate=rate) as load:
            time.sleep(seconds / 10)
            began = time.monotonic()
            while (passed := time.monotonic() - began) < seconds * 0.9:
                looks.append((passed, server.memory(), descriptors(server)))
                time.sleep(min(5, seconds / 50))
    fifth = len(looks) // 5
    first, last = looks[:fifth], looks[-fifth:]
    before = _median(load, began, began + seconds * 0.18)
    after = _median(load, began + seconds * 0.72, began + seconds * 0.9)
    grown = np.median([look[1] for look in last]) / np.median([look[1] for look in first]) - 1
    return {
        "minutes": minutes,
        "requests": len(load.outcomes),
        "requests a second": round(len(load.outcomes) / seconds),
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


if __name__ == "__main__":
    main()
