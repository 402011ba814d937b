import asyncio
import fcntl
import os
from pathlib import Path

import httpx

from service.app import create_app
from service.settings import Settings


async def answers_while_another_worker_sums_up() -> tuple[int, bool, int]:
    app = create_app(Settings())
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        with (Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]) / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            metrics = asyncio.create_task(client.get("/metrics"))
            await asyncio.sleep(0.2)
            ping = await client.get("/ping")
            waits = not metrics.done()
        return ping.status_code, waits, (await metrics).status_code


def test_metrics_waits_for_another_worker_and_keeps_nobody_waiting() -> None:
    assert asyncio.run(asyncio.wait_for(answers_while_another_worker_sums_up(), 60)) == (200, True, 200)
