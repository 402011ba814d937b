"""How long workers take to be there, how soon a killed one has a successor, and what each of them weighs (Linux)."""

import http.client
import os
import signal
import threading
import time
from contextlib import closing
from statistics import median

from benchmarks.speed import load, payloads
from benchmarks.speed.server import SERVICE, ready, started

BARE_START = ("-m", "benchmarks.speed.bare_start")

_IDLE_SECONDS = 3
"""After a load, when workers have given back what they no longer use."""


def measure(*, server_core: int, load_core: int, pairs: int) -> dict[str, float]:
    """Measure all of it; what is compared takes turns."""
    four, two, bare, seconds = [], [], [], []
    for _ in range(pairs):
        one = _ready_seconds(1)
        four.append(_ready_seconds(4) / one)
        one_on_core = _ready_seconds(1, core=server_core)
        two.append(_ready_seconds(2, core=server_core) / one_on_core)
        with started(BARE_START, core=server_core) as script:
            bare.append(one_on_core / script.seconds)
        seconds.append(one_on_core)
    return {
        "start_ms": median(seconds) * 1e3,
        "four_workers_over_one": median(four),
        "two_workers_on_a_core_over_one": median(two),
        "start_over_bare": median(bare),
        "successor_ms": median(_successor_seconds(load_core) for _ in range(pairs)) * 1e3,
        **_memory(load_core),
    }


def _ready_seconds(workers: int, *, core: int | None = None) -> float:
    """Start the service; gives the seconds until every worker serves, as /metrics tells."""
    began = time.perf_counter()
    with started(SERVICE, core=core, SERVICE_WORKERS=str(workers)) as server:
        while _serving(server.port) < workers:
            time.sleep(0.005)
        return time.perf_counter() - began


def _serving(port: int) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().count(b"\nprocess_resident_memory_bytes{")


def _successor_seconds(load_core: int) -> float:
    """Kill the only worker under load; gives the seconds until the next one answers."""
    with started() as server:
        payload, stop = payloads.png(), threading.Event()

        def send() -> None:
            os.sched_setaffinity(0, {load_core})  # this thread's
            while not stop.is_set():
                try:
                    load.ask(server.port, payload)
                except (OSError, http.client.HTTPException):
                    stop.wait(0.005)

        sending = [threading.Thread(target=send) for _ in range(4)]
        for thread in sending:
            thread.start()
        time.sleep(1)
        os.kill(server.worker, signal.SIGKILL)
        killed = time.perf_counter()
        while not ready(server.port, timeout=0.5):
            time.sleep(0.001)
        taken = time.perf_counter() - killed
        stop.set()
        for thread in sending:
            thread.join()
    return taken


def _memory(load_core: int) -> dict[str, float]:
    """Weigh one worker with its parent, and each further one, after a load: proportional set sizes."""
    totals = {}
    for workers in (1, 4):
        with started(SERVICE_WORKERS=str(workers)) as server:
            for payload in (payloads.png(), payloads.form(), payloads.numbers(1), payloads.array(1_000)):
                load.run(server, payload, core=load_core, seconds=2, connections=32)
            time.sleep(_IDLE_SECONDS)
            totals[workers] = server.memory() / 1e6
    return {"memory_mb": totals[1], "further_worker_mb": (totals[4] - totals[1]) / 3}
