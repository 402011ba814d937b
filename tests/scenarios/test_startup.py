"""How the service starts, and how it refuses to."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.conftest import DATA, ROOT, Refusal, StartServer, assert_problem
from tests.servers import eventually, launch, refused
from training.release.bundle import write_manifest


def test_a_corrupt_bundle_ends_the_start_with_one_line(refusal: Refusal, bundle: Path) -> None:
    model = bundle / "cnn_a" / "1" / "assets.extra" / "model.tflite"
    model.write_bytes(model.read_bytes()[:-1])
    status, said = refusal(SERVICE_MODEL_DIR=str(bundle))
    assert status == 1
    assert said.count("\n") == 1
    assert str(model) in said
    assert "python -m training release" in said


def test_a_taken_port_and_a_wrong_host_are_named(url: str) -> None:
    taken = url.rsplit(":", 1)[1]
    for environment, words in (
        ({"SERVICE_PORT": taken}, f"port {taken}"),
        ({"SERVICE_HOST": "host.invalid"}, "host.invalid"),  # a name that nobody may have (RFC 2606)
    ):
        status, said = refused(**environment)
        assert status == 1
        assert said.count("\n") == 1
        assert words in said
        assert "set SERVICE_HOST and SERVICE_PORT" in said


def test_ping_says_why_while_the_models_cannot_be_served(bundle: Path) -> None:
    """A golden sample that is not reproduced, in a bundle that is otherwise whole."""
    manifest = json.loads((bundle / "bundle.json").read_text())
    entry = manifest["models"]["cnn_b"]
    with np.load(bundle / entry["golden"]) as content:
        np.savez(bundle / entry["golden"], images=content["images"], probabilities=1 - content["probabilities"])
    entry["files"][entry["golden"]] = hashlib.sha256((bundle / entry["golden"]).read_bytes()).hexdigest()
    write_manifest(bundle, manifest["models"], default_model="cnn_a")
    url, process = launch({"SERVICE_MODEL_DIR": str(bundle)}, output=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=url, transport=httpx.HTTPTransport(retries=8), timeout=60) as http:
            assert eventually(lambda: "golden" in http.get("/ping").text)
            for response in (
                http.get("/ping"),
                http.post("/predict", content=b"x", headers={"content-type": "image/png"}),
            ):
                assert_problem(response, 503, "cnn_b does not reproduce its golden samples")
                assert response.headers["retry-after"] == "1"
            assert http.get("/experiments").status_code == 200
    finally:
        process.kill()
        process.wait()


def test_serving_imports_no_heavy_package() -> None:
    code = (
        "import service.app, sys; "
        "heavy = ('tensorflow', 'keras', 'sagemaker', 'matplotlib', 'pydantic.v1'); "
        "print([name for name in heavy if sys.modules.get(name)])"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_neither_half_imports_the_other() -> None:
    for half, other in (("service", "training"), ("training", "service")):
        for path in (ROOT / half).rglob("*.py"):
            assert f"from {other}" not in path.read_text(), path
            assert f"import {other}" not in path.read_text(), path


@pytest.mark.slow
def test_tensorflow_gives_the_same_answers(bundle: Path, start_server: StartServer, client: httpx.Client) -> None:
    manifest = json.loads((bundle / "bundle.json").read_text())
    two = {name: manifest["models"][name] for name in ("baseline", "cnn_a")}  # it takes seconds to load one
    write_manifest(bundle, two, default_model="cnn_a")
    tensorflow = start_server(SERVICE_ENGINE="tensorflow", SERVICE_MODEL_DIR=str(bundle))
    for name in ("sneaker", "shirt"):
        content = (DATA / f"{name}.png").read_bytes()
        headers = {"content-type": "image/png"}
        theirs = httpx.post(f"{tensorflow}/compare", content=content, headers=headers, timeout=60).json()["predictions"]
        ours = client.post("/compare", content=content, headers=headers).json()["predictions"][:2]
        for a, b in zip(theirs, ours, strict=True):
            assert (a["model"], a["label"]) == (b["model"], b["label"])
            probabilities = ({p["class_id"]: p["probability"] for p in answer["predictions"]} for answer in (a, b))
            assert next(probabilities) == pytest.approx(next(probabilities), abs=1e-5)


def test_a_service_without_a_report_still_serves(bundle: Path, start_server: StartServer) -> None:
    manifest = json.loads((bundle / "bundle.json").read_text())
    for name in manifest["files"]:
        (bundle / name).unlink()
    write_manifest(bundle, manifest["models"], default_model="baseline")
    url = start_server(SERVICE_MODEL_DIR=str(bundle))
    assert_problem(httpx.get(f"{url}/experiments", timeout=60), 404, "carries no report")
    shown = httpx.get(f"{url}/experiments", headers={"accept": "text/html"}, timeout=60)
    assert shown.status_code == 404
    assert "the served bundle carries no report" in shown.text
    picture, headers = (DATA / "bag.png").read_bytes(), {"content-type": "image/png"}
    answer = httpx.post(f"{url}/predict", content=picture, headers=headers, timeout=60)
    assert (answer.json()["label"], answer.json()["model"]) == ("Bag", "baseline")
