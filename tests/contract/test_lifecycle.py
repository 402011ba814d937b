"""Rows about starting and stopping."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from .levels import HOSTING, PIPELINES, must, ours, should
from .subject import Sample, Subject
from .targets import BIND_LABEL, CommandTarget, ImageTarget, Running, Target, free_port

NOTICE_SECONDS = 10
"""How long a server on a busy machine may take to notice a signal."""


@must(
    HOSTING,
    "If the container does not begin to pass health checks by consistently responding with 200s during the 8 minutes "
    "after startup, the new instance launch fails.",
)
def test_becomes_ready(target: Target) -> None:
    """GET /ping answers 200 within 8 minutes of the start."""
    with target.started() as running:
        running.wait_until_ready()


@should(
    HOSTING,
    "This indicates to SageMaker AI that the container is ready to accept inference requests at the /invocations "
    "endpoint.",
)
def test_ready_means_able_to_predict(target: Target, sample: Sample) -> None:
    """The first 200 of /ping is not before the model can answer."""
    with target.ready() as running:
        answer = sample.ask(running.url)
        assert answer.status_code == 200, f"it answered {answer.status_code}: {answer.text[:200]}"


@must(
    HOSTING,
    "This enables it to receive signals like SIGTERM and SIGKILL from the SageMaker API operations, which is a "
    "requirement. … The command sends the SIGTERM signal, then it sends the SIGKILL signal thirty seconds later.",
)
def test_stops_when_told(target: Target, subject: Subject) -> None:
    """SIGTERM ends the server within 30 s, before SIGKILL would come."""
    with target.ready() as running:
        running.terminate()
        assert running.exit_status(subject.stop_seconds) is not None, f"it ran on for {subject.stop_seconds:g} s"


@ours
def test_stops_in_good_order(target: Target, subject: Subject) -> None:
    """After SIGTERM the exit status is 0."""
    with target.ready() as running:
        running.terminate()
        status = running.exit_status(subject.stop_seconds)
    assert status == 0, f"it was {status}"


@ours
def test_finishes_what_it_has(target: Target, subject: Subject) -> None:
    """Requests accepted before SIGTERM are answered."""
    with target.ready() as running:
        with slow_request(running, subject.sample) as statuses:
            running.terminate()
            time.sleep(1)  # for it to notice
        running.exit_status(subject.stop_seconds)
    assert statuses == [200], f"the request was answered with {statuses}"


@ours
def test_says_that_it_is_stopping(target: Target, sample: Sample) -> None:
    """Between SIGTERM and the end /ping does not answer 200; looked at while a request keeps the server alive."""
    with target.ready() as running:
        with slow_request(running, sample) as statuses:
            running.terminate()
            until = time.monotonic() + NOTICE_SECONDS
            while (status := running.ping()) == 200 and time.monotonic() < until:
                time.sleep(0.05)
            ended = running.exit_status(0.02) is not None
        assert not ended, "it ended with a request under way"
        assert status != 200, f"it answered 200 for {NOTICE_SECONDS} s"
        assert statuses == [200], f"the request was answered with {statuses}"


@must(PIPELINES, "The containers in a pipeline listen on the port specified in the SAGEMAKER_BIND_TO_PORT variable")
def test_binds_to_the_port_it_is_given(target: Target) -> None:
    """SAGEMAKER_BIND_TO_PORT decides the port, where the image's label says so."""
    if isinstance(target, ImageTarget) and not target.has_label(BIND_LABEL):
        pytest.skip(f"optional, and the image has no label {BIND_LABEL}")
    if isinstance(target, CommandTarget) and target.names_its_port:
        pytest.skip("optional, and the command names its port itself")
    with target.started({"SAGEMAKER_BIND_TO_PORT": str(free_port())}) as running:
        running.wait_until_ready()


@ours
def test_logs_name_the_inference_id(target: Target, sample: Sample) -> None:
    """Standard output has one JSON object a request, with the Inference-Id."""
    with target.ready() as running:
        headers = sample.headers | {"X-Amzn-SageMaker-Inference-Id": "contract-7"}
        httpx.post(f"{running.url}/invocations", content=sample.body, headers=headers, timeout=60)
        running.terminate()
        running.exit_status(30)
        lines = [line for line in running.output().splitlines() if "contract-7" in line]
    assert len(lines) == 1, f"{len(lines)} lines have it"
    assert isinstance(json.loads(lines[0]), dict), "the line is no JSON object"


@contextmanager
def slow_request(running: Running, sample: Sample) -> Iterator[list[int | str]]:
    """Hold a request half sent while the block runs, then finish it; the list then has its status or its error."""
    outcome: list[int | str] = []
    half_sent, finish = threading.Event(), threading.Event()
    headers = sample.headers | {"content-length": str(len(sample.body))}

    def pieces() -> Iterator[bytes]:
        yield sample.body[: len(sample.body) // 2]
        half_sent.set()
        finish.wait()
        yield sample.body[len(sample.body) // 2 :]

    def ask() -> None:
        try:
            answer = httpx.post(f"{running.url}/invocations", content=pieces(), headers=headers, timeout=60)
            outcome.append(answer.status_code)
        except httpx.HTTPError as error:
            outcome.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    half_sent.wait(20)  # where nothing listens, `outcome` says so
    time.sleep(0.5)  # for it to read what it was sent
    try:
        yield outcome
    finally:
        finish.set()
        asking.join()
