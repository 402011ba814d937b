"""The tables of the pages: a target that is missed says so, and where a measurement was made stands under it."""

from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import records, tables
from benchmarks.reliability.faults import Killed, Rolled, Stopped
from benchmarks.reliability.slow_clients import Attack
from benchmarks.speed.rows import Row

ROW = Row(
    name="one PNG", against="floor", target=0.75, ratio=0.74, spread=(0.7, 0.8), cpu_ratio=0.7, rate=1234.5,
    cpu_seconds=0.5, p50=1, p99=2,
)  # fmt: skip


@pytest.mark.parametrize(("target", "said"), [(0.75, " no "), (0.74, " yes "), (None, "  ")])
def test_a_row_says_whether_its_target_is_met(target: float | None, said: str) -> None:
    cells = tables.row(asdict(ROW) | {"target": target}).split("|")
    assert cells[5] == said
    assert cells[6] == " 1,234 "


def test_what_no_ratio_tells_is_compared_with_its_target() -> None:
    process = {
        "start_ms": 801, "memory_mb": 90, "half_load_p99_over_p50": 3.01, "beside_batches_p99_ms": 2.9,
        "alone_p99_ms": 100, "two_workers_over_one": 1.59,
    }  # fmt: skip
    lines = tables.bench({"rows": [], "process": process})
    assert [line.split("|")[-2].strip() for line in lines if line.startswith("| ")][-6:] == [
        "", "yes", "no", "yes", "", "no",
    ]  # fmt: skip


def test_faults_are_told_in_words() -> None:
    results = {
        "SIGKILL": asdict(Killed(requests=13_015, lost=1, lost_after=0, replaced_seconds=1.2)),
        "SIGTERM": asdict(Stopped(answered=2_063, lost=0, exit_status=0, seconds=2.5)),
        "update": asdict(Rolled(requests=3_000, lost=2, replacements=4, by_status={"200": 2_998, "502": 2})),
    }
    written = "\n".join(tables.faults({"results": results}))
    assert "| SIGKILL | requests: 13,015, lost: 1, lost after: 0, replaced seconds: 1.2 |" in written
    assert "by status: 2,998 × 200, 2 × 502 |" in written


def test_a_share_of_nothing_is_no_share() -> None:
    counts = {"report": {"converted": [1, 4], "right if not strange": [0, 0]}}
    lines = tables.pictures({"parts": ["report"], "models": {"cnn_a": counts}})
    assert lines[-1] == "| cnn_a | 25.0% (1 of 4) | – |"


def test_what_is_written_is_read_and_says_where_it_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results" / "soak.json"
    records.write(path, records.about(), results={"requests": 12_345})
    monkeypatch.setitem(tables.BLOCKS, "soak", (path, "python -m benchmarks.reliability.soak", tables.pairs))
    *table, empty, where = tables.block("soak")
    assert table[-1] == "| requests | 12,345 |"
    assert empty == ""
    about = (records.read(path) or {})["about"]
    for key in ("command", "commit", "cpu", "python", "date", "load"):
        assert str(about[key]) in where
    path.unlink()
    assert tables.block("soak") == ["Not measured for this version; `python -m benchmarks.reliability.soak` does."]


@pytest.mark.parametrize(("slowest", "failed", "said"), [(100.0, 0, "yes"), (100.1, 0, "no"), (2.0, 1, "no")])
def test_an_attack_says_whether_a_prediction_was_in_time(slowest: float, failed: int, said: str) -> None:
    attack = Attack("X", connections=1000, probes=30, failed=failed, slowest_ms=slowest)
    assert tables.slow_clients({"attacks": [asdict(attack)]})[-1].split("|")[-2].strip() == said
