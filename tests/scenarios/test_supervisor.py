"""The parent and the workers it forks: real processes, killed, stopped and hung."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.reliability.clients import asking
from benchmarks.speed import server as measured
from benchmarks.speed.server import free_port
from tests.conftest import MODELS, ROOT, slow
from tests.scenarios.test_workers import predict, worker_ids
from tests.servers import answers, eventually, logging_server, scrape, started, value, workers


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def proportional_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def shared_folder(worker: int) -> Path | None:
    """Where a worker's counts are, by the files it has mapped; None while it has none yet."""
    lines = Path(f"/proc/{worker}/maps").read_text().splitlines()
    return next((Path(line.split()[-1]).parent for line in lines if line.endswith(f"_{worker}.db")), None)


def wait_until_all_serve(url: str, parent: int, count: int = 2) -> list[int]:
    """Ask until each worker's own counts have an answer; gives the workers."""

    def serves(worker: int) -> bool:
        folder = shared_folder(worker)
        counts = folder / f"counter_{worker}.db" if folder else None
        return counts is not None and counts.exists() and b"/predict" in counts.read_bytes()

    def all_serve() -> bool:
        found = workers(parent)
        return predict(url).status_code == 200 and len(found) == count and all(map(serves, found))

    assert eventually(all_serve)
    return workers(parent)


def wait_until_forked(parent: int, count: int = 2) -> list[int]:
    """Wait until there are so many workers, for the first may answer before the last is forked; gives them."""
    assert eventually(lambda: len(workers(parent)) == count)
    return workers(parent)


@pytest.mark.parametrize("mode", ["false", "true"])
def test_the_parent_runs_one_thread_and_counts_nothing(mode: str) -> None:
    with started(SERVICE_WORKERS="2", SAGEMAKER_MULTI_MODEL=mode) as (url, parent):
        assert threads(parent.pid) == 1
        found = wait_until_forked(parent.pid)
        # A worker counts from its start on; until then another one answers.
        assert eventually(lambda: {int(pid) for pid in worker_ids(scrape(url))} == set(found))
        folder = shared_folder(found[0])
        assert folder is not None
        assert not list(folder.glob(f"*_{parent.pid}.db"))


def test_workers_share_what_was_loaded_before_the_fork() -> None:
    with started(SERVICE_WORKERS="4") as (url, parent):
        found = wait_until_forked(parent.pid, 4)
        for _ in range(40):
            assert predict(url).status_code == 200
        for pid in found:
            assert proportional_megabytes(pid) < 30  # over 35 where each has loaded its own


def test_a_killed_worker_has_a_successor_at_once(tmp_path: Path) -> None:
    def answered() -> float:
        return value(scrape(url), "service_requests_total", route="/predict", method="POST", status="200")

    with logging_server(tmp_path / "log") as (url, log):
        (first,) = worker_ids(scrape(url))
        assert predict(url).status_code == 200
        assert eventually(lambda: answered() == 1)  # counted in the turn of the event loop after the answer
        os.kill(int(first), signal.SIGKILL)
        assert eventually(lambda: answers(url))
        assert worker_ids(scrape(url)) != {first}
        assert answered() == 1  # counted by who is dead
        assert predict(url).status_code == 200
        assert eventually(lambda: answered() == 2)
        said = log.read_text()
    assert f"worker {first} was ended by SIGKILL; another takes its place" in said
    assert "has done nothing" not in said  # found by its end, not by its silence, which takes seconds


def test_workers_end_when_their_parent_was_killed() -> None:
    with started(SERVICE_WORKERS="2") as (url, parent):
        found = wait_until_all_serve(url, parent.pid)
        shared = shared_folder(found[0])
        assert shared is not None
        assert shared.is_dir()
        parent.kill()
        try:
            assert eventually(lambda: all(map(gone, found)), 20), found
        finally:
            for pid in (pid for pid in found if not gone(pid)):
                os.kill(pid, signal.SIGKILL)
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/ping")
        assert not shared.exists()


def test_a_worker_that_hangs_is_replaced() -> None:
    with started(SERVICE_WORKERS="2") as (url, parent):
        hung = wait_until_all_serve(url, parent.pid)[0]  # one that has not served yet is not thought to hang
        os.kill(hung, signal.SIGSTOP)
        assert eventually(lambda: gone(hung))
        assert eventually(lambda: answers(url) and len(workers(parent.pid)) == 2)


@pytest.mark.slow
def test_a_frozen_service_goes_on_with_the_same_workers() -> None:
    with started(SERVICE_WORKERS="2") as (url, parent):
        before = wait_until_all_serve(url, parent.pid)
        for number, seconds in ((signal.SIGSTOP, 7), (signal.SIGCONT, 3)):  # longer than a worker may stand still
            for pid in (parent.pid, *before):
                os.kill(pid, number)
            time.sleep(seconds)
        assert workers(parent.pid) == before
        assert eventually(lambda: answers(url))


