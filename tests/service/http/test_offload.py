"""Large work goes piece by piece through threads, and small work comes between."""

import asyncio
import threading

import numpy as np
import pytest

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
