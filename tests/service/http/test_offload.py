"""Large work goes piece by piece through threads, and small work comes between."""

import asyncio
import threading

import numpy as np
import pytest

from service import memory
from service.http import offload


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
    trimmed: list[str] = []  # what glibc gives back depends on what else is in its memory
    monkeypatch.setattr(memory, "trim", lambda: trimmed.append(threading.current_thread().name))
    monkeypatch.setattr(offload, "_IDLE_SECONDS", 0.2)

    async def work_and_rest() -> None:
        for _ in range(4):
            await offload.run(lambda: None)
            await asyncio.sleep(0.1)
        assert trimmed == []
        await asyncio.sleep(0.3)
        assert len(trimmed) == 1
        await asyncio.sleep(0.3)
        assert len(trimmed) == 1  # once for all

    for _ in range(2):  # in another event loop, too
        trimmed.clear()
        asyncio.run(work_and_rest())
        assert trimmed[0].startswith("large-work")
