"""The images, built and run: skipped, with the reason, where no container engine answers."""

import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from benchmarks.speed.server import free_port
from tests.conftest import DATA, ROOT, unpack
from tests.servers import answers, eventually
from training.data.fashion_mnist import CLASS_NAMES, FashionMNIST, scale

HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=12345")

pytestmark = pytest.mark.slow


def docker(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], cwd=ROOT, capture_output=True, text=True, check=check)


@pytest.fixture(scope="module", autouse=True)
def _engine() -> None:
    if shutil.which("docker") is None or docker("version", check=False).returncode:
        pytest.skip("no container engine answers (docker version)")


def build(target: str) -> str:
    tag = f"exploring-convolutional-layers:test-{target}"
    built = docker("build", "--target", target, "--tag", tag, ".", check=False)
    assert built.returncode == 0, built.stderr
    return tag


@pytest.fixture(scope="module")
def serving() -> str:
    return build("serving")


@pytest.fixture(scope="module")
def training() -> str:
    return build("training")


def test_the_image_says_what_it_is(serving: str) -> None:
    (about,) = json.loads(docker("image", "inspect", serving).stdout)
    labels = about["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "exploring-convolutional-layers"
    assert labels["org.opencontainers.image.licenses"] == "MIT"
    for capability in ("accept-bind-to-port", "multi-models"):
        assert labels[f"com.amazonaws.sagemaker.capabilities.{capability}"] == "true"


@contextmanager
def running(image: str, *options: str) -> Iterator[tuple[str, str]]:
    """Run an image as SageMaker does, ``serve`` appended; gives its URL and the container's id."""
    port = free_port()
    container = docker("run", "--detach", f"--publish=127.0.0.1:{port}:8080", *options, image, "serve").stdout.strip()
    try:
        url = f"http://127.0.0.1:{port}"
        assert eventually(lambda: answers(url)), docker("logs", container).stderr
        yield url, container
    finally:
        docker("rm", "--force", container)


def test_the_serving_image_lists_its_parts(serving: str) -> None:
    parts = json.loads(docker("run", "--rm", "--entrypoint=cat", serving, "sbom.cdx.json").stdout)
    assert parts["bomFormat"] == "CycloneDX"
    names = {component["name"] for component in parts["components"]}
    assert {"fastapi", "ai-edge-litert", "pysimdjson"} <= names
    assert not {"tensorflow", "tensorflow-cpu", "pytest"} & names


@pytest.mark.parametrize("options", [(), HARDENED, ("--cpus=1",)], ids=["root", "hardened", "one CPU"])
def test_serving_image_answers_and_stops_when_told(serving: str, options: tuple[str, ...]) -> None:
    with running(serving, *options) as (url, container):
        content = (DATA / "sneaker.png").read_bytes()
        headers = {"content-type": "image/png"}
        assert httpx.post(f"{url}/predict", files={"file": content}, timeout=60).json()["label"] == "Sneaker"
        invoked = httpx.post(f"{url}/invocations", content=content, headers=headers, timeout=60)
        (probabilities,) = invoked.json()["predictions"]
        assert CLASS_NAMES[probabilities.index(max(probabilities))] == "Sneaker"
        assert httpx.get(f"{url}/experiments", timeout=60).json()["experiments"]
        docker("stop", "--time=25", container)  # then SIGKILL, and 137
        assert json.loads(docker("inspect", container).stdout)[0]["State"]["ExitCode"] == 0


def test_serving_image_refuses_other_commands(serving: str) -> None:
    for command, words in (("train", "docker build --target training"), ("bash", "takes serve or train")):
        ended = docker("run", "--rm", serving, command, check=False)
        assert ended.returncode == 2
        assert words in ended.stderr


def test_serving_image_refuses_a_broken_mounted_bundle(serving: str, tmp_path: Path) -> None:
    (tmp_path / "something").write_text("else")
    ended = docker("run", "--rm", f"--volume={tmp_path}:/opt/ml/model:ro", serving, "serve", check=False)
    assert ended.returncode == 1
    assert "/opt/ml/model holds no bundle.json" in ended.stderr


def test_trained_in_one_image_served_by_the_other(
    serving: str, training: str, dataset: FashionMNIST, tmp_path: Path
) -> None:
    """Train, model.tar.gz, serve, invoke: one epoch of the dense network, by SageMaker's folders alone; no network."""
    config = tmp_path / "input" / "config"
    config.mkdir(parents=True)
    hyperparameters = {"experiments": "baseline", "epochs": "1"}
    (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    (tmp_path / "model").mkdir()
    mounts = (f"--volume={tmp_path}:/opt/ml", f"--volume={dataset.source}:/opt/ml/input/data/training:ro")
    trained = docker("run", "--rm", "--network=none", *mounts, training, "train", check=False)
    assert trained.returncode == 0, trained.stderr
    assert "baseline seed 0 epoch 1/1" in trained.stdout

    unpacked = through_model_tar_gz(tmp_path / "model", tmp_path)
    with running(serving, f"--volume={unpacked}:/opt/ml/model:ro", *HARDENED) as (url, _):
        picture = (DATA / "trouser.png").read_bytes()
        answer = httpx.post(f"{url}/predict", files={"file": picture}, timeout=60).json()
        assert (answer["model"], answer["label"]) == ("baseline", "Trouser")
        (experiment,) = httpx.get(f"{url}/experiments", timeout=60).json()["experiments"]
        assert experiment["seeds"] == 1
        page = httpx.get(f"{url}/experiments", headers={"accept": "text/html"}, timeout=60)
        assert page.status_code == 200, page.text
        headers = {"content-type": "image/png"}
        invoked = httpx.post(f"{url}/invocations", content=picture, headers=headers, timeout=60)
        (probabilities,) = invoked.json()["predictions"]
    # TensorFlow Serving loads the same version folder, and answers the same.
    signature = tf.saved_model.load(str(unpacked / "baseline" / "1")).signatures["serving_default"]
    pixels = scale(np.asarray(Image.open(DATA / "trouser.png"))[np.newaxis])
    assert np.allclose(signature(images=tf.constant(pixels))["probabilities"].numpy()[0], probabilities, atol=1e-5)


def through_model_tar_gz(model: Path, folder: Path) -> Path:
    """Pack what a training job left and unpack it for hosting, as SageMaker does; gives the unpacked folder."""
    packed, unpacked = folder / "model.tar.gz", folder / "unpacked"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(model, arcname=".")
    with tarfile.open(packed) as archive:
        assert all(entry.isfile() or entry.isdir() for entry in archive), "hosting refuses links"
        unpack(archive, unpacked)
    return unpacked


def test_serving_image_is_small_and_has_no_sdk(serving: str) -> None:
    (described,) = json.loads(docker("image", "inspect", serving).stdout)
    assert described["Size"] <= 300e6
    absent = "import importlib.util as u; print([n for n in ('boto3', 'sagemaker', 'tensorflow') if u.find_spec(n)])"
    assert docker("run", "--rm", "--entrypoint=python", serving, "-c", absent).stdout == "[]\n"
