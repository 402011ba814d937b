"""Starts the service for a measurement."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Server:
    """A ready server: its port, its process, and the seconds from its start to the first /ping 200."""

    port: int
    process: subprocess.Popen[bytes]
    seconds: float

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def started(**environment: str) -> Iterator[Server]:
    """Start ``python -m service`` with one worker unless told otherwise."""
    port = int(environment.get("SERVICE_PORT", free_port()))
    settings = {"SERVICE_PORT": str(port), "SERVICE_WORKERS": "1", "SERVICE_DRAIN_SECONDS": "0"}
    command, silent = [sys.executable, "-m", "service"], subprocess.DEVNULL
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings | environment, stdout=silent, stderr=silent)
    try:
        while not ready(port):
            if process.poll() is not None:
                raise SystemExit("the server ended; start it by hand to see why: python -m service")
            time.sleep(0.005)
        yield Server(port, process, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait()


def ready(port: int, *, timeout: float = 2) -> bool:
    """Whether /ping says 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
