"""``python -m benchmarks.capacity``: how many requests a second one worker answers when more are always waiting.

One worker process is one core's work. A PNG each on ``/invocations`` over eight connections, in three rounds of five
seconds; the clients share the machine, so that a server with a machine of its own answers more. The deployment's
autoscaling starts from this figure.
"""

import http.client
import threading
import time

from benchmarks.server import ROOT, started

CONNECTIONS, ROUNDS, SECONDS = 8, 3, 5.0


def main() -> None:
    """Measure and print."""
    picture = (ROOT / "tests" / "data" / "ankle-boot.png").read_bytes()
    with started() as server:
        _round(server.port, picture, seconds=1)  # warm-up
        rates = [_round(server.port, picture, seconds=SECONDS) for _ in range(ROUNDS)]
    shown = ", ".join(f"{rate:.0f}" for rate in rates)
    print(f"one worker, {CONNECTIONS} connections, PNG on /invocations: {shown} requests a second")


def _round(port: int, picture: bytes, *, seconds: float) -> float:
    """Ask for so long over all connections at once; gives the answers a second."""
    until = time.perf_counter() + seconds
    counts = [0] * CONNECTIONS

    def ask(index: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while time.perf_counter() < until:
            connection.request("POST", "/invocations", picture, {"content-type": "image/png"})
            response = connection.getresponse()
            content = response.read()
            if response.status != 200:
                raise SystemExit(f"/invocations answered {response.status}: {content.decode()}")
            counts[index] += 1
        connection.close()

    asking = [threading.Thread(target=ask, args=(index,)) for index in range(CONNECTIONS)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    return sum(counts) / seconds


if __name__ == "__main__":
    main()
