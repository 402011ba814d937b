"""Large work goes piece by piece through threads, and small work comes between."""

import asyncio
import threading
from collections.abc import Callable
from typing import cast

import numpy as np
import pytest

from service import memory
from service.http import offload


class Clock:
    """An event loop's clock, timers and executor, moved on by hand."""

    def __init__(self) -> None:
        self._now = 0.0
        self._timers: list[tuple[float, Callable[..., object], tuple[object, ...]]] = []

    def time(self) -> float:
        return self._now

    def call_later(self, delay: float, call: Callable[..., object], *arguments: object) -> None:
        self._timers.append((self._now + delay, call, arguments))

    def run_in_executor(self, _: object, call: Callable[[], object]) -> None:
        call()

    def advance(self, seconds: float) -> None:
        end = self._now + seconds
        while due := [timer for timer in self._timers if timer[0] <= end]:
            timer = min(due, key=lambda one: one[0])
            self._timers.remove(timer)
            self._now = timer[0]
            timer[1](*timer[2])
        self._now = end


@pytest.mark.parametrize("threads", [1, 3])
def test_a_batch_in_pieces_comes_back_in_order_and_small_work_comes_between(threads: int) -> None:
    batch = np.arange(2_000, dtype=np.float32)[:, np.newaxis]
    used: set[int] = set()
    together = threading.Barrier(threads)

    def work(piece: offload.Array) -> offload.Array:
        if len(used) < threads:  # the first piece of each waits for the others': all of them work
            used.add(threading.get_ident())
            together.wait(10)
        return piece * 2

    async def both() -> list[str]:
        offload.set_threads(threads)
        order: list[str] = []

        async def large() -> None:
            np.testing.assert_array_equal(await offload.run_in_pieces(work, batch), batch * 2)
            order.append("large")

        async def small() -> None:
            await offload.run(lambda: None)
            order.append("small")

        await asyncio.gather(large(), small())
        return order

    try:
        assert asyncio.run(both()) == ["small", "large"]
        assert len(used) == threads
    finally:
        offload.set_threads(1)


def test_memory_is_given_back_once_there_has_been_no_large_work_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed: list[float] = []  # what glibc gives back depends on what else is in its memory
    monkeypatch.setattr(offload, "_trimming", None)
    for loop in (Clock(), Clock()):  # in another event loop, too
        monkeypatch.setattr(memory, "trim", lambda now=loop.time: trimmed.append(now()))
        for _ in range(4):
            offload._note_end(cast(asyncio.AbstractEventLoop, loop))
            loop.advance(0.5)
        loop.advance(10)
        assert trimmed == [2.5]  # a second after the last work ended at 1.5, and once for all
        trimmed.clear()


def test_memory_is_given_back_by_a_thread_of_large_work(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed = threading.Event()
    names: list[str] = []

    def trim() -> None:
        names.append(threading.current_thread().name)
        trimmed.set()

    monkeypatch.setattr(memory, "trim", trim)
    monkeypatch.setattr(offload, "_IDLE_SECONDS", 0.01)

    async def work_and_rest() -> bool:
        await offload.run(lambda: None)
        return await asyncio.to_thread(trimmed.wait, 20)

    assert asyncio.run(work_and_rest())
    assert names[0].startswith("large-work")
