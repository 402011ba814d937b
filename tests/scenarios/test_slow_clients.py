"""Slow clients, as a tool that others wrote makes them: nobody else notices."""

import shutil

import pytest

from benchmarks.reliability.slow_clients import attack, probe
from tests.conftest import StartServer


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "clients"), [("H", 200), ("B", 200), ("X", 200), ("X", 1000), ("R", 200)])
def test_slow_clients_keep_nobody_waiting(start_server: StartServer, mode: str, clients: int) -> None:
    if shutil.which("slowhttptest") is None:
        pytest.skip("needs slowhttptest: apt-get install slowhttptest")
    port = int(start_server().rsplit(":", 1)[1])
    probe(port)
    found = attack(port, mode, connections=clients, seconds=8)
    assert found.probes >= 8
    assert found.failed == 0
    assert found.slowest_ms < 5_000  # other tests run beside; alone it is less than 100
