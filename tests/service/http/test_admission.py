"""A worker that has enough to do says so at once, and is as fast as before when that is done."""

import asyncio
import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event

import httpx
import numpy as np
import pytest
from starlette.types import Message

from service.http.admission import Admission
from tests.conftest import DATA, StartServer, assert_problem
from tests.servers import eventually, large_batch, slow_upload

PNG = {"content-type": "image/png"}
MAX_IN_FLIGHT = 2


@pytest.fixture(scope="module")
def url(start_server: StartServer) -> str:
    return start_server(SERVICE_MAX_IN_FLIGHT=str(MAX_IN_FLIGHT))


def answer(url: str) -> httpx.Response:
    return httpx.post(f"{url}/predict", content=(DATA / "coat.png").read_bytes(), headers=PNG, timeout=60)


def is_admitted(url: str) -> bool:
    return answer(url).status_code == 200


@contextmanager
def full(url: str) -> Iterator[None]:
    """Keep every place taken but for moments: more clients than places ask for one large batch after the other."""
    stop = Event()

    def ask() -> set[int]:
        statuses = set()
        while not stop.is_set():
            statuses.add(large_batch(url))
        return statuses

    with ThreadPoolExecutor(MAX_IN_FLIGHT + 1) as threads:
        clients = [threads.submit(ask) for _ in range(MAX_IN_FLIGHT + 1)]
        try:
            yield
        finally:
            stop.set()
    assert set().union(*(client.result() for client in clients)) <= {200, 503}


def first_refusal(url: str, path: str, content: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    """Ask again, as a place may have been free, until there is none."""
    answers: list[httpx.Response] = []

    def is_refused() -> bool:
        answers.append(httpx.post(f"{url}{path}", content=content, headers=headers, timeout=60))
        return answers[-1].status_code == 503

    assert eventually(is_refused), "the batches never filled the places"
    return answers[-1]


def test_too_many_at_once_are_refused_and_health_is_not(url: str) -> None:
    for _ in range(2):  # after each round every place must be free again
        assert eventually(lambda: is_admitted(url))
        with full(url):
            refused = first_refusal(url, "/predict", (DATA / "coat.png").read_bytes(), PNG)
            assert_problem(
                refused, 503, f"{MAX_IN_FLIGHT} requests in flight", "SERVICE_MAX_IN_FLIGHT", "after a second"
            )
            assert refused.headers["retry-after"] == "1"
            for body in (b"{", json.dumps({"instances": np.zeros((1, 784)).tolist()}).encode()):
                late = first_refusal(url, "/v1/models/cnn_a:predict", body)
                assert_problem(late, 503, f"{MAX_IN_FLIGHT} requests in flight")
            for _ in range(20):
                assert httpx.get(f"{url}/ping", timeout=60).status_code == 200
                assert httpx.get(f"{url}/static/favicon.svg", timeout=60).status_code == 200
    assert eventually(lambda: is_admitted(url))


def test_a_client_that_is_slow_to_send_takes_no_place(url: str) -> None:
    with ExitStack() as open_requests:
        for _ in range(20 * MAX_IN_FLIGHT):
            open_requests.enter_context(slow_upload(url))
        for _ in range(10):
            time.sleep(0.05)
            assert answer(url).json()["label"] == "Coat"


def test_a_client_that_is_slow_to_read_takes_no_place(url: str) -> None:
    ask = b"GET /static/swagger-ui/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
    port = int(url.rsplit(":", 1)[1])
    with ExitStack() as connections:
        for _ in range(20 * MAX_IN_FLIGHT):
            connection = connections.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", port))
            connection.sendall(ask * 10)  # 14 MB, more than the kernel buffers
        for _ in range(10):
            time.sleep(0.05)
            assert answer(url).json()["label"] == "Coat"


def test_what_waits_for_its_turn_is_in_flight_too(url: str) -> None:
    """Small requests that come together are read together, and worked on one after the other."""
    port, picture = int(url.rsplit(":", 1)[1]), (DATA / "coat.png").read_bytes()
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: {len(picture)}\r\n\r\n"
    pid = int(re.search(r'process_start_time_seconds{pid="(\d+)"}', httpx.get(f"{url}/metrics").text)[1])  # type: ignore[index]
    with ExitStack() as connections:
        opened = [
            connections.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)) for _ in range(20)
        ]
        for connection in opened:  # all of them are accepted
            connection.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(10_000).startswith(b"HTTP/1.1 200")
        os.kill(pid, signal.SIGSTOP)
        for connection in opened:
            connection.sendall(head.encode() + picture)
        os.kill(pid, signal.SIGCONT)
        statuses = [connection.recv(10_000)[9:12] for connection in opened]
    assert set(statuses) == {b"200", b"503"}
    assert eventually(lambda: is_admitted(url))


def test_a_place_is_free_again_however_its_request_ended() -> None:
    async def app(*_: object) -> None:
        raise RuntimeError

    async def receive() -> Message:
        raise AssertionError

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    admission = Admission(app, max_in_flight=1)

    async def ask_twice() -> None:
        for _ in range(2):
            with pytest.raises(RuntimeError):  # the second would be refused if the first still counted
                await admission({"type": "http", "path": "/predict"}, receive, send)

    asyncio.run(ask_twice())
    assert not sent
