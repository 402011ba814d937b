"""Slow clients, as a tool that others wrote makes them: nobody else notices."""

import shutil

import pytest

from benchmarks.reliability.slow_clients import attack, probe
from tests.conftest import StartServer


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["H", "B", "X", "R"])
def test_two_hundred_slow_clients_keep_nobody_waiting(start_server: StartServer, mode: str) -> None:
    if shutil.which("slowhttptest") is None:
        pytest.skip("needs slowhttptest: apt-get install slowhttptest")
    port = int(start_server().rsplit(":", 1)[1])
    probe(port)
    found = attack(port, mode, connections=200, seconds=8)
    assert found.probes >= 8
    assert found.failed == 0
    assert found.slowest_ms < 1_000  # other tests run beside; alone it is a tenth of that
