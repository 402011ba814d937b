"""Clients that take their time, send endless headers, or never read: bounded, and others are answered."""

import json
import re
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.conftest import DATA, StartServer, npy
from tests.servers import eventually

PNG = {"content-type": "image/png"}
LIMITS = {
    "SERVICE_HEADER_SECONDS": "1",
    "SERVICE_BODY_SECONDS": "1",
    "SERVICE_ANSWER_SECONDS": "1",
    "SERVICE_KEEP_ALIVE_SECONDS": "1",
    "SERVICE_MAX_HEADER_KB": "4",
}
POST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def url(start_server: StartServer) -> str:
    return start_server(**LIMITS)


@contextmanager
def connected(url: str, *, receive_buffer: int | None = None) -> Iterator[socket.socket]:
    with socket.socket() as connection:
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", int(url.rsplit(":", 1)[1])))
        yield connection


def everything(connection: socket.socket) -> bytes:
    """Read until the server closes."""
    content = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            content += piece
    return content


def drip(connection: socket.socket, content: bytes) -> bytes:
    """Send ten bytes a second until the server closes; gives what it answered."""
    answer = b""
    connection.settimeout(0.1)
    for position in range(len(content)):
        with suppress(OSError):
            connection.sendall(content[position : position + 1])
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            continue
        except ConnectionResetError:
            return answer
        if not piece:
            return answer
        answer += piece
    pytest.fail(f"after {len(content)} bytes the connection was still open")


