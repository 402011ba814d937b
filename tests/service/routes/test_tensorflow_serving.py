import asyncio
import threading
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import orjson
import pytest

from service.app import create_app
from service.inputs.batches import Batch
from service.inputs.json_images import read_json
from service.outputs import writers
from service.routes import tensorflow_serving
from service.settings import Settings

IMAGES = 1_500


async def pieces(body: bytes) -> Any:
    for start in range(0, len(body), 2**20):
        yield body[start : start + 2**20]


def test_a_large_body_and_its_answer_leave_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def noting(work: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **options: Any) -> Any:
            threads.append(threading.current_thread())
            return work(*arguments, **options)

        return noted

    monkeypatch.setattr(tensorflow_serving, "read_json", noting(read_json))
    monkeypatch.setattr(tensorflow_serving, "write_json", noting(writers.write_json))

    async def answer() -> httpx.Response:
        app = create_app(Settings())
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport) as client:
            body = orjson.dumps({"instances": np.zeros((IMAGES, 784)).tolist()})
            return await client.post("http://test/v1/models/baseline:predict", content=pieces(body), timeout=60)

    found = asyncio.run(answer())
    assert len(found.json()["predictions"]) == IMAGES
    assert len(threads) == 2
    assert threading.main_thread() not in threads


def test_what_it_writes_is_what_invocations_write() -> None:
    probabilities = np.random.default_rng(0).random((3, 10), np.float32)
    batch = Batch(np.zeros((3, 28, 28, 1), np.float32), "inputs")
    assert list(orjson.loads(writers.write_json(probabilities, batch))) == ["outputs"]
