"""``python -m benchmarks.reliability.slow_clients``: slow clients that others must not notice.

``slowhttptest`` (apt-get install slowhttptest) attacks a server with one worker in four ways: headers that never end
(-H), bodies that never end (-B), answers that are hardly read (-X), and requests for many ranges of a file (-R). All
the while a probe posts a picture to /predict twice a second, on a new connection each time.
"""

import argparse
import http.client
import shutil
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import records, tables
from benchmarks.reliability.clients import PICTURE
from benchmarks.speed.server import started

_PROBE_SECONDS = 0.5
_SCRIPT = "/static/swagger-ui/swagger-ui-bundle.js"
_MODES = {
    "H": ["-H", "-u", "{url}/predict", "-t", "POST", "-i", "3"],
    "B": ["-B", "-u", "{url}/predict", "-f", "image/png", "-s", "8192", "-i", "3"],
    "X": ["-X", "-u", "{url}" + _SCRIPT, "-k", "5", "-w", "512", "-y", "1024", "-n", "3", "-z", "32"],
    "R": ["-R", "-u", "{url}" + _SCRIPT, "-t", "GET", "-a", "10", "-b", "3000"],
}


@dataclass(frozen=True)
class Attack:
    """What a probe saw during one attack.

    Attributes:
        mode: a letter of slowhttptest's.
        connections: how many slow clients.
        probes: how many pictures were posted.
        failed: how many of them were not answered with 200.
        slowest_ms: how long the slowest answer took, in milliseconds.

    """

    mode: str
    connections: int
    probes: int
    failed: int
    slowest_ms: float


def probe(port: int) -> tuple[int | None, float]:
    """Post a picture on a connection of its own; gives the status, if any, and the seconds it took."""
    path, body, headers = PICTURE[:3]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    began = time.perf_counter()
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        status: int | None = answer.status
    except (OSError, http.client.HTTPException):
        status = None
    finally:
        connection.close()
    return status, time.perf_counter() - began


def attack(port: int, mode: str, *, connections: int, seconds: int) -> Attack:
    """Attack a server for so long, and probe it."""
    arguments = [argument.replace("{url}", f"http://127.0.0.1:{port}") for argument in _MODES[mode]]
    command = [
        "slowhttptest",
        *arguments,
        "-c",
        str(connections),
        "-r",
        "200",
        "-l",
        str(seconds),
        "-p",
        "5",
        "-v",
        "0",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    probes: list[tuple[int | None, float]] = []
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            probes.append(probe(port))
            time.sleep(_PROBE_SECONDS)
    finally:
        process.terminate()
        process.wait()
    return Attack(
        mode,
        connections,
        len(probes),
        sum(status != 200 for status, _ in probes),
        round(max(took for _, took in probes) * 1e3, 1),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability.slow_clients", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="of each attack [60]")
    parser.add_argument("--connections", type=int, nargs="+", default=[200, 1000], metavar="N")
    parser.add_argument("--json", type=Path, default=records.RELIABILITY / "slow_clients.json", metavar="FILE")
    options = parser.parse_args()
    if shutil.which("slowhttptest") is None:
        raise SystemExit("slowhttptest is needed: apt-get install slowhttptest")
    about = records.about()
    attacks = []
    for connections in options.connections:
        for mode in _MODES:
            with started() as server:
                probe(server.port)
                attacks.append(asdict(attack(server.port, mode, connections=connections, seconds=options.seconds)))
            print(tables.slow_clients({"attacks": attacks})[-1], flush=True)
    print("\n".join(tables.slow_clients({"attacks": attacks})))
    records.write(options.json, about, attacks=attacks)


if __name__ == "__main__":
    main()
