"""``python -m benchmarks.speed.capacity``: how many instances a load needs, what they cost, and how a step is absorbed.

Derived from ``benchmarks/results.json``, which ``python -m benchmarks`` writes: one worker's requests a second on one
virtual CPU, the gain of a second worker, and the start of a process. ``--rate`` tells another rate. What AWS alone
knows is an assumption here, named in ``Assumptions``. Prints Markdown and draws ``benchmarks/speed/step.svg``.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import records
from benchmarks.speed.server import ROOT
from deploy.cost import LIST_PRICES
from deploy.scaling import target

INSTANCE, VIRTUAL_CPUS = "ml.m5.xlarge", 4
LOADS = (10_000, 100_000, 1_000_000)
FIGURE = Path(__file__).parent / "step.svg"


@dataclass(frozen=True)
class Assumptions:
    """What is not measured here; seconds.

    Attributes:
        metric_delay: from a minute's end until CloudWatch has its sum.
        breaching_minutes: how many minutes above the target the alarm of target tracking waits for.
        instance_start: from asking for an instance until its container starts: AWS says minutes.
        cooldown: between two scale-outs; ``deploy.scaling`` sets it.

    """

    metric_delay: float = 30
    breaching_minutes: int = 3
    instance_start: float = 180
    cooldown: float = 60


@dataclass(frozen=True)
class Step:
    """A simulated step of the load, second by second.

    Attributes:
        instances: in service.
        asked: requests a second that came.
        refused: of them, what was over all instances' capacity and got 503.

    """

    instances: list[int]
    asked: list[float]
    refused: list[float]

    @property
    def absorbed_after(self) -> int:
        """Seconds from the step until nothing is refused any more; 0 where nothing is."""
        return max((second for second, refused in enumerate(self.refused) if refused > 0), default=-1) + 1 - _BEFORE


_BEFORE, _AFTER = 300, 1500  # seconds shown


def simulate(
    capacity: float, *, before: float, factor: float, process_start: float, assumed: Assumptions, spread: float = 0.5
) -> Step:
    """Follow target tracking through a step of the load.

    Every minute the requests per instance are compared with the target, ``spread`` of the capacity. After so many
    minutes above it the number of instances becomes what the load of the last of them needs.

    Args:
        capacity: requests a second that one instance answers.
        before: requests a second before the step.
        factor: how many times as many come after it.
        process_start: seconds from a container's start to its first /ping 200.
        assumed: the rest.
        spread: the share of its capacity an instance is kept at.

    """
    wanted = math.ceil(before / (capacity * spread))
    starting: list[tuple[float, int]] = []  # when in service, and how many there are then
    in_service, above, last = wanted, 0, -math.inf
    instances, asked, refused = [], [], []
    for second in range(_BEFORE + _AFTER):
        load = before if second < _BEFORE else before * factor
        for ready, number in [s for s in starting if s[0] <= second]:
            starting.remove((ready, number))
            in_service = number
        minute_known = (second - assumed.metric_delay) % 60 == 0
        if minute_known:
            seen = before if second - assumed.metric_delay - 60 < _BEFORE else before * factor
            # SageMaker counts what reaches an instance, refused or not.
            above = above + 1 if seen / in_service > capacity * spread else 0
            needed = math.ceil(seen / (capacity * spread))
            if above >= assumed.breaching_minutes and needed > wanted and second - last >= assumed.cooldown:
                wanted, last = needed, second
                starting.append((second + assumed.instance_start + process_start, needed))
        instances.append(in_service)
        asked.append(load)
        refused.append(max(0.0, load - in_service * capacity))
    return Step(instances, asked, refused)


def main() -> None:
    """Print the plan and draw the step."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.capacity", description=__doc__)
    parser.add_argument("--rate", type=float, help="requests a second of one worker on one virtual CPU")
    options = parser.parse_args()
    measured = records.read(records.SPEED)
    if options.rate is None and measured is None:
        raise SystemExit(
            f"there is no {records.SPEED.relative_to(ROOT)}: run python -m benchmarks first, or give --rate"
        )
    rate, process_start = _measured(measured)
    capacity = (options.rate or rate) * VIRTUAL_CPUS
    print("\n".join(plan(capacity, process_start)))
    _draw(_step(capacity, 10, process_start), capacity)
    print(f"\ndrawn in {FIGURE.relative_to(ROOT)}: the step of 10 ×")


