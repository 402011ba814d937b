"""``python -m benchmarks.reliability.faults``: what faults lose, under load.

A worker is killed, the service is told to stop, and it is replaced behind a proxy. Prints a Markdown table, and
keeps the figures in ``--json FILE``.
"""

import argparse
import http.client
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import records, tables
from benchmarks.reliability.clients import asking
from benchmarks.speed.server import ROOT, Server, free_port, ready, started

CLIENTS = 8


@dataclass(frozen=True)
class Killed:
    """A worker was killed: requests in all, lost at that moment (at most one a client), lost after, and its heir."""

    requests: int
    lost: int
    lost_after: int
    replaced_seconds: float


@dataclass(frozen=True)
class Stopped:
    """The service was told to stop: requests answered, begun before the port closed and not answered, and the end."""

    answered: int
    lost: int
    exit_status: int
    seconds: float


@dataclass(frozen=True)
class Rolled:
    """Two instances were replaced in turn, as often as there was time: requests, and those not answered with 200."""

    requests: int
    lost: int
    replacements: int
    by_status: dict[str, int]


def kill_worker(*, seconds: float = 4) -> Killed:
    """Kill one of two workers under load; then one without, to see when another serves in its place."""
    with started(SERVICE_WORKERS="2") as server:
        victim, _ = _serving(server, 2)
        with asking(server.port, clients=CLIENTS, keep_alive=False) as load:
            time.sleep(1)
            os.kill(victim, signal.SIGKILL)
            while victim in server.workers:  # it may take a connection yet
                time.sleep(0.001)
            killed = time.monotonic()
            time.sleep(seconds)
        replaced = _replacement_seconds(server)
    lost = [outcome for outcome in load.outcomes if outcome.status is None]
    # One that was under way may be noted late: its client waits for its turn on a busy machine.
    late = [outcome for outcome in lost if outcome.at - outcome.seconds > killed]
    return Killed(len(load.outcomes), len(lost) - len(late), len(late), round(replaced, 2))


def _replacement_seconds(server: Server) -> float:
    """Kill a worker and hold the other still, so that the next answer is the new one's; gives the time until then."""
    victim, other = _serving(server, 2)
    os.kill(victim, signal.SIGKILL)
    killed = time.monotonic()
    while not set(server.workers) - {victim, other}:
        time.sleep(0.005)
    os.kill(other, signal.SIGSTOP)
    try:
        while not ready(server.port, timeout=0.3):  # the one held still may have taken the connection
            time.sleep(0.01)
        return time.monotonic() - killed
    finally:
        with suppress(ProcessLookupError):  # held still for long, it was replaced as one that hangs
            os.kill(other, signal.SIGCONT)


def _serving(server: Server, count: int) -> list[int]:
    """Wait until so many workers have started to count, and all others have ended; gives their process ids."""
    while True:
        workers = server.workers
        counting = set(re.findall(r'^process_resident_memory_bytes{pid="(\d+)"}', _get(server.port, "/metrics"), re.M))
        if len(workers) == count and counting == set(map(str, workers)):
            return workers
        time.sleep(0.05)


def _get(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def stop_under_load() -> Stopped:
    """Send SIGTERM under load; as a load balancer does, the clients stop once /ping no longer says 200."""
    with started(SERVICE_WORKERS="2", SERVICE_DRAIN_SECONDS="2") as server:
        with asking(server.port, clients=CLIENTS, keep_alive=False) as load:
            time.sleep(2)
            server.process.send_signal(signal.SIGTERM)
            told = time.monotonic()
            while ready(server.port):
                time.sleep(0.1)
        status = server.process.wait(30)
        ended = time.monotonic()
    return Stopped(len(load.answered()), len(load.failed()), status, round(ended - told, 2))


def rolling_update(*, requests: int = 3000) -> Rolled:
    """Replace two instances behind nginx in turn until so many requests were answered, at least once each."""
    ports, proxy = [free_port(), free_port()], free_port()
    with TemporaryDirectory() as folder, ExitStack() as stack:
        configuration = (ROOT / "docker" / "proxy" / "nginx.conf").read_text()
        for old, new in (("8080", ports[0]), ("8081", ports[1]), ("127.0.0.1:8000", f"127.0.0.1:{proxy}")):
            configuration = configuration.replace(str(old), str(new))
        (Path(folder) / "nginx.conf").write_text(configuration.replace("/tmp/", f"{folder}/"))  # noqa: S108
        instances = [ExitStack(), ExitStack()]
        for instance, port in zip(instances, ports, strict=True):
            stack.enter_context(instance).enter_context(_instance(port))
        command = [shutil.which("nginx") or "/usr/sbin/nginx", "-c", f"{folder}/nginx.conf", "-g", "daemon off;"]
        nginx = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        stack.callback(nginx.wait)
        stack.callback(nginx.terminate)
        while not ready(proxy):
            if nginx.poll() is not None:
                raise SystemExit(f"nginx ended; start it by hand to see why: nginx -c {folder}/nginx.conf")
            time.sleep(0.05)
        replacements = 0
        with asking(proxy, clients=CLIENTS) as load:
            time.sleep(0.5)
            while replacements < 2 or len(load.outcomes) < requests:
                turn = replacements % 2
                instances[turn].close()  # SIGTERM, and wait for the end
                instances[turn].enter_context(_instance(ports[turn]))
                replacements += 1
    lost = [outcome for outcome in load.outcomes if outcome.status != 200]
    return Rolled(len(load.outcomes), len(lost), replacements, load.by_status())


def _instance(port: int) -> Any:
    return started(SERVICE_PORT=str(port), SERVICE_DRAIN_SECONDS="0.5")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability.faults", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000, help="of the rolling update")
    parser.add_argument("--json", type=Path, default=records.RELIABILITY / "faults.json", metavar="FILE")
    options = parser.parse_args()
    about = records.about()
    results = {
        "SIGKILL of one of two workers": asdict(kill_worker(seconds=10)),
        "SIGTERM": asdict(stop_under_load()),
        "rolling update behind nginx": asdict(rolling_update(requests=options.requests)),
    }
    print("\n".join(tables.faults({"results": results})))
    records.write(options.json, about, results=results)


if __name__ == "__main__":
    main()
