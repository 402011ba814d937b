"""The examples of docs/deployment.md: the images in the local mode of SageMaker's SDK."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from deploy import archives
from tests.conftest import DATA, ROOT
from tests.scenarios.test_container import build, docker
from training.data.fashion_mnist import FashionMNIST

EXAMPLES = ROOT / "docs" / "examples"
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _engine() -> None:
    if shutil.which("docker") is None or docker("version", check=False).returncode:
        pytest.skip("no container engine answers (docker version)")
    if docker("compose", "version", check=False).returncode and shutil.which("docker-compose") is None:
        pytest.skip("local mode needs docker compose")


def run(script: str, image: str, *arguments: Path) -> "subprocess.CompletedProcess[str]":
    program = [sys.executable, str(EXAMPLES / script), *map(str, arguments)]
    return subprocess.run(program, env=os.environ | {"IMAGE": image}, capture_output=True, text=True)


def test_the_serving_image_as_an_endpoint(tmp_path: Path) -> None:
    with (tmp_path / "model.tar.gz").open("wb") as file:
        archives.pack(ROOT / "models", file)
    ended = run("local_endpoint.py", build("serving"), tmp_path / "model.tar.gz", DATA / "ankle-boot.png")
    assert ended.returncode == 0, ended.stderr
    assert "Ankle boot\n" in ended.stdout


def test_the_training_image_as_a_job(dataset: FashionMNIST, tmp_path: Path) -> None:
    ended = run("local_training.py", build("training"), dataset.source, tmp_path)
    assert ended.returncode == 0, ended.stderr
    with tarfile.open(tmp_path / "compressed_artifacts" / "model.tar.gz") as archive:
        assert any(name.endswith("bundle.json") for name in archive.getnames())
