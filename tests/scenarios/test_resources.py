"""No room on the disk, no descriptors, no memory, a clock that jumps, a bundle that changes: said, and others answered.

The limits are set on the running server (prlimit), so that its start is not what fails.
"""

import os
import resource
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.conftest import DATA, MODELS, Refusal, assert_problem, npy, png
from tests.servers import eventually, launch, scrape, started, value, wait_until_ready, workers

PNG = {"content-type": "image/png"}
NPY = {"content-type": "application/x-npy", "accept": "application/jsonlines"}
MB = 1024 * 1024


class Limited:
    """A server of its own, whose limits may be changed."""

    def __init__(self, **environment: str) -> None:
        # Each thread's own 64 MB of address space would be room for what a limit is to refuse.
        settings = {"SERVICE_MAX_BODY_MB": "300", "MALLOC_ARENA_MAX": "1"} | environment
        self.url, self.process = launch(settings, output=None)
        wait_until_ready(self.url, self.process)
        (self.worker,) = workers(self.process.pid)

    def limit(self, kind: int, most: int) -> None:
        resource.prlimit(self.worker, kind, (most, resource.RLIM_INFINITY if most == -1 else most))

    def answers(self) -> bool:
        answer = httpx.post(f"{self.url}/predict", content=(DATA / "coat.png").read_bytes(), headers=PNG, timeout=30)
        return bool(answer.status_code == 200 and answer.json()["label"] == "Coat")


@pytest.fixture
def server() -> Iterator[Limited]:
    started = Limited()
    yield started
    started.process.terminate()
    assert started.process.wait(30) == 0


def test_a_full_disk_refuses_large_bodies_and_nothing_else(server: Limited) -> None:
    body = npy(np.zeros((25_000, 28, 28), np.float32))  # 78 MB, so that it goes through a file
    server.limit(resource.RLIMIT_FSIZE, 32 * MB)
    for _ in range(3):
        answer = httpx.post(f"{server.url}/invocations", content=body, headers=NPY, timeout=60)
        assert_problem(answer, 503, "which cannot be written (File too large)", "TMPDIR")
        assert answer.headers["retry-after"] == "10"
        assert server.answers()


def test_without_descriptors_new_connections_are_hung_up_on_and_others_answered(server: Limited) -> None:
    server.limit(resource.RLIMIT_NOFILE, 64)
    address = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    with httpx.Client(base_url=server.url, timeout=60) as kept:
        assert kept.get("/ping").status_code == 200
        with ExitStack() as connections:
            opened = [connections.enter_context(socket.create_connection(address)) for _ in range(100)]
            assert eventually(lambda: len(list(Path(f"/proc/{server.worker}/fd").iterdir())) > 60)
            assert kept.get("/ping").status_code == 200  # who is connected is answered
            before = processor_seconds(server.worker)
            time.sleep(1)
            assert processor_seconds(server.worker) - before < 0.9, "it spins while it cannot accept"
            for connection in opened:
                connection.settimeout(5)
                with suppress(OSError):
                    connection.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
            answers = []
            for connection in opened:
                with suppress(OSError):
                    answers.append(connection.recv(12))
            assert {b"HTTP/1.1 200"} <= set(answers) <= {b"HTTP/1.1 200", b""}, set(answers)

    def answers_again() -> bool:  # once the server, too, has closed the connections
        with suppress(httpx.TransportError):
            return server.answers()
        return False

    assert eventually(answers_again)


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


IMAGE = b"[" + b"0," * 783 + b"0]"
SIGNED = b'{"signature_name": "serving_default", "instances": [' + b",".join([IMAGE] * 6_000) + b"]}"


@pytest.mark.parametrize("kind", ["picture", "JSON"])
def test_out_of_memory_refuses_what_is_too_large_and_nothing_else(server: Limited, kind: str) -> None:
    used = int(Path(f"/proc/{server.worker}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    assert server.answers()
    if kind == "JSON":
        path, content, headers = "/invocations", SIGNED, {"content-type": "application/json"}
    else:
        content = png(np.random.default_rng(0).integers(0, 255, (7_000, 7_000), np.uint8), compress_level=0)
        path, headers = "/predict", PNG
    server.limit(resource.RLIMIT_AS, used + 60 * MB)
    for _ in range(3):
        answer = httpx.post(f"{server.url}{path}", content=content, headers=headers, timeout=60)
        assert_problem(answer, 503, "not enough memory", "send it again later")
        assert server.answers()


def test_a_bundle_that_is_swapped_is_served_after_a_restart_and_not_before(refusal: Refusal, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    shutil.copytree(MODELS, folder)
    server = Limited(SERVICE_MODEL_DIR=str(folder))
    try:
        picture = (DATA / "shirt.png").read_bytes()
        before = httpx.post(f"{server.url}/compare", content=picture, headers=PNG, timeout=60).content
        report = httpx.get(f"{server.url}/experiments", timeout=60).content
        for file in folder.rglob("*"):
            if file.is_file():
                file.write_bytes(b"half of another")
        assert httpx.post(f"{server.url}/compare", content=picture, headers=PNG, timeout=60).content == before
        assert httpx.get(f"{server.url}/experiments", timeout=60).content == report
    finally:
        server.process.kill()
        server.process.wait()
    status, said = refusal(SERVICE_MODEL_DIR=str(folder))
    assert (status, said.count("\n")) == (1, 1)
    assert "bundle.json cannot be read" in said


def test_an_unreadable_bundle_is_named(refusal: Refusal) -> None:
    status, said = refusal(SERVICE_MODEL_DIR="/proc/1/root/none" if os.getuid() else "/dev/null")
    assert (status, said.count("\n")) == (1, 1)
    assert "cannot be read" in said or "holds no bundle.json" in said


def test_a_clock_that_jumps_changes_no_limit_and_no_duration(tmp_path: Path) -> None:
    """It is an hour later whenever somebody looks."""
    (tmp_path / "sitecustomize.py").write_text(
        "import itertools, time\n"
        "real, looks = time.time, itertools.count()\n"
        "time.time = lambda: real() + 3600 * next(looks)\n"
    )
    environment = {"PYTHONPATH": str(tmp_path), "SERVICE_HEADER_SECONDS": "2", "SERVICE_BODY_SECONDS": "2"}
    with started(**environment) as (url, _):
        for _ in range(20):
            answer = httpx.post(f"{url}/predict", content=(DATA / "coat.png").read_bytes(), headers=PNG, timeout=60)
            assert answer.json()["label"] == "Coat"
            time.sleep(0.05)
        seconds = value(scrape(url), "service_request_duration_seconds_sum", route="/predict")
        assert 0 < seconds < 20
        with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), timeout=30) as connection:
            began = time.monotonic()
            connection.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n")  # and no more
            assert connection.recv(1_000).startswith(b"HTTP/1.1 408")
            assert 1.5 < time.monotonic() - began < 10
