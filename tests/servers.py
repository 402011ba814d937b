"""Servers that tests start, and what they ask them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from threading import Event

import httpx
import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.speed.server import ROOT, free_port

Metrics = dict[tuple[str, frozenset[tuple[str, str]]], float]
"""By name and labels."""


def launch(
    environment: Mapping[str, str], *, output: int | None = subprocess.PIPE
) -> tuple[str, subprocess.Popen[str]]:
    """Start ``python -m service`` with one worker on a port of its own, and do not wait; gives its URL.

    Args:
        environment: further variables, which go before the ones set here.
        output: where its standard output goes; None: where ours goes.

    """
    port = environment.get("SAGEMAKER_BIND_TO_PORT") or environment.get("SERVICE_PORT") or str(free_port())
    settings = {"SERVICE_WORKERS": "1", "SERVICE_DRAIN_SECONDS": "0", "SERVICE_MODEL_DIR": str(ROOT / "models")}
    process = subprocess.Popen(
        [sys.executable, "-m", "service"],
        cwd=ROOT,
        env=os.environ | {"SERVICE_PORT": port} | settings | dict(environment),
        stdout=output,
        stderr=None if output is None else subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    return f"http://127.0.0.1:{port}", process


def wait_until_ready(url: str, process: "subprocess.Popen[str]") -> None:
    """Wait until /ping says 200."""
    assert eventually(lambda: process.poll() is not None or answers(url)), "the server was not ready in time"
    assert process.poll() is None, "the server ended"


@contextmanager
def started(**environment: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Start a server whose output and end are looked at."""
    url, process = launch(environment)
    try:
        wait_until_ready(url, process)
        yield url, process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its workers, too, which might be stopped
            process.communicate()


def refused(**environment: str) -> tuple[int, str]:
    """Start the service expecting it to end; gives its exit status and what it said."""
    variables = os.environ | {"SERVICE_PORT": str(free_port()), "SERVICE_MODEL_DIR": str(ROOT / "models")} | environment
    ended = subprocess.run(
        [sys.executable, "-m", "service"], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=180
    )
    return ended.returncode, ended.stderr


def answers(url: str) -> bool:
    """Whether /ping says 200, and within a second."""
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/ping", timeout=1).status_code == 200
    return False


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether a condition comes to hold within the time; generous, since other tests run beside."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@contextmanager
def slow_upload(url: str) -> Iterator[socket.socket]:
    """A request whose headers are there, and whose body is not."""
    port = int(url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 9\r\n\r\n")
        yield connection


def scrape(url: str) -> Metrics:
    """What /metrics tells."""
    answer = httpx.get(f"{url}/metrics", timeout=60)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(answer.text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(metrics: Metrics, name: str, **labels: str) -> float:
    """A sample's value; 0 where there is none."""
    return metrics.get((name, frozenset(labels.items())), 0)


def large_batch(url: str) -> int:
    """Ask for what takes a worker a second or more; gives the answer's status."""
    stream = BytesIO()
    np.save(stream, np.zeros((10_000, 28, 28), np.uint8))
    headers = {"content-type": "application/x-npy"}
    return httpx.post(f"{url}/invocations", content=stream.getvalue(), headers=headers, timeout=60).status_code


@contextmanager
def busy(url: str) -> Iterator[None]:
    """Keep one request in flight: one large batch after the other."""
    stop = Event()

    def work() -> None:
        while not stop.is_set():
            with suppress(httpx.TransportError):
                large_batch(url)

    with ThreadPoolExecutor(1) as threads:
        threads.submit(work)
        try:
            yield
        finally:
            stop.set()


@contextmanager
def logging_server(log: Path, **environment: str) -> Iterator[tuple[str, Path]]:
    """Start a server whose whole output, log and warnings alike, goes into one file; gives its URL and the file."""
    port = str(free_port())
    settings = {"SERVICE_WORKERS": "1", "SERVICE_DRAIN_SECONDS": "0", "SERVICE_MODEL_DIR": str(ROOT / "models")}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "service"],
            cwd=ROOT, env=os.environ | {"SERVICE_PORT": port} | settings | environment, stdout=file,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        assert eventually(lambda: answers(f"http://127.0.0.1:{port}")), "the server was not ready in time"
        yield f"http://127.0.0.1:{port}", log
    finally:
        process.terminate()
        process.wait(20)


def workers(parent: int) -> list[int]:
    """The process ids of a server's workers."""
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
