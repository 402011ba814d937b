"""Rows about starting and stopping; sources as in ``test_hosting``, and [P] "Create and run inference pipelines"."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from benchmarks.speed.server import free_port
from tests.contract.conftest import Sample
from tests.contract.targets import ImageTarget, Running, Target


def test_ready_means_able_to_predict(target: Target, sample: Sample) -> None:
    """The first 200 of /ping is not before the model can answer [H]."""
    with target.started() as running:
        running.wait_until_ready()
        answer = httpx.post(f"{running.url}/invocations", content=sample.body, headers=sample.headers, timeout=60)
        assert answer.status_code == 200, answer.text


def test_stops_when_told(target: Target, stop_seconds: float) -> None:
    """SIGTERM ends the container within 30 s, after which SIGKILL would come [H]; exit status 0."""
    with target.started() as running:
        running.wait_until_ready()
        running.terminate()
        assert running.exit_status(stop_seconds) == 0


@contextmanager
def slow_request(running: Running, sample: Sample) -> Iterator[list[int]]:
    """Send a request whose body takes 1.5 s to arrive; gives its status, once the block is left."""
    statuses: list[int] = []

    def pieces() -> Iterator[bytes]:
        yield sample.body[: len(sample.body) // 2]
        time.sleep(1.5)
        yield sample.body[len(sample.body) // 2 :]

    def ask() -> None:
        url = f"{running.url}/invocations"
        statuses.append(httpx.post(url, content=pieces(), headers=sample.headers, timeout=60).status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.5)
    try:
        yield statuses
    finally:
        asking.join()


def test_finishes_what_it_has(target: Target, sample: Sample, stop_seconds: float) -> None:
    """Requests accepted before SIGTERM are answered [H]."""
    with target.started() as running:
        running.wait_until_ready()
        with slow_request(running, sample) as statuses:
            running.terminate()
        assert running.exit_status(stop_seconds) == 0
    assert statuses == [200]


def test_says_that_it_is_stopping(target: Target, sample: Sample) -> None:
    """Between SIGTERM and the end /ping does not say 200; looked at while a request keeps the server alive."""
    with target.started() as running:
        running.wait_until_ready()
        with slow_request(running, sample) as statuses:
            running.terminate()
            time.sleep(0.7)
            status = running.ping()
            assert running.exit_status(0.02) is None, "it ended with a request under way"
        assert status != 200
        assert statuses == [200]


def test_binds_to_the_port_it_is_given(target: Target) -> None:
    """SAGEMAKER_BIND_TO_PORT decides the port [P]."""
    inside = free_port()
    with target.started({"SAGEMAKER_BIND_TO_PORT": str(inside)}) as running:
        if not isinstance(target, ImageTarget):
            running.url = f"http://127.0.0.1:{inside}"
        running.wait_until_ready()


def test_logs_name_the_inference_id(target: Target, sample: Sample) -> None:
    """Standard output has one JSON object a request, with the Inference-Id (what users of CloudWatch ask for)."""
    with target.started() as running:
        running.wait_until_ready()
        headers = sample.headers | {"X-Amzn-SageMaker-Inference-Id": "contract-7"}
        httpx.post(f"{running.url}/invocations", content=sample.body, headers=headers, timeout=60)
        running.terminate()
        assert running.exit_status(30) == 0
        lines = [line for line in running.output().splitlines() if "contract-7" in line]
    assert len(lines) == 1
    assert isinstance(json.loads(lines[0]), dict)


def test_read_only_and_any_user(image: ImageTarget, sample: Sample) -> None:
    """Runs with a read-only root file system but for /tmp, no capabilities, as any uid (serverless, and elsewhere)."""
    options = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=54321")
    with image.started(options=options) as running:
        running.wait_until_ready()
        answer = httpx.post(f"{running.url}/invocations", content=sample.body, headers=sample.headers, timeout=60)
        assert answer.status_code == 200, answer.text


def test_labels(image: ImageTarget) -> None:
    """The image says that it takes a port and many models: SageMaker reads both from labels [P]."""
    labels = image.labels()
    assert labels.get("com.amazonaws.sagemaker.capabilities.accept-bind-to-port") == "true"
    assert labels.get("com.amazonaws.sagemaker.capabilities.multi-models") == "true"
