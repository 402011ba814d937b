"""Rows that a running server is asked for.

Sources: [H] Amazon SageMaker AI developer guide, "Custom Inference Code with Hosting Services"; [B] "Use Your Own
Inference Code with Batch Transform"; [E] the API reference of InvokeEndpoint; [A] "Asynchronous inference".
"""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from tests.contract.conftest import Sample


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_ping_methods(http: httpx.Client, method: str) -> None:
    """/ping answers 200 to GET [H], and to the HEAD and POST that some clients send."""
    assert http.request(method, "/ping").status_code == 200


def test_ping_under_load(http: httpx.Client, sample: Sample, server: str) -> None:
    """/ping answers within 2 s while requests are being answered [H]."""
    with ThreadPoolExecutor(16) as threads:
        asked = [
            threads.submit(httpx.post, f"{server}/invocations", content=sample.body, headers=sample.headers, timeout=60)
            for _ in range(200)
        ]
        began = time.monotonic()
        assert http.get("/ping").status_code == 200
        assert time.monotonic() - began < 2
    assert {answer.result().status_code for answer in asked} == {200}


def test_invocations_answers(http: httpx.Client, sample: Sample) -> None:
    """POST /invocations answers 200 with a body, within 60 s [H]."""
    answer = http.post("/invocations", content=sample.body, headers=sample.headers)
    assert answer.status_code == 200, answer.text
    assert answer.content


def test_content_length(http: httpx.Client, sample: Sample) -> None:
    """An answer has a Content-Length that is true; asynchronous inference needs it [A]."""
    answer = http.post("/invocations", content=sample.body, headers=sample.headers | {"accept-encoding": "identity"})
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_content_type_of_answers(http: httpx.Client, sample: Sample) -> None:
    """An answer says its Content-Type, which InvokeEndpoint passes on [E]."""
    assert http.post("/invocations", content=sample.body, headers=sample.headers).headers.get("content-type")


def test_other_headers_are_ignored(http: httpx.Client, sample: Sample) -> None:
    """Headers the container does not know change nothing [H]; custom attributes may have 1,024 characters [E]."""
    plain = http.post("/invocations", content=sample.body, headers=sample.headers)
    extra = {
        "X-Amzn-SageMaker-Custom-Attributes": "a" * 1024,
        "X-Amzn-SageMaker-Inference-Id": "i" * 64,
        "X-Amzn-SageMaker-Target-Variant": "AllTraffic",
        "X-Amzn-SageMaker-Session-Id": "s",
        "X-Something-Else": "1",
    }
    assert http.post("/invocations", content=sample.body, headers=sample.headers | extra).content == plain.content


def test_chunked_requests(http: httpx.Client, sample: Sample) -> None:
    """A request without Content-Length, sent in chunks, is answered as one with it (HTTP/1.1)."""
    plain = http.post("/invocations", content=sample.body, headers=sample.headers)
    half = len(sample.body) // 2
    chunked = http.post("/invocations", content=iter([sample.body[:half], sample.body[half:]]), headers=sample.headers)
    assert chunked.content == plain.content


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"instances": "x"}', b"\xff\xfe\x00"], ids=["empty", "cut", "text", "bytes"]
)
def test_bad_json_is_the_clients_fault(http: httpx.Client, body: bytes) -> None:
    """A body that cannot be read is answered with 4xx and a reason, which reaches the caller as OriginalMessage [E]."""
    answer = http.post("/invocations", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.status_code
    assert len(answer.text) > 10
    assert "Traceback" not in answer.text


def test_unknown_content_type_is_the_clients_fault(http: httpx.Client) -> None:
    """A content type the container does not read is answered with 415 and a reason."""
    answer = http.post("/invocations", content=b"x", headers={"content-type": "application/x-nothing"})
    assert answer.status_code == 415
    assert len(answer.text) > 10


def test_a_bad_request_harms_no_later_one(http: httpx.Client, sample: Sample) -> None:
    """After requests that failed, the same connection and others are answered as before."""
    before = http.post("/invocations", content=sample.body, headers=sample.headers).content
    for _ in range(20):
        http.post("/invocations", content=b"{", headers={"content-type": "application/json"})
    assert http.post("/invocations", content=sample.body, headers=sample.headers).content == before


def test_sockets_are_accepted_in_time(server: str, sample: Sample) -> None:
    """Connections are accepted within 250 ms, under load too [H]."""
    address = urlsplit(server)
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=server, timeout=60) as client:
            while not stop.is_set():
                client.post("/invocations", content=sample.body, headers=sample.headers)

    with ThreadPoolExecutor(8) as threads:
        asking = [threads.submit(ask) for _ in range(8)]
        slowest = 0.0
        for _ in range(100):
            began = time.monotonic()
            socket.create_connection((address.hostname or "", address.port or 80), timeout=5).close()
            slowest = max(slowest, time.monotonic() - began)
        stop.set()
    for asked in asking:
        asked.result()
    assert slowest < 0.25


def test_concurrent_answers_are_not_mixed_up(server: str, http: httpx.Client, sample: Sample) -> None:
    """Answers to concurrent requests are those to single ones."""
    alone = http.post("/invocations", content=sample.body, headers=sample.headers).content

    def ask(_: int) -> bytes:
        return httpx.post(f"{server}/invocations", content=sample.body, headers=sample.headers, timeout=60).content

    with ThreadPoolExecutor(32) as threads:
        assert set(threads.map(ask, range(200))) == {alone}


def test_a_body_of_the_largest_size_is_answered(http: httpx.Client) -> None:
    """25 MB, the most a real-time endpoint sends [E], are answered with 2xx or 4xx: no 5xx, no reset connection."""
    answer = http.post("/invocations", content=bytes(25 * 1024 * 1024), headers={"content-type": "text/csv"})
    assert answer.status_code < 500


def test_execution_parameters(http: httpx.Client) -> None:
    """GET /execution-parameters, where there is one, keeps to payload × concurrency ≤ 100 MB [B]."""
    answer = http.get("/execution-parameters")
    if answer.status_code == 404:
        pytest.skip("optional, and not there")
    parameters = json.loads(answer.text)
    assert parameters["BatchStrategy"] in ("MULTI_RECORD", "SINGLE_RECORD")
    assert 1 <= parameters["MaxConcurrentTransforms"] * parameters["MaxPayloadInMB"] <= 100
