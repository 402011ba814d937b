"""``python -m benchmarks.reliability.multi_model``: models come and go, over several workers.

While one thread loads, asks and unloads, others ask for the same model all the time. Counts answers that are neither
one of the two networks' nor 404, and memory (PSS, Linux) before and after.
"""

import argparse
import http.client
import json
import threading
from collections import Counter
from pathlib import Path

from benchmarks import records, tables
from benchmarks.speed.server import ROOT, started

PICTURE = (ROOT / "tests" / "data" / "coat.png").read_bytes()
NETWORKS = ("baseline", "cnn_a")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability.multi_model", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--workers", default="4")
    parser.add_argument("--json", type=Path, default=records.RELIABILITY / "multi_model.json", metavar="FILE")
    options = parser.parse_args()
    about = records.about()
    with started(SAGEMAKER_MULTI_MODEL="true", SERVICE_WORKERS=options.workers) as server:
        right = {round_(server.port, "warm-up", network) for network in NETWORKS}
        for warm_up in range(100):
            round_(server.port, "warm-up", NETWORKS[warm_up % 2])
        before = server.memory()
        answers: Counter[str] = Counter()
        stop = threading.Event()
        asking = [threading.Thread(target=ask, args=(server.port, right, answers, stop)) for _ in range(4)]
        for thread in asking:
            thread.start()
        wrong = sum(round_(server.port, "m", NETWORKS[number % 2]) not in right for number in range(options.rounds))
        stop.set()
        for thread in asking:
            thread.join()
        after = server.memory()
    results = {
        "rounds of load, invoke, unload": options.rounds,
        "workers": int(options.workers),
        "wrong answers in the rounds": wrong,
        **{f"requests meanwhile: {kind}": count for kind, count in sorted(answers.items())},
        "memory of all processes before (PSS), MB": round(before / 1e6, 1),
        "memory of all processes after (PSS), MB": round(after / 1e6, 1),
    }
    print("\n".join(tables.pairs({"results": results})))
    records.write(options.json, about, results=results)


def round_(port: int, name: str, network: str) -> bytes:
    """Load, invoke, unload; gives the answer."""
    folder = str(ROOT / "models" / network / "1")
    load = json.dumps({"model_name": name, "url": folder}).encode()
    send(port, "POST", "/models", load, "application/json")
    _, answer = send(port, "POST", f"/models/{name}/invoke", PICTURE, "image/png")
    send(port, "DELETE", f"/models/{name}")
    return answer


def ask(port: int, right: set[bytes], answers: Counter[str], stop: threading.Event) -> None:
    """Ask for the model that comes and goes."""
    while not stop.is_set():
        status, answer = send(port, "POST", "/models/m/invoke", PICTURE, "image/png")
        kind = "right" if answer in right else "not loaded (404)" if status == 404 else f"wrong ({status})"
        answers[kind] += 1


def send(port: int, method: str, path: str, body: bytes = b"", content_type: str = "") -> tuple[int, bytes]:
    """Send a request over a connection of its own, so that it reaches any worker."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"content-type": content_type} if content_type else {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


if __name__ == "__main__":
    main()
