"""Slow clients, as a tool that others wrote makes them: all others are answered meanwhile."""

import shutil

import pytest

from benchmarks.reliability.slow_clients import attack, probe
from tests.conftest import StartServer


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "clients"), [("H", 200), ("B", 200), ("X", 200), ("X", 1000), ("R", 200)])
def test_slow_clients_keep_nobody_from_an_answer(start_server: StartServer, mode: str, clients: int) -> None:
    if shutil.which("slowhttptest") is None:
        pytest.skip("needs slowhttptest: apt-get install slowhttptest")
    port = int(start_server().rsplit(":", 1)[1])
    probe(port)
    assert attack(port, mode, connections=clients, seconds=8).failed == 0  # a probe waits 10 s, then it has failed
