"""What SageMaker, and TensorFlow Serving's clients, expect beyond /ping and /invocations."""

import json
import os
import signal
import socket
import time

import httpx
import numpy as np
import pytest

from benchmarks.speed.server import free_port
from service.settings import Settings
from tests.conftest import DATA, assert_problem
from tests.servers import eventually, scrape, started, value

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
PNG = {"content-type": "image/png"}


def test_custom_attributes_are_given_back(client: httpx.Client) -> None:
    headers = PNG | {ATTRIBUTES: "trace=abc, tfs-model-name=cnn_b"}
    response = client.post("/invocations", content=(DATA / "bag.png").read_bytes(), headers=headers)
    assert response.headers[ATTRIBUTES] == "trace=abc, tfs-model-name=cnn_b"
    assert ATTRIBUTES not in client.post("/invocations", content=(DATA / "bag.png").read_bytes(), headers=PNG).headers


@pytest.mark.parametrize(
    ("workers", "limit", "expected"),
    [(1, 25, (1, 14)), (1, 8, (1, 8)), (4, 25, (4, 14)), (8, 25, (8, 12)), (200, 25, (200, 1))],
)
def test_execution_parameters_keep_to_the_real_limits(workers: int, limit: int, expected: tuple[int, int]) -> None:
    from service.routes.sagemaker import execution_parameters

    settings = Settings(workers=workers, max_body_mb=limit)
    import asyncio

    found = asyncio.run(execution_parameters(settings))
    concurrency, payload = expected
    assert found == {
        "MaxConcurrentTransforms": concurrency, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": payload,
    }  # fmt: skip


def test_execution_parameters_are_served(client: httpx.Client) -> None:
    assert client.get("/execution-parameters").json()["BatchStrategy"] == "MULTI_RECORD"


def test_a_batch_jobs_payload_raises_the_body_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().body_limit_mb == 25
    for payload, limit in (("6", 25), ("60", 60), ("0", 100)):
        monkeypatch.setenv("SAGEMAKER_MAX_PAYLOAD_IN_MB", payload)
        assert Settings().body_limit_mb == limit


def test_a_pipelines_port_goes_before_ours() -> None:
    with socket.socket() as taken:  # the service would refuse to start on it
        taken.bind(("127.0.0.1", 0))
        ours = str(taken.getsockname()[1])
        with started(SAGEMAKER_BIND_TO_PORT=str(free_port()), SERVICE_PORT=ours) as (url, _):
            assert httpx.get(f"{url}/ping").status_code == 200


def test_every_request_is_one_json_line() -> None:
    with started() as (url, process):
        headers = PNG | {"X-Amzn-SageMaker-Inference-Id": "order-7"}
        sent = (DATA / "coat.png").read_bytes()
        answer = httpx.post(f"{url}/invocations", content=sent, headers=headers)
        httpx.post(f"{url}/predict?model=vgg", content=sent, headers=PNG)
        httpx.get(f"{url}/ping")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    # While it was starting it said so on /ping; those lines are not looked at.
    first, second = (entry for line in output.splitlines() if (entry := json.loads(line))["path"] != "/ping")
    assert abs(first.pop("time") - time.time()) < 60
    assert first.pop("ms") > 0
    assert first.pop("request_id") == answer.headers["x-request-id"]
    assert first == {
        "method": "POST", "path": "/invocations", "status": 200, "model": "cnn_a_photos", "inference_id": "order-7",
        "bytes_in": len(sent), "bytes_out": len(answer.content),
    }  # fmt: skip
    assert (second["path"], second["status"]) == ("/predict", 404)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_draining_says_so_and_still_answers(workers: str) -> None:
    said: list[httpx.Response] = []

    def is_refused() -> bool:
        """Each worker learns of the end by itself: what one says counts, not what the next would."""
        said.append(httpx.get(f"{url}/ping", timeout=60))
        return said[-1].status_code == 503

    with started(SERVICE_DRAIN_SECONDS="20", SERVICE_WORKERS=workers) as (url, process):
        process.send_signal(signal.SIGTERM)
        assert eventually(is_refused)
        assert_problem(said[-1], 503, "told to stop")
        picture = (DATA / "coat.png").read_bytes()
        assert httpx.post(f"{url}/predict", content=picture, headers=PNG, timeout=60).json()["label"] == "Coat"
        os.killpg(process.pid, signal.SIGKILL)  # rather than wait for the end, which the contract suite does


def test_requests_in_flight_are_answered_before_the_end() -> None:
    import threading

    answers: list[httpx.Response] = []
    with started() as (url, process):
        body = b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (10000, 784), }"
        body = body.ljust(127) + b"\n" + bytes(10_000 * 784)
        headers = {"content-type": "application/x-npy"}
        ask = threading.Thread(
            target=lambda: answers.append(httpx.post(f"{url}/invocations", content=body, headers=headers, timeout=60))
        )
        ask.start()
        assert eventually(lambda: value(scrape(url), "service_requests_in_flight") == 1 or not ask.is_alive())
        process.send_signal(signal.SIGTERM)
        assert process.wait(25) == 0
        ask.join()
    assert np.array(answers[0].json()["predictions"]).shape == (10_000, 10)
