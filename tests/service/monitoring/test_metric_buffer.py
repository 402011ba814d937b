"""Counts reach their files once a turn of the event loop, and none is lost."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import Counter
from prometheus_client.mmap_dict import MmapedDict

from service.monitoring import metric_buffer


def made() -> Counter:
    return Counter(f"test_{uuid4().hex}", "Of this test", registry=None)


def in_file(counter: Counter) -> float:
    file = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]) / f"counter_{os.getpid()}.db"
    found = MmapedDict.read_all_values_from_file(str(file))  # type: ignore[no-untyped-call]
    return float(sum(value for key, value, _, _ in found if counter._name in key))


def test_without_an_event_loop_a_count_is_written_at_once() -> None:
    counter = made()
    counter.inc()
    assert in_file(counter) == 1


def test_a_turn_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counters = [made(), made()]
    written: list[Any] = []
    monkeypatch.setattr(metric_buffer._BufferedValue, "set", lambda self, value: written.append((self, value)))

    async def count() -> None:
        for _ in range(32):
            counters[0].inc()
        counters[1].inc(2)
        assert written == []
        await asyncio.sleep(0)

    asyncio.run(count())
    assert sorted(value for _, value in written) == [2, 32]


def test_threads_and_a_loop_lose_nothing() -> None:
    counter = made()

    def count_up() -> None:
        for _ in range(500):
            counter.inc()

    async def count() -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(4) as pool:
            threads = [loop.run_in_executor(pool, count_up) for _ in range(4)]
            for _ in range(500):
                counter.inc()
                await asyncio.sleep(0)
            await asyncio.gather(*threads)

    asyncio.run(count())
    metric_buffer.flush()
    assert in_file(counter) == 2500
