"""The capacity plan's arithmetic, and that benchmarks compare like with like and say what they measure."""

import subprocess
import sys

import pytest

from benchmarks.speed.capacity import Assumptions, simulate, with_int8
from benchmarks.speed.payloads import form, numbers, png
from benchmarks.speed.rows import verify, verify_batch
from benchmarks.speed.server import FLOOR, started

ASSUMED = Assumptions(metric_delay=30, breaching_minutes=3, instance_start=180, cooldown=60)


def test_a_step_within_what_is_there_refuses_nothing() -> None:
    step = simulate(100, before=500, factor=2, process_start=1, assumed=ASSUMED)
    assert step.absorbed_after <= 0
    assert step.instances[0] == 10


@pytest.mark.parametrize("factor", [4, 10])
def test_a_larger_step_is_absorbed_when_the_instances_it_needs_have_come(factor: int) -> None:
    step = simulate(100, before=500, factor=factor, process_start=1, assumed=ASSUMED)
    # Three minutes above the target, known half a minute late, and three minutes for the instances.
    assert step.absorbed_after == pytest.approx(3 * 60 + 30 + 180 + 1, abs=1)
    assert step.instances[-1] == 10 * factor
    assert max(step.refused) == 500 * factor - 10 * 100


def test_int8_costs_less_by_what_it_is_faster() -> None:
    rows = [
        {"name": "one PNG", "against": "floor", "ratio": 0.5},
        {"name": "one PNG", "against": "float32", "ratio": 1.25},
        {"name": "a batch", "against": "float32", "ratio": 2.0},
    ]
    (_, said) = with_int8(0.23 / 3600 * 1e6 / 0.01, rows)  # a cent for a million
    assert "(one PNG: 1.25 ×; a batch: 2.00 ×)" in said
    assert "$0.0080 at full load, and $0.0160 at half" in said
    assert with_int8(1, rows[:1]) == []


def test_the_floor_answers_what_the_service_answers() -> None:
    with started() as service, started(FLOOR) as floor:
        for payload in (png(), form(), numbers(1)):
            verify(service, floor, payload)
        verify_batch(service, numbers(20))
        assert service.memory() > 10e6
        assert service.cpu_seconds() > 0


def test_the_benchmark_says_what_it_measures() -> None:
    said = subprocess.check_output([sys.executable, "-m", "benchmarks", "--help"], text=True)
    assert "One core serves, another sends." in said
    assert "--pairs" in said
