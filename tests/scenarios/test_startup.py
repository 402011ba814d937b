"""How the service starts, and how it refuses to."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import pytest

from service.models.bundle import Bundle, BundleError
from service.models.classifier import GoldenMismatchError, Models
from service.settings import Settings, allowed_cpus, describe, variable
from tests.conftest import DATA, MODELS, ROOT, StartServer, assert_problem, free_port
from training.release.bundle import write_manifest


def refused(**environment: str) -> tuple[int, str]:
    """Start the service expecting it to end; gives its exit status and what it said."""
    variables = os.environ | {"SERVICE_PORT": str(free_port()), "SERVICE_MODEL_DIR": str(MODELS)} | environment
    ended = subprocess.run(
        [sys.executable, "-m", "service"], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60
    )
    return ended.returncode, ended.stderr


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODELS, tmp_path / "models"))


def every_file() -> list[str]:
    return sorted(path.relative_to(MODELS).as_posix() for path in MODELS.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", every_file())
def test_a_changed_byte_is_noticed_in_every_file_and_the_file_named(bundle: Path, name: str) -> None:
    path = bundle / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=Path(name).name.replace(".", r"\.")):
        Bundle(bundle)


def test_a_corrupt_bundle_ends_the_start_with_one_line(bundle: Path) -> None:
    model = bundle / "cnn_a" / "1" / "assets.extra" / "model.tflite"
    model.write_bytes(model.read_bytes()[:-1])
    status, said = refused(SERVICE_MODEL_DIR=str(bundle))
    assert status == 1
    assert said.count("\n") == 1
    assert str(model) in said
    assert "python -m training release" in said


def test_missing_files_and_folders_are_named(bundle: Path) -> None:
    (bundle / "baseline" / "1" / "saved_model.pb").unlink()
    with pytest.raises(BundleError, match=r"saved_model\.pb is listed in bundle\.json but cannot be read"):
        Bundle(bundle)
    status, said = refused(SERVICE_MODEL_DIR=str(bundle / "nowhere"))
    assert status == 1
    assert "nowhere holds no bundle.json and no SavedModel" in said
    assert "SERVICE_MODEL_DIR" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema_version": 1}, "schema version 1, this service reads 2"),
        ({"default_model": "vgg"}, "default_model vgg is not among the models"),
        ({"files": {"../secret": "0" * 64}}, "points outside the bundle"),
        ({"models": {}}, "models"),
        ({"provenance": {"commit": "forged"}}, "was changed after its release"),
    ],
)
def test_a_manifest_that_cannot_be_served_is_refused(bundle: Path, change: dict[str, object], words: str) -> None:
    path = bundle / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change, indent=2, ensure_ascii=False) + "\n")
    with pytest.raises(BundleError, match=words):
        Bundle(bundle)


def test_a_manifest_that_is_no_json_is_refused(bundle: Path) -> None:
    (bundle / "bundle.json").write_text("[1")
    with pytest.raises(BundleError, match=r"bundle\.json cannot be read"):
        Bundle(bundle)
    (bundle / "bundle.json").write_text("[1]")
    with pytest.raises(BundleError, match="schema version None"):
        Bundle(bundle)


def test_a_model_that_does_not_reproduce_its_golden_samples_is_not_served(bundle: Path) -> None:
    opened = Bundle(bundle)
    entry = opened.manifest.models["cnn_a"]
    assert entry.golden is not None
    golden = opened.path(entry.golden)
    with np.load(golden) as content:
        np.savez(golden, images=content["images"], probabilities=np.roll(content["probabilities"], 1, axis=1))
    models = Models(opened, "litert")
    with pytest.raises(GoldenMismatchError, match="cnn_a does not reproduce its golden samples"):
        models.load()
    with pytest.raises(Exception, match="cnn_a does not reproduce its golden samples"):
        models.require_ready()


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"SERVICE_PORT": "web"}, ["SERVICE_PORT=web", "integer"]),
        ({"SERVICE_PORT": "70000"}, ["SERVICE_PORT=70000", "65535"]),
        ({"SERVICE_WORKERS": "0"}, ["SERVICE_WORKERS=0", "greater than or equal to 1"]),
        ({"SERVICE_BODY_SECONDS": "inf"}, ["SERVICE_BODY_SECONDS=inf", "finite"]),
        ({"SERVICE_HOST": ""}, ["SERVICE_HOST=", "at least 1 character"]),
        ({"SERVICE_WORKER": "2"}, ["no setting SERVICE_WORKER", "SERVICE_WORKERS"]),
        ({"SERVICE_ENGINE": "onnx"}, ["SERVICE_ENGINE=onnx", "'litert' or 'tensorflow'"]),
        ({"SERVICE_MAX_BODY_MB": "-1", "SERVICE_MAX_BATCH": "0"}, ["SERVICE_MAX_BODY_MB=-1", "SERVICE_MAX_BATCH=0"]),
    ],
)
def test_bad_settings_are_named_in_one_line(environment: dict[str, str], words: list[str]) -> None:
    status, said = refused(**environment)
    assert status == 2
    assert said.count("\n") == 1
    for word in words:
        assert word in said


def test_a_taken_port_and_a_wrong_host_are_named(url: str) -> None:
    taken = url.rsplit(":", 1)[1]
    for environment, words in (
        ({"SERVICE_PORT": taken}, f"port {taken}"),
        ({"SERVICE_HOST": "no.such.host"}, "no.such.host"),
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
    port = free_port()
    settings = {"SERVICE_PORT": str(port), "SERVICE_WORKERS": "1", "SERVICE_MODEL_DIR": str(bundle)}
    process = subprocess.Popen(
        [sys.executable, "-m", "service"], cwd=ROOT, env=os.environ | settings, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=8)) as http:
            for _ in range(100):
                answer = http.get("/ping")
                if "golden" in answer.text:
                    break
                time.sleep(0.05)
            for response in (answer, http.post("/predict", content=b"x", headers={"content-type": "image/png"})):
                assert_problem(response, 503, "cnn_b does not reproduce its golden samples")
                assert response.headers["retry-after"] == "1"
            assert http.get("/experiments").status_code == 200
    finally:
        process.kill()
        process.wait()


def test_where_not_all_workers_can_be_started_the_service_ends_and_says_so() -> None:
    settings = {"SERVICE_PORT": str(free_port()), "SERVICE_WORKERS": "8", "SERVICE_MODEL_DIR": str(MODELS)}
    command = ["bash", "-c", 'ulimit -n 18; exec "$0" -m service', sys.executable]  # descriptors for two or three
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 3
    assert "not all workers could be started (Too many open files); the service ends" in ended.stderr


def test_every_setting_is_in_help() -> None:
    said = describe()
    for name, field in Settings.model_fields.items():
        if field.description:
            assert f"  {variable(name, field)} " in said


def test_workers_default_to_the_containers_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.settings._CGROUP", tmp_path)
    affinity = allowed_cpus()
    for content, expected in (("max 100000", affinity), ("100000 100000", 1), ("50000 100000", 1), ("junk", affinity)):
        (tmp_path / "cpu.max").write_text(content)
        assert allowed_cpus() == expected


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


def test_tensorflow_gives_the_same_answers(start_server: StartServer, client: httpx.Client) -> None:
    tensorflow = start_server(SERVICE_ENGINE="tensorflow")
    for name in ("sneaker", "shirt"):
        content = (DATA / f"{name}.png").read_bytes()
        headers = {"content-type": "image/png"}
        theirs = httpx.post(f"{tensorflow}/compare", content=content, headers=headers, timeout=60).json()["predictions"]
        ours = client.post("/compare", content=content, headers=headers).json()["predictions"]
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
    assert_problem(httpx.get(f"{url}/experiments"), 404, "carries no report")
    answer = httpx.post(
        f"{url}/predict", content=(DATA / "bag.png").read_bytes(), headers={"content-type": "image/png"}
    )
    assert (answer.json()["label"], answer.json()["model"]) == ("Bag", "baseline")
