"""What arrives in one turn of the event loop is classified together, and answered as if it had come alone."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from service.arrays import Activations, Engine, Pixels, Probabilities
from service.models.bundle import Bundle
from service.models.classifier import Models
from service.models.micro_batching import MicroBatcher
from tests.conftest import MODELS, Samples, png


def picture(value: float) -> Pixels:
    return np.full((1, 28, 28, 1), value, np.float32)


class Work:
    """Gives each picture's brightness, or an error if one is negative; notes how many it was given at a time."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, pixels: Pixels) -> list[float]:
        self.sizes.append(len(pixels))
        if pixels.min() < 0:
            raise ValueError("negative")
        return [float(one.max()) for one in pixels]


class Calls:
    """An engine; notes how many images it was given at a time."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.outputs = engine.outputs
        self.sizes: list[int] = []

    def predict(self, pixels: Pixels) -> Probabilities:
        self.sizes.append(len(pixels))
        return self.engine.predict(pixels)

    def explain(self, pixels: Pixels, *names: str) -> dict[str, Activations]:
        return self.engine.explain(pixels, *names)


def test_who_comes_together_is_worked_on_together_and_gets_their_own() -> None:
    work = Work()
    batcher = MicroBatcher(work)

    async def ask() -> None:
        found = await asyncio.gather(*(batcher.submit(picture(n)) for n in range(5)))
        assert found == [0, 1, 2, 3, 4]
        assert await batcher.submit(picture(7)) == 7

    asyncio.run(ask())
    assert work.sizes == [5, 1]


def test_more_than_a_batch_is_worked_on_in_turn() -> None:
    work = Work()
    batcher = MicroBatcher(work)

    async def ask() -> None:
        assert await asyncio.gather(*(batcher.submit(picture(n)) for n in range(40))) == list(range(40))

    asyncio.run(ask())
    assert work.sizes == [16, 16, 8]


def test_an_error_is_told_to_whom_it_concerns() -> None:
    batcher = MicroBatcher(Work())

    async def ask() -> None:
        asked = (batcher.submit(picture(n)) for n in (1, -1, 2, -2))
        one, first, two, second = await asyncio.gather(*asked, return_exceptions=True)
        assert (one, two) == (1, 2)
        assert isinstance(first, ValueError)
        assert isinstance(second, ValueError)
        assert first is not second
        assert await batcher.submit(picture(3)) == 3

    asyncio.run(ask())


def test_one_who_is_gone_is_not_worked_for() -> None:
    work = Work()
    batcher = MicroBatcher(work)

    async def ask() -> None:
        gone = asyncio.create_task(batcher.submit(picture(-1)))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        assert await batcher.submit(picture(3)) == 3

    asyncio.run(ask())
    assert work.sizes == [1]


@pytest.mark.parametrize("cancelled", [0, 1, 2])
def test_one_that_is_cancelled_leaves_the_others_their_answers(cancelled: int) -> None:
    batcher = MicroBatcher(Work())

    async def ask() -> None:
        tasks = [asyncio.create_task(batcher.submit(picture(n))) for n in range(3)]
        await asyncio.sleep(0)
        tasks[cancelled].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(found[cancelled], asyncio.CancelledError)
        assert [one for one in found if not isinstance(one, BaseException)] == [n for n in range(3) if n != cancelled]

    asyncio.run(ask())


@pytest.mark.parametrize("model", ["baseline", "cnn_a", "cnn_b", "cnn_a_tuned", "cnn_a_photos"])
def test_no_digit_of_an_answer_depends_on_company(samples: Samples, model: str) -> None:
    models = Models(Bundle(Path(MODELS)), "litert")
    models.load()
    classifier = models.get(model)
    pixels = (samples.images / np.float32(255)).astype(np.float32).reshape(-1, 28, 28, 1)
    for count in (2, 3, 8, 33, len(pixels)):
        for alone, together in zip(pixels[:count], classifier.answers(pixels[:count]), strict=True):
            (expected,) = classifier.answers(alone[np.newaxis])
            np.testing.assert_array_equal(together.probabilities, expected.probabilities)
            assert (together.score, together.reliability) == (expected.score, expected.reliability)


def test_single_images_of_json_share_a_call_of_the_model_too(samples: Samples) -> None:
    models = Models(Bundle(Path(MODELS)), "litert")
    models.load()
    pixels = (samples.images[:6] / np.float32(255)).astype(np.float32).reshape(-1, 28, 28, 1)
    work = Calls(models.get().engine)
    classifier = replace(models.get(), engine=work)

    async def ask() -> list[Probabilities]:
        return await asyncio.gather(*(models.predict(classifier, one[np.newaxis]) for one in pixels))

    found = asyncio.run(ask())
    assert work.sizes == [6]
    np.testing.assert_array_equal(np.concatenate(found), models.get().engine.predict(pixels))


def test_each_of_many_clients_gets_the_answer_to_its_own_picture(client: httpx.Client, samples: Samples) -> None:
    pictures = [png(image) for image in samples.images[:16]]
    headers = {"content-type": "image/png"}
    alone = [client.post("/predict", content=content, headers=headers).json() for content in pictures]

    def counted(name: str) -> float:
        lines = client.get("/metrics").text.splitlines()
        return sum(
            float(line.rpartition(" ")[2]) for line in lines if line.startswith(f'{name}{{model="cnn_a_photos"}}')
        )

    def together() -> tuple[float, float]:
        return counted("service_images_total"), counted("service_inference_duration_seconds_count")

    before = together()
    with ThreadPoolExecutor(16) as pool:
        for _ in range(20):
            answers = pool.map(lambda content: client.post("/predict", content=content, headers=headers), pictures)
            assert [answer.json() for answer in answers] == alone
    images, calls = (after - earlier for after, earlier in zip(together(), before, strict=True))
    assert images == 20 * 16
    assert calls < images, "no two of them shared a batch"
