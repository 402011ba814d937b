"""What many tests use: real test images, the whole dataset where it is installed, a started server."""

import gc
import shutil
import signal
import ssl
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from benchmarks.speed.server import free_port
from service.__main__ import main
from service.settings import allowed_cpus
from tests.contract.subject import SUBJECT, Sample, Subject
from tests.contract.targets import CommandTarget
from tests.servers import launch, wait_until_ready
from training.data.fashion_mnist import FashionMNIST, load

pytest_plugins = ["tests.aws"]

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "models"
DATA = ROOT / "tests" / "data"


def pytest_configure(config: pytest.Config) -> None:
    """Run the contract suite on this repository's server."""
    config.stash[SUBJECT] = Subject(
        sample=Sample((DATA / "coat.png").read_bytes(), "image/png"),
        target=CommandTarget(f"{sys.executable} {ROOT / 'docker' / 'entrypoint.py'}"),
        mme_model=MODELS,
        mme_small={"SERVICE_MODEL_MEMORY_MB": "1"},
    )
    # A job in a shell's background ignores Ctrl-C, and so would all that tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Tests ask over plain HTTP, thousands of times; each time httpx would read all certificates anew, 20 ms of CPU.
    ssl.create_default_context = cache(ssl.create_default_context)  # type: ignore[assignment]


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: a third of the time they wait, for servers, browsers and time limits."""
    return allowed_cpus() + 1


# By whole files, as these are shared out among processes: what takes longest, or waits longest, must not come last.
_SLOWEST_FILES = (
    "test_train", "test_contract_suite", "test_notebook", "test_training_page", "test_client_timeouts",
    "test_trainer", "test_bundle", "test_connections", "test_claims", "test_resources", "test_export",
    "test_photographs", "test_default_model", "test_run_probes", "test_sagemaker_jobs", "test_distillation",
    "test_streaming_batches",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    items.sort(
        key=lambda item: (
            _SLOWEST_FILES.index(item.path.stem) if item.path.stem in _SLOWEST_FILES else len(_SLOWEST_FILES)
        )
    )


def pytest_collection_finish() -> None:
    """Take what is imported by now, TensorFlow and all, out of the garbage collector's rounds.

    It lives until the end anyway. A full collection over it is slow, and statsmodels starts one in each test.
    """
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class Samples:
    """The first 30 test images of each class: uint8 (300, 28, 28) and (300,)."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]


@pytest.fixture(scope="session")
def samples() -> Samples:
    with np.load(DATA / "test_images.npz") as content:
        return Samples(content["images"], content["labels"])


@pytest.fixture(scope="session")
def dataset() -> FashionMNIST:
    """All of Fashion-MNIST, where this machine has it already."""
    folders = (Path("/usr/share/datasets/fashion-mnist"), Path.home() / ".keras" / "datasets" / "fashion-mnist")
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        pytest.skip("needs Fashion-MNIST: apt-get install dataset-fashion-mnist, or python -m training run once")
    return load(folder)


def png(image: Image.Image | npt.NDArray[np.uint8], **options: object) -> bytes:
    """Encode a picture as PNG."""
    return encode(image, "PNG", **options)


def encode(image: Image.Image | npt.NDArray[np.uint8], kind: str, **options: object) -> bytes:
    """Encode a picture as a file of a kind Pillow writes."""
    stream = BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(stream, kind, **options)
    return stream.getvalue()


def npy(array: npt.NDArray[np.generic]) -> bytes:
    """Encode an array as .npy."""
    stream = BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Unpack an archive, by the filter for data where Python has it, from 3.11.4 on."""
    options: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    archive.extractall(folder, **options)  # noqa: S202 (of our own making)


def slow(*values: object) -> list[Any]:
    """Mark values that a test is run with, too, but in ``make test-all`` alone."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


StartServer = Callable[..., str]


@pytest.fixture(scope="session")
def start_server() -> Iterator[StartServer]:
    """Start ``python -m service`` with further environment variables; gives its URL once /ping says 200."""
    processes: list[subprocess.Popen[str]] = []

    def start(**environment: str) -> str:
        url, process = launch(environment, output=None)
        processes.append(process)
        wait_until_ready(url, process)
        return url

    yield start
    for process in processes:
        process.terminate()
    for process in processes:
        assert process.wait(30) == 0, "the server did not end with exit status 0 on SIGTERM"


Refusal = Callable[..., tuple[int, str]]


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refusal:
    """Start the service in this process, expecting it to refuse; gives its exit status and what it said."""
    monkeypatch.setattr("service.__main__._serve", lambda *_: pytest.fail("it was not refused"))

    def start(**environment: str) -> tuple[int, str]:
        with monkeypatch.context() as variables:
            for name, value in ({"SERVICE_PORT": str(free_port())} | environment).items():
                variables.setenv(name, value)
            capsys.readouterr()
            return main([]), capsys.readouterr().err

    return start


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the released bundle."""
    return Path(shutil.copytree(MODELS, tmp_path / "models"))


@pytest.fixture(scope="session")
def url(start_server: StartServer) -> str:
    return start_server()


@pytest.fixture(scope="session")
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=60) as http:
        yield http


def assert_problem(response: httpx.Response, status: int, *words: str) -> None:
    """Check that a response is a problem document of that status whose sentence has the words."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    for word in words:
        assert word in document["detail"], document["detail"]
