"""The rows of the table: what is compared with what, pair by pair, and which ratio is aimed at."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from statistics import median
from typing import Any

import numpy as np
import orjson

from benchmarks.speed import engine, load, payloads
from benchmarks.speed.payloads import Payload
from benchmarks.speed.server import FLOOR, Server, started


@dataclass(frozen=True)
class Row:
    """A comparison's outcome: medians over its pairs of rounds.

    Attributes:
        name: what was sent.
        against: what it is compared with: ``floor``, ``LiteRT``, ``itself``, for int8 weights ``float32``, or for
            tensors the same images as ``npy``.
        target: the ratio aimed at; None where there is none.
        ratio: of the rates in each pair of rounds, service ÷ other.
        spread: the lowest and the highest of these ratios.
        cpu_ratio: of the processor time for the same work, other ÷ service; steadier on a busy machine.
        rate: requests a second of the service.
        cpu_seconds: processor seconds of the service for 1,000 requests.
        p50, p99: latency in milliseconds while requests are always queued.

    """

    name: str
    against: str
    target: float | None
    ratio: float
    spread: tuple[float, float]
    cpu_ratio: float
    rate: float
    cpu_seconds: float
    p50: float
    p99: float


def compare(*, server_core: int, load_core: int, pairs: int, seconds: int) -> Iterator[Row]:
    """Measure every row; all servers share one core, and idle while another is measured."""
    with ExitStack() as stack:
        service = stack.enter_context(started(core=server_core))
        floor = stack.enter_context(started(FLOOR, core=server_core))
        for payload, target in (
            (payloads.png(), 0.80),
            (payloads.form(), 0.55),
            (payloads.numbers(1), 0.70),
        ):
            verify(service, floor, payload)
            yield _row(payload, service, floor, "floor", target, core=load_core, pairs=pairs, seconds=seconds)
        for payload, target in ((payloads.array(1_000), 0.93), (payloads.numbers(100), 0.80)):
            verify_batch(service, payload)
            with engine.started(payload.images, core=server_core) as alone:
                yield _row(payload, service, alone, "LiteRT", target, core=load_core, pairs=pairs, seconds=seconds)
        for count in (1, 32, 1_000):
            payload, other = payloads.tensor(count), payloads.array(count, answer=payloads.NPY)
            verify_tensor(service, payload, other)
            yield _row(
                payload, service, service, "npy", 0.95, core=load_core, pairs=pairs, seconds=seconds, theirs=other
            )
        int8 = stack.enter_context(started(core=server_core, SERVICE_PRECISION="int8"))
        for payload, target in (
            (payloads.png(), 1.15),
            (payloads.numbers(100), 1.3),
            (payloads.array(1_000), 2.2),
        ):
            yield _row(payload, int8, service, "float32", target, core=load_core, pairs=pairs, seconds=seconds)
        second_service = stack.enter_context(started(core=server_core))
        yield _row(
            payloads.png(), service, second_service, "itself", None, core=load_core, pairs=pairs, seconds=seconds
        )


def verify(service: Server, floor: Server, payload: Payload) -> None:
    """Check that the service answers as the floor does: numbers byte for byte, pictures by the classes' order."""
    answers = [load.ask(server.port, payload) for server in (service, floor)]
    if payload.path == "/predict":  # the service's probabilities may be calibrated
        said: list[Any] = [[p["class_id"] for p in orjson.loads(answer)["predictions"]] for answer in answers]
    else:
        said = answers
    if said[0] != said[1]:
        raise SystemExit(f"{payload.name}: the service answered {answers[0]!r}, the floor {answers[1]!r}")


def verify_batch(service: Server, payload: Payload) -> None:
    """Require the right answers for a batch: those to its images one by one."""
    found = np.array(orjson.loads(load.ask(service.port, payload))["predictions"])
    for index in range(0, payload.images, max(1, payload.images // 10)):
        pixels = (payloads.images(index + 1)[index] / 255).round(4 if payload.content_type.endswith("json") else 9)
        body = orjson.dumps({"instances": [pixels.tolist()]})
        one = Payload("one of the batch", payload.path, body, "application/json")
        expected = np.array(orjson.loads(load.ask(service.port, one))["predictions"])
        if not np.allclose(found[index], expected, atol=1e-5):
            raise SystemExit(f"{payload.name}: image {index} is {found[index]}, alone it is {expected}")


def verify_tensor(service: Server, payload: Payload, other: Payload) -> None:
    """Require the same probabilities of a tensor as of a .npy file, whose answer is one, too."""
    expected = np.load(BytesIO(load.ask(service.port, other)))
    if not load.ask(service.port, payload).endswith(expected.astype("<f4").tobytes()):
        raise SystemExit(f"{payload.name}: the answer is not that to {other.name}")


def _row(
    payload: Payload,
    service: Server,
    other: Server | engine.Engine,
    against: str,
    target: float | None,
    *,
    core: int,
    pairs: int,
    seconds: int,
    theirs: Payload | None = None,
) -> Row:
    send = load.run if payload.images == 1 else load.run_batches
    send(service, payload, core=core, seconds=1)  # warm-up
    rounds, ratios, cpu_ratios = [], [], []
    for pair in range(pairs + 1):
        mine = send(service, payload, core=core, seconds=seconds)
        if isinstance(other, Server):
            found = send(other, theirs or payload, core=core, seconds=seconds)
            rate, cpu_seconds = found.rate, found.cpu_seconds
        else:
            alone = other.run(seconds)
            rate, cpu_seconds = alone["images"] / payload.images, alone["cpu_seconds"] * payload.images
        if pair == 0 and pairs > 1:
            continue  # the other's warm-up
        rounds.append(mine)
        ratios.append(mine.rate / rate)
        cpu_ratios.append(cpu_seconds / mine.cpu_seconds)
    return Row(
        name=payload.name,
        against=against,
        target=target,
        ratio=median(ratios),
        spread=(min(ratios), max(ratios)),
        cpu_ratio=median(cpu_ratios),
        rate=median(r.rate for r in rounds),
        cpu_seconds=median(r.cpu_seconds for r in rounds),
        p50=median(r.p50 for r in rounds),
        p99=median(r.p99 for r in rounds),
    )
