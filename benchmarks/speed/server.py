"""Starts what is measured, on a core of its own, and reads what it costs (Linux: /proc)."""

import http.client
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICE = ("-m", "service")
FLOOR = ("-m", "benchmarks.speed.floor")

_TICKS = os.sysconf("SC_CLK_TCK")
# Not the module's own generator: a training in the same process seeds it, and it would draw the same ports again.
_CHANCE = random.SystemRandom()
# The processes of one test run start servers at the same time, so each draws from ports of its own.
_PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
_GONE = (FileNotFoundError, ProcessLookupError)
"""What reading a process's file in /proc raises once the process is gone."""


def cores() -> tuple[int, int]:
    """Give the core of the server and that of the load."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        raise SystemExit("two cores are needed: one for the server, one for the load")
    return available[0], available[-1]


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

    @property
    def workers(self) -> list[int]:
        """The process ids of its workers, without those that have ended and wait to be buried by their parent."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(pid) for pid in children if _is_alive(int(pid))]

    @property
    def worker(self) -> int:
        """The process id of its only worker; its own where it serves itself, as the floor does."""
        return (self.workers or [self.pid])[0]

    def cpu_seconds(self) -> float:
        """Processor time so far, user and system, of the process and its children."""
        return sum(_cpu_seconds(pid) for pid in _family(self.pid))

    def memory(self) -> int:
        """Proportional set size of the process and its children, in bytes."""
        return sum(_pss(pid) for pid in _family(self.pid))


def free_port() -> int:
    """Find a port nobody listens on, below those that the kernel gives to clients: none takes it before its server."""
    while True:
        with suppress(OSError), socket.socket() as listening:
            listening.bind(("127.0.0.1", _CHANCE.randrange(10_000 + _PROCESS, 32_768, 8)))
            port: int = listening.getsockname()[1]
            return port


@contextmanager
def started(
    command: Sequence[str] = SERVICE, *, core: int | None = None, limit: float = 60, **environment: str
) -> Iterator[Server]:
    """Start a server that takes its port from SERVICE_PORT, with one worker unless told otherwise.

    Args:
        command: what Python runs.
        core: the only one it may use; any if None.
        limit: seconds it may take to be ready.
        environment: further variables.

    """
    port = int(environment.get("SERVICE_PORT", free_port()))
    settings = {"SERVICE_PORT": str(port), "SERVICE_WORKERS": "1", "SERVICE_DRAIN_SECONDS": "0"}
    pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
    silent = subprocess.DEVNULL
    began = time.perf_counter()
    process = subprocess.Popen(
        [*pinned, sys.executable, *command],
        cwd=ROOT,
        env=os.environ | settings | environment,
        stdout=silent,
        stderr=silent,
    )
    try:
        while not ready(port):
            if process.poll() is not None or time.perf_counter() - began > limit:
                raise SystemExit(f"the server is not ready; start it by hand to see why: python {' '.join(command)}")
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


def _family(pid: int) -> list[int]:
    children: list[str] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):  # any thread may have started them
        with suppress(*_GONE):  # a thread that has ended
            children += file.read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _is_alive(pid: int) -> bool:
    try:
        return _stat(pid)[0] != "Z"
    except _GONE:
        return False


def _stat(pid: int) -> list[str]:
    """Read what proc(5) says of a process: its state, and what follows."""
    # The name before them is in brackets, and may hold anything.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