def refusal(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"connection: close" in head
    document = json.loads(body)
    assert document["status"] == int(head.split()[1])
    return document["status"], document["detail"]


def others_are_answered(url: str) -> None:
    answer = httpx.post(f"{url}/predict", content=(DATA / "coat.png").read_bytes(), headers=PNG, timeout=60)
    assert answer.json()["label"] == "Coat"


def test_headers_that_drip_are_refused_in_time(url: str) -> None:
    with connected(url) as connection:
        status, detail = refusal(drip(connection, b"GET /ping HTTP/1.1\r\nX-Slow: " + b"x" * 300))
    assert status == 408
    assert "headers did not come within 1 s" in detail
    others_are_answered(url)


def test_a_connection_that_never_asks_is_closed(url: str) -> None:
    with connected(url) as connection:
        assert everything(connection) == b""


def test_a_connection_that_idles_after_a_request_is_closed(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert everything(connection).startswith(b"HTTP/1.1 200")


def test_a_body_that_drips_is_refused_in_time(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(POST % 1000)
        status, detail = refusal(drip(connection, bytes(300)))
    assert status == 408
    assert "body did not come within 1 s" in detail
    others_are_answered(url)


def test_a_body_that_drips_after_its_answer_is_cut(url: str) -> None:
    """The next bytes would keep Uvicorn's own timer from running."""
    with connected(url) as connection:
        connection.sendall((POST % 1000).replace(b"/predict", b"/nothing"))
        assert drip(connection, bytes(300)).startswith(b"HTTP/1.1 404")


def test_a_slow_body_at_a_fair_speed_is_read(url: str) -> None:
    """Three seconds, where one is allowed and a second more for every 10 KB."""
    body = (DATA / "coat.png").read_bytes()
    body += bytes(60_000)  # after its end, a PNG may hold anything
    with connected(url) as connection:
        connection.sendall((POST % len(body)).replace(b"Host: x", b"Host: x\r\nConnection: close"))
        for start in range(0, len(body), 10_000):
            connection.sendall(body[start : start + 10_000])
            time.sleep(0.45)
        assert everything(connection).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "headers",
    [b"X: " + b"x" * 5_000 + b"\r\n\r\n", b"X: " + b"x" * 500_000, b"".join(b"A%d: b\r\n" % i for i in range(999))],
    ids=["whole", "endless", "many"],
)
def test_headers_over_the_limit_are_refused(url: str, headers: bytes) -> None:
    with connected(url) as connection:
        with suppress(OSError):
            connection.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n" + headers)
        status, detail = refusal(everything(connection))
    assert status == 431
    assert "larger than 4 KB" in detail
    assert "SERVICE_MAX_HEADER_KB" in detail
    others_are_answered(url)


@pytest.mark.parametrize(
    "request_",
    [
        b"GARBAGE\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://x:999999/ HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["garbage", "two lengths", "length and chunks", "negative", "no path", "port"],
)
def test_what_is_no_http_is_refused_like_all_else(url: str, request_: bytes) -> None:
    with connected(url) as connection:
        connection.sendall(request_)
        answer = everything(connection)
    status, detail = refusal(answer)
    assert status == 400
    assert "no valid HTTP/1.1 request" in detail
    assert b"x-request-id: " in answer.lower()
    others_are_answered(url)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 5000 + b"\r\n\r\n", 431),
        (b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n", 400),
    ],
    ids=["garbage", "no path", "long headers", "body"],
)
@pytest.mark.parametrize("before", [1, 3])
def test_requests_before_what_is_refused_are_answered_first(
    url: str, request_: bytes, status: int, before: int
) -> None:
    content = (DATA / "coat.png").read_bytes()
    with connected(url) as connection:
        connection.sendall((POST.replace(b"/predict", b"/explain") % len(content) + content) * before + request_)
        *first, last = re.findall(rb"HTTP/1\.1 \d{3} .*?(?=HTTP/1\.1 \d{3} |$)", everything(connection), re.DOTALL)
    assert [int(answer.split()[1]) for answer in first] == [200] * before
    assert refusal(last)[0] == status


@pytest.mark.parametrize("path", ["/predict", "/nothing", "/ping"])
def test_a_body_in_bad_chunks_is_refused_and_counted(url: str, path: str) -> None:
    def refused() -> float:
        text = httpx.get(f"{url}/metrics").text
        lines = [line for line in text.splitlines() if line.startswith("service_requests_total")]
        return sum(float(line.split()[-1]) for line in lines if 'method="POST"' in line and 'status="400"' in line)

    before = refused()
    with connected(url) as connection:
        connection.sendall(b"POST " + path.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n")
        connection.sendall(b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\nno chunk\r\n")
        status, _ = refusal(everything(connection))  # one answer: two would be no JSON
    assert status == 400
    assert eventually(lambda: refused() == before + 1)


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_leaves_its_pipelined_requests_is_no_failure_of_ours(url: str, reset: bool) -> None:
    content = (DATA / "coat.png").read_bytes()
    pipelined = (POST.replace(b"/predict", b"/explain") % len(content) + content) * 8
    for _ in range(3):
        with connected(url) as connection:
            connection.sendall(pipelined)
            time.sleep(0.1)
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.5)
    others_are_answered(url)
    assert 'status="500"' not in httpx.get(f"{url}/metrics").text


def test_a_client_that_does_not_read_is_cut(url: str) -> None:
    ask = b"GET /static/swagger-ui/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
    with connected(url, receive_buffer=4096) as connection:
        connection.sendall(ask * 20)  # 28 MB, more than any kernel buffers
        assert server_holds(connection)
        assert eventually(lambda: not server_holds(connection), 25), "the server still held the connection"
    others_are_answered(url)


def server_holds(connection: socket.socket) -> bool:
    """Whether the other end is an open socket, as the kernel tells (Linux)."""
    ends = [f":{address[1]:04X}" for address in (connection.getpeername(), connection.getsockname())]
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(row[1].endswith(ends[0]) and row[2].endswith(ends[1]) and row[3] == "01" for row in rows)


def test_pipelined_requests_are_answered_in_order(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\nGET /ping HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        answers = everything(connection)
    statuses = [part[9:12] for part in answers.split(b"HTTP/1.1 ") if part]
    assert answers.count(b"HTTP/1.1 404") == answers.count(b"HTTP/1.1 200") == 20, statuses


@pytest.mark.slow
def test_the_limits_do_not_reach_the_work_itself(url: str) -> None:
    """Large work is done one after the other: the last of these waits longer for the worker than a client may take."""
    body = npy(np.zeros((10_000, 28, 28), np.uint8))
    headers = {"content-type": "application/x-npy", "accept": "application/x-npy"}
    ask = partial(httpx.post, f"{url}/invocations", content=body, headers=headers, timeout=60)
    seconds, requests = 0.0, 6
    while seconds < 2 and requests < 96:  # a fast machine needs many to be kept busy for so long
        requests *= 2
        began = time.monotonic()
        with ThreadPoolExecutor(requests) as threads:
            asked = [threads.submit(ask) for _ in range(requests)]
        assert {answer.result().status_code for answer in asked} == {200}
        seconds = time.monotonic() - began
    assert seconds > 2