def _measured(results: dict[str, Any] | None) -> tuple[float, float]:
    """Give one worker's requests a second and the seconds a process takes to start."""
    return (results["rows"][0]["rate"], results["process"]["start_ms"] / 1e3) if results else (0, 1)


def block() -> list[str]:
    """Write the plan for the measured rate: what ``python -m docs`` puts into a page."""
    measured = records.read(records.SPEED)
    if measured is None:
        return ["Not measured for this version; `python -m benchmarks` does."]
    rate, process_start = _measured(measured)
    return [*plan(rate * VIRTUAL_CPUS, process_start), *with_int8(rate * VIRTUAL_CPUS, measured["rows"])]


def with_int8(capacity: float, rows: list[dict[str, Any]]) -> list[str]:
    """Say what the same instance does with int8 weights; nothing where that was not measured.

    The first row is the one whose rate the plan counts.
    """
    ratios = {row["name"]: row["ratio"] for row in rows if row["against"] == "float32"}
    if not ratios:
        return []
    listed = "; ".join(f"{name}: {ratio:.2f} ×" for name, ratio in ratios.items())
    faster = ratios[rows[0]["name"]]
    cost = _per_million(capacity * faster)
    return [
        "",
        f"With `SERVICE_PRECISION=int8` an instance answers more requests ({listed}). So a million predictions from "
        f"PNGs cost ${cost:.4f} at full load, and ${cost * 2:.4f} at half.",
    ]


def _per_million(capacity: float) -> float:
    return LIST_PRICES[INSTANCE] / (capacity * 3600) * 1e6


def plan(capacity: float, process_start: float) -> list[str]:
    """Write how many instances a load needs, what they cost, and how long a step of the load is refused in part.

    Args:
        capacity: requests a second that one instance answers.
        process_start: seconds from a container's start to its first /ping 200.

    """
    price = LIST_PRICES[INSTANCE]
    per_million = _per_million(capacity)
    lines = [
        f"One worker on one virtual CPU answers {capacity / VIRTUAL_CPUS:,.0f} requests a second (one PNG each), one "
        f"{INSTANCE} with {VIRTUAL_CPUS} workers {capacity:,.0f}. At ${price} an hour, a million predictions cost "
        f"${per_million:.4f} at full load, and ${per_million * 2:.4f} at half, as autoscaled. Autoscaling's target is "
        f"{target(capacity):,.0f} invocations per instance and minute.",
        "",
        "| Requests a second | Instances, at half their capacity | An hour |",
        "| ---: | ---: | ---: |",
    ]
    for load in LOADS:
        count = math.ceil(load * 60 / target(capacity))
        lines.append(f"| {load:,} | {count:,} | ${count * price:,.2f} |")
    lines += [
        "",
        "| A step of the load, from half of ten instances | Refused in part for | Refused of all in that time |",
        "| --- | ---: | ---: |",
    ]
    for factor in (2, 5, 10):
        step = _step(capacity, factor, process_start)
        after = slice(_BEFORE, _BEFORE + max(1, step.absorbed_after))
        share = sum(step.refused[after]) / sum(step.asked[after])
        lines.append(f"| {factor} × | {max(0, step.absorbed_after)} s | {share:.0%} |")
    return lines


def _step(capacity: float, factor: float, process_start: float) -> Step:
    return simulate(capacity, before=5 * capacity, factor=factor, process_start=process_start, assumed=Assumptions())


def _draw(step: Step, capacity: float) -> None:
    from training.report.figures import style

    figure = style.new(7, 3.5)
    with style.styled():
        axis = figure.add_subplot()
    minutes = [(second - _BEFORE) / 60 for second in range(len(step.asked))]
    able = [count * capacity for count in step.instances]
    axis.plot(minutes, step.asked, label="asked", color=style.LINES[0]["color"])
    axis.plot(minutes, able, label="can be answered", color=style.LINES[1]["color"], linestyle="--")
    axis.fill_between(minutes, able, step.asked, where=[r > 0 for r in step.refused], alpha=0.2, label="refused, 503")
    axis.set_xlabel("minutes after the step")
    axis.set_ylabel("requests a second")
    axis.set_ylim(bottom=0)
    axis.legend(loc="lower right")
    style.save(figure, FIGURE)


if __name__ == "__main__":
    main()
