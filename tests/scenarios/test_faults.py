"""Killed, told to stop, replaced, all under load; ``python -m benchmarks.reliability.faults`` is the long version."""

import shutil

import pytest

from benchmarks.reliability import faults

pytestmark = pytest.mark.slow


def test_a_killed_worker_loses_what_it_was_answering_and_nothing_after() -> None:
    killed = faults.kill_worker(seconds=1)
    assert killed.requests > 100
    assert killed.lost <= faults.CLIENTS
    assert killed.lost_after == 0
    assert killed.replaced_seconds < 10  # 1.5 is asked for on a quiet machine, which the benchmark measures


def test_told_to_stop_it_answers_what_it_has_and_ends() -> None:
    stopped = faults.stop_under_load()
    assert stopped.answered > 100
    assert (stopped.lost, stopped.exit_status) == (0, 0)
    assert stopped.seconds < 25


def test_a_rolling_update_behind_nginx_loses_nothing() -> None:
    if not (shutil.which("nginx") or shutil.which("/usr/sbin/nginx")):
        pytest.skip("needs nginx: apt-get install nginx-light")
    rolled = faults.rolling_update(requests=1_000)
    assert rolled.requests >= 1_000
    assert rolled.replacements >= 2
    assert rolled.lost == 0
