"""``python -m benchmarks.speed.explain``: how long an explanation takes, by model and form, from request to answer."""

import argparse
import http.client
import time
from statistics import median

from benchmarks.speed.server import ROOT, started

ROUNDS = 50
_PICTURE = (ROOT / "tests" / "data" / "ankle-boot.png").read_bytes()


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(prog="python -m benchmarks.speed.explain", description=__doc__).parse_args()
    print("| Model | JSON, median | PNG, median |\n| --- | ---: | ---: |")
    with started() as server:
        for model in ("baseline", "cnn_a", "cnn_b", "cnn_a_tuned"):
            taken = [median(_asked(server.port, model, form) for _ in range(ROUNDS)) for form in ("json", "png")]
            print(f"| {model} | {taken[0] * 1e3:.1f} ms | {taken[1] * 1e3:.1f} ms |", flush=True)


def _asked(port: int, model: str, form: str) -> float:
    accepted = {"json": "application/json", "png": "image/png"}[form]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    connection.request("POST", f"/explain?model={model}", _PICTURE, {"content-type": "image/png", "accept": accepted})
    answer = connection.getresponse()
    answer.read()
    taken = time.perf_counter() - began
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"/explain answered {answer.status}")
    return taken


if __name__ == "__main__":
    main()
