"""``python -m benchmarks.others``: the same model behind what a user would pick instead.

Each server is a script with its pinned dependencies in its head (PEP 723), started by ``uv run --isolated``, on one
core, with load from the other. Its answers are compared with the golden samples' network first. Those that cannot be
installed or started here are named with the reason. ``--only NAME`` runs some, ``--seconds 0`` verifies alone.
"""

import argparse
import base64
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np

from benchmarks import records, tables
from benchmarks.speed import load, payloads
from benchmarks.speed.payloads import Payload
from benchmarks.speed.server import ROOT, SERVICE, Server, cores, started

FOLDER = Path(__file__).parent / "servers"
PORT = 9190
_LIMIT = 600  # seconds to install and start
_JSON = "application/json"
_FORM = payloads.form()


@dataclass(frozen=True)
class Other:
    """A server: its script, how one PNG and how JSON reach it (None: not at all), and what runs the model."""

    name: str
    script: str
    picture: Payload | None
    numbers: str | None
    engine: str = "tensorflow"
    v2: bool = field(default=False)
    """Numbers go as a tensor of the V2 inference protocol."""

    def batch(self, count: int) -> Payload | None:
        """Give ``count`` images as this server takes numbers."""
        if self.numbers is None:
            return None
        pixels = (payloads.images(count) / 255).round(4)
        content: dict[str, Any] = {"instances": pixels.tolist()}
        if self.v2:
            shape = [count, 28, 28, 1]
            tensor = {"name": "images", "datatype": "FP32", "shape": shape, "data": pixels.ravel().tolist()}
            content = {"id": "1", "inputs": [tensor]}  # without, a new one comes back with each answer
        if self.name == "MLflow":
            content = {"inputs": pixels.tolist()}
        return Payload(f"{count} as JSON", self.numbers, json.dumps(content).encode(), _JSON, count)


def _png(path: str) -> Payload:
    return Payload("PNG", path, payloads.PICTURE, "image/png")


def _base64(path: str) -> Payload:
    body = json.dumps({"image": base64.b64encode(payloads.PICTURE).decode()}).encode()
    return Payload("PNG", path, body, _JSON)


def _form(path: str) -> Payload:
    return Payload("PNG", path, _FORM.body, _FORM.content_type)


OTHERS = (
    Other("tutorial FastAPI", "tutorial_fastapi.py", _form("/predict"), "/invocations"),
    Other("Flask + gunicorn", "flask_gunicorn.py", _png("/invocations"), "/invocations"),
    Other("MLflow", "mlflow_server.py", None, "/invocations"),
    Other("BentoML", "bentoml_server.py", _form("/predict"), "/invocations"),
    Other("BentoML", "bentoml_server.py", _form("/predict"), "/invocations", "litert"),
    Other("LitServe", "litserve_server.py", _base64("/predict"), "/predict"),
    Other("LitServe", "litserve_server.py", _base64("/predict"), "/predict", "litert"),
    Other("MLServer", "mlserver_server.py", None, "/v2/models/m/infer", v2=True),
    Other("MLServer", "mlserver_server.py", None, "/v2/models/m/infer", "litert", v2=True),
    Other("MLServer", "mlserver_server.py", None, "/v2/models/m/infer", "litert int8", v2=True),
    Other("multi-model-server", "multi_model_server.py", _png("/predictions/m"), "/predictions/m"),
    Other("Triton (PyTriton)", "pytriton_server.py", None, "/v2/models/m/infer", v2=True),
)


def main() -> None:
    """Run what can be run, print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.others", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="names of scripts, as in mlflow_server")
    parser.add_argument("--seconds", type=int, default=5, help="of each round [5]; 0: verify, and measure nothing")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))  # so that what was started is stopped too
    server_core, load_core = cores()
    about, rows = records.about(), []
    ours = (payloads.png(), payloads.numbers(1), payloads.numbers(100))
    for engine, precision in (("litert", "float32"), ("litert int8", "int8")):
        with started(SERVICE, core=server_core, SERVICE_PRECISION=precision) as server:
            if precision == "float32":
                expected = _probabilities(load.ask(server.port, payloads.numbers(2)))
            if not options.only:
                rows.append(_row(tables.THIS, engine, server, ours, core=load_core, seconds=options.seconds))
                print(tables.other(rows[-1]), flush=True)
    for other in OTHERS:
        if options.only and Path(other.script).stem not in options.only:
            continue
        try:
            with _running(other, core=server_core) as server:
                _verify(other, server, expected)
                sent = (other.picture, other.batch(1), other.batch(100))
                row = _row(other.name, other.engine, server, sent, core=load_core, seconds=options.seconds)
        except (SystemExit, OSError, ValueError) as error:
            row = {"name": other.name, "engine": other.engine, "error": " ".join(str(error).split())[-300:]}
        rows.append(row)
        print(tables.other(row), flush=True)
    print("\n" + "\n".join(tables.others({"rows": rows})))
    if options.seconds and not options.only:
        records.write(records.OTHERS, about, rows=rows)


@contextmanager
def _running(other: Other, *, core: int) -> Iterator[Server]:
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    command = ["taskset", "--cpu-list", str(core), uv, "run", "--isolated", "--quiet", "--script"]
    environment = os.environ | {"SERVICE_PORT": str(PORT), "ENGINE": other.engine, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("PYTHONPATH", None)
    with TemporaryFile() as log:
        process = subprocess.Popen(
            [*command, str(FOLDER / other.script)], env=environment, stdout=log, stderr=log, start_new_session=True
        )
        began = time.perf_counter()
        try:
            while not _answers(other):
                if process.poll() is not None or time.perf_counter() - began > _LIMIT:
                    raise SystemExit(f"it did not start: {_end(log)}")
                time.sleep(0.2)
            yield Server(PORT, process, time.perf_counter() - began)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)  # its workers too
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            time.sleep(1)


def _end(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read()[-300:].decode(errors="replace")


def _answers(other: Other) -> bool:
    payload = other.batch(1)
    if payload is None:
        return False
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    try:
        connection.request("POST", payload.path, payload.body, {"content-type": payload.content_type})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _verify(other: Other, server: Server, expected: np.ndarray[Any, Any]) -> None:
    batch = other.batch(2)
    tolerance = 5e-2 if other.engine.endswith("int8") else 1e-4
    if batch is not None and not np.allclose(_probabilities(load.ask(server.port, batch)), expected, atol=tolerance):
        raise SystemExit("its probabilities are not the model's")
    if other.picture is not None and _probabilities(load.ask(server.port, other.picture)).argmax() != 9:
        raise SystemExit("it does not take the ankle boot for one")


def _probabilities(answer: bytes) -> np.ndarray[Any, Any]:
    content = json.loads(answer)
    found = content["outputs"][0]["data"] if "outputs" in content else content["predictions"]
    return np.asarray(found, np.float64).reshape(-1, 10)


def _row(
    name: str, engine: str, server: Server, sent: tuple[Payload | None, ...], *, core: int, seconds: int
) -> dict[str, Any]:
    """Measure images a second of each payload; None where it is not taken, 0 where it is only verified."""
    rates: list[float | None] = []
    for payload in sent:
        if payload is None:
            rates.append(None)
        elif seconds == 0:
            rates.append(0)
        else:
            load.run(server, payload, core=core, seconds=3, connections=32)
            found = load.run(server, payload, core=core, seconds=seconds, connections=32)
            rates.append(found.rate * payload.images)
    return {"name": name, "engine": engine, "rates": rates, "pss_mb": server.memory() / 1e6}


if __name__ == "__main__":
    main()
