"""``python -m benchmarks.speed.explain``: how long an explanation takes, by model and form, from request to answer."""

import argparse
import http.client
import json
import time
from statistics import median

from benchmarks import records, tables
from benchmarks.speed.server import ROOT, started

ROUNDS = 50
_FORMS = {"json": "application/json", "png": "image/png"}
_PICTURE = (ROOT / "tests" / "data" / "ankle-boot.png").read_bytes()


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(prog="python -m benchmarks.speed.explain", description=__doc__).parse_args()
    about = records.about()
    with started() as server:
        milliseconds = {
            model: {form: 1e3 * median(_asked(server.port, model, form) for _ in range(ROUNDS)) for form in _FORMS}
            for model in json.loads((ROOT / "models" / "bundle.json").read_bytes())["models"]
        }
    content = {"milliseconds": milliseconds}
    print("\n".join(tables.explain(content)))
    records.write(records.EXPLAIN, about, **content)


def _asked(port: int, model: str, form: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    connection.request(
        "POST", f"/explain?model={model}", _PICTURE, {"content-type": "image/png", "accept": _FORMS[form]}
    )
    answer = connection.getresponse()
    answer.read()
    taken = time.perf_counter() - began
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"/explain answered {answer.status}")
    return taken


if __name__ == "__main__":
    main()
