"""A worker that has enough to do says so at once, and is as fast as before when that is done."""

import asyncio
import os
import re
import signal
import socket
import time
from contextlib import ExitStack

import httpx
import pytest
from starlette.types import Message

from service.http.admission import Admission
from tests.conftest import DATA, StartServer, assert_problem
from tests.servers import slow_upload

PNG = {"content-type": "image/png"}
MAX_IN_FLIGHT = 2


@pytest.fixture(scope="module")
def url(start_server: StartServer) -> str:
    return start_server(SERVICE_MAX_IN_FLIGHT=str(MAX_IN_FLIGHT))


def answer(url: str) -> httpx.Response:
    return httpx.post(f"{url}/predict", content=(DATA / "coat.png").read_bytes(), headers=PNG)


def admitted_after_a_moment(url: str) -> bool:
    for _ in range(100):
        if answer(url).status_code == 200:
            return True
        time.sleep(0.05)
    return False


def test_too_many_at_once_are_refused_at_once_and_health_is_not(url: str) -> None:
    for _ in range(3):  # each round ends with disconnects, after which every place must be free again
        assert admitted_after_a_moment(url)
        with ExitStack() as open_requests:
            for _ in range(MAX_IN_FLIGHT):
                open_requests.enter_context(slow_upload(url))
            time.sleep(0.3)
            began = time.monotonic()
            refused = answer(url)
            assert time.monotonic() - began < 1
            assert_problem(
                refused, 503, f"{MAX_IN_FLIGHT} requests in flight", "SERVICE_MAX_IN_FLIGHT", "after a second"
            )
            assert refused.headers["retry-after"] == "1"
            assert httpx.get(f"{url}/ping").status_code == 200
    assert admitted_after_a_moment(url)


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
    assert admitted_after_a_moment(url)


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
