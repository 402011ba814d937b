"""Sends a payload to a server as fast as it is answered, or at a given rate, with wrk."""

import http.client
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.speed.payloads import Payload
from benchmarks.speed.server import Server

# wrk builds one request and sends it over and over; latencies are in microseconds.
_SCRIPT = """
local file = io.open("{body}", "rb")
wrk.method, wrk.body = "POST", file:read("*a")
{headers}
file:close()
{pause}
function done(summary, latency)
  local e = summary.errors
  print(string.format('{{"requests": %d, "microseconds": %d, "bytes": %d, "failed": %d, "p50": %f, "p99": %f}}',
    summary.requests, summary.duration, summary.bytes, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""
# Exponential pauses, so that requests come as those of many clients do; wrk takes whole milliseconds.
_PAUSE = """
function delay() return math.floor(-{mean} * math.log(1 - math.random()) + math.random()) end
"""


@dataclass(frozen=True)
class Round:
    """What one round found: requests a second, CPU seconds of the server for 1,000 requests, latencies in ms."""

    rate: float
    cpu_seconds: float
    p50: float
    p99: float


def ask(port: int, payload: Payload) -> bytes:
    """Send it once.

    Raises:
        SystemExit: it is not answered with 200.

    """
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        return _ask(connection, payload)


def _ask(connection: http.client.HTTPConnection, payload: Payload) -> bytes:
    headers = {"content-type": payload.content_type} | dict(payload.headers)
    connection.request("POST", payload.path, payload.body, headers)
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise SystemExit(f"{payload.path} answered {response.status}: {content[:500].decode()}")
    return content


def run(
    server: Server, payload: Payload, *, core: int, seconds: int, connections: int = 8, rate: float | None = None
) -> Round:
    """Send a payload for so long from a core.

    Args:
        server: to this one.
        payload: this.
        core: of the load.
        seconds: so long.
        connections: each has one request under way at most.
        rate: requests a second over all connections, if not as many as are answered.

    Raises:
        SystemExit: a request failed, or the answer after the round is not the one before it.

    """
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed: apt-get install wrk")
    expected = ask(server.port, payload)
    with TemporaryDirectory() as folder:
        body, script = Path(folder) / "body", Path(folder) / "script.lua"
        body.write_bytes(payload.body)
        pause = "" if rate is None else _PAUSE.format(mean=connections / rate * 1e3)
        given = (("Content-Type", payload.content_type), *payload.headers)
        headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in given)
        script.write_text(_SCRIPT.format(body=body, headers=headers, pause=pause))
        url = f"http://127.0.0.1:{server.port}{payload.path}"
        command = ["taskset", "--cpu-list", str(core), "wrk", "--threads", "1", "--connections", str(connections)]
        command += ["--duration", f"{seconds}s", "--timeout", "60s", "--script", str(script), url]
        before = server.cpu_seconds()
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        used = server.cpu_seconds() - before
    found = json.loads(output.strip().splitlines()[-1])
    if found["failed"] or found["requests"] == 0:
        raise SystemExit(f"{payload.name}: {found['failed']} of {found['requests']} requests failed")
    if ask(server.port, payload) != expected:
        raise SystemExit(f"{payload.name}: the answer changed")
    return Round(
        rate=found["requests"] / found["microseconds"] * 1e6,
        cpu_seconds=used / found["requests"] * 1e3,
        p50=found["p50"] / 1e3,
        p99=found["p99"] / 1e3,
    )


def run_batches(server: Server, payload: Payload, *, core: int, seconds: int) -> Round:
    """Send large payloads over two connections from a core, and wait for all: wrk would leave some half done.

    Raises:
        SystemExit: a request failed, or its answer is not the first one's.

    """
    expected = ask(server.port, payload)
    waits: list[float] = []

    def send() -> None:
        os.sched_setaffinity(0, {core})  # this thread's
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as connection:
            while time.perf_counter() - began < seconds:
                asked = time.perf_counter()
                if _ask(connection, payload) != expected:
                    raise SystemExit(f"{payload.name}: the answer changed")
                waits.append(time.perf_counter() - asked)

    before, began = server.cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        for sending in [pool.submit(send) for _ in range(2)]:
            sending.result()
    taken, used = time.perf_counter() - began, server.cpu_seconds() - before
    ordered = sorted(waits)
    return Round(
        rate=len(waits) / taken,
        cpu_seconds=used / len(waits) * 1e3,
        p50=median(waits) * 1e3,
        p99=ordered[int(0.99 * len(ordered))] * 1e3,
    )


@contextmanager
def batches(server: Server, payload: Payload) -> Iterator[None]:
    """Send a large payload again and again, one at a time, as long as the block lasts."""
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            ask(server.port, payload)

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield
    finally:
        stop.set()
        sending.join()