def test_a_worker_that_is_told_to_stop_drains_and_is_replaced() -> None:
    with measured.started(SERVICE_WORKERS="2") as server:
        told = server.workers[0]
        with asking(server.port, clients=4, keep_alive=False) as load:
            assert eventually(lambda: len(load.answered()) > 20)
            os.kill(told, signal.SIGTERM)
            assert eventually(lambda: gone(told), 20)
            assert eventually(lambda: len(server.workers) == 2, 20)
        assert not load.failed()


@pytest.mark.slow
def test_nobody_who_was_let_in_is_reset_when_the_service_ends() -> None:
    for _ in range(3):
        with measured.started(SERVICE_WORKERS="2") as server:
            with asking(server.port, clients=4, keep_alive=False) as load:
                assert eventually(lambda: len(load.answered()) > 20)
                server.process.send_signal(signal.SIGTERM)
                assert server.process.wait(20) == 0
            assert not load.failed(), [(outcome.status, outcome.seconds) for outcome in load.failed()]


def test_who_connected_and_asks_nothing_does_not_hold_up_the_end() -> None:
    with (
        started(SERVICE_HEADER_SECONDS="60") as (url, parent),
        socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1]))),
    ):
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(30) == 0


def test_signals_of_other_servers_change_nothing() -> None:
    with started(SERVICE_WORKERS="2") as (url, parent):
        before = wait_until_forked(parent.pid)
        for pid in (parent.pid, before[0]):
            for number in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU):
                os.kill(pid, number)
        time.sleep(1)
        assert workers(parent.pid) == before
        assert eventually(lambda: answers(url))


@contextmanager
def run(code: str, **environment: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve with something changed first that cannot be brought about from outside."""
    port = free_port()
    settings = {"SERVICE_PORT": str(port), "SERVICE_DRAIN_SECONDS": "0", "SERVICE_MODEL_DIR": str(MODELS)}
    script = f"import sys\n{code}\nfrom service.__main__ import main\nif __name__ == '__main__': sys.exit(main([]))"
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env=os.environ | settings | environment, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert eventually(lambda: answers(f"http://127.0.0.1:{port}"))
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.communicate(timeout=20)


REFUSING = """
import os
from errno import ENOMEM
fork, asked = os.fork, []
def refusing():
    asked.append(1)
    if len(asked) > 1:
        try: refusals = os.open(os.environ["REFUSALS"], os.O_WRONLY | os.O_APPEND)
        except FileNotFoundError: return fork()
        os.write(refusals, b".")
        os.close(refusals)
        raise OSError(ENOMEM, os.strerror(ENOMEM))
    return fork()
os.fork = refusing
"""
"""The kernel's refusal, which would take all of this machine's memory to bring about. The first worker is forked; then
each refusal is a dot in a file, until the file is removed."""


def test_a_worker_that_cannot_be_forked_is_said_and_tried_again(tmp_path: Path) -> None:
    refusals = tmp_path / "refusals"
    refusals.touch()
    with run(REFUSING, SERVICE_WORKERS="2", REFUSALS=str(refusals)) as (url, parent):
        began, before = time.monotonic(), len(refusals.read_text())
        assert eventually(lambda: len(refusals.read_text()) >= before + 2)
        assert time.monotonic() - began > 0.9  # a second lies between the two
        assert len(workers(parent.pid)) == 1
        assert eventually(lambda: answers(url))
        refusals.unlink()
        assert eventually(lambda: len(workers(parent.pid)) == 2)
        parent.terminate()
        _, said = parent.communicate(timeout=20)
    assert said.count("no worker can be forked now (Cannot allocate memory); tried again every second") >= 2
    assert parent.returncode == 0


def test_without_descriptors_the_parent_still_replaces_a_worker() -> None:
    with started(SERVICE_WORKERS="2") as (url, parent):
        old = wait_until_forked(parent.pid)
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.prlimit(parent.pid, resource.RLIMIT_NOFILE, (3, most))
        os.kill(old[0], signal.SIGKILL)
        time.sleep(2)
        assert parent.poll() is None
        assert eventually(lambda: answers(url))
        resource.prlimit(parent.pid, resource.RLIMIT_NOFILE, (most, most))
        assert eventually(lambda: len(set(workers(parent.pid)) - set(old)) == 1, 20)


ELSEWHERE = "from service.server import supervisor; supervisor.CAN_FORK = False"


@pytest.mark.parametrize("count", ["1", *slow("2")])
def test_where_there_is_no_fork_workers_are_started(count: str) -> None:
    with run(ELSEWHERE, SERVICE_WORKERS=count) as (url, parent):
        assert predict(url).status_code == 200
        assert eventually(lambda: len(worker_ids(scrape(url))) == int(count))
        parent.send_signal(signal.SIGTERM)
        parent.communicate(timeout=20)
    assert parent.returncode == 0


@pytest.mark.slow
def test_started_workers_end_when_their_parent_was_killed() -> None:
    with run(ELSEWHERE, SERVICE_WORKERS="2") as (url, parent):
        assert eventually(lambda: len(worker_ids(scrape(url))) == 2)
        orphans = [int(pid) for pid in worker_ids(scrape(url))]
        parent.kill()
        assert eventually(lambda: all(gone(pid) for pid in orphans), 20)
