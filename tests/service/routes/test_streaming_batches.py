"""What asynchronous inference and response streaming ask for: bodies of any size, bounded memory, answers in pieces."""

import asyncio
import json
from collections.abc import Iterator
from io import BytesIO

import httpx
import numpy as np
import pytest

from service.arrays import Engine
from service.errors import MalformedError, TooLargeError, UnusableError
from service.http.media_types import CSV, JSON, JSON_LINES, NPY
from service.models.bundle import Bundle
from service.models.engines import load
from service.routes import streaming_batches
from tests.conftest import MODELS, Samples, assert_problem, npy
from tests.servers import started, workers
from training.data.fashion_mnist import scale

IMAGES = 40_000
"""As float32, 125 MB."""


@pytest.fixture(scope="module")
def engine() -> Engine:
    bundle = Bundle(MODELS)
    return load("litert", bundle, bundle.manifest.models["cnn_a"])


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming_batches, "BLOCK", 7)


@pytest.mark.usefixtures("small_blocks")
def test_blocks_give_what_the_whole_gives(samples: Samples, engine: Engine) -> None:
    pixels = scale(samples.images[:40])
    flat = pixels.reshape(40, 784).tolist()
    expected = engine.predict(pixels)
    for content_type, body in (
        (NPY, npy(pixels)),
        (NPY, npy(samples.images[:40])),
        (JSON_LINES, "\n\n".join(map(json.dumps, flat)).encode()),
        (CSV, "".join(",".join(map(repr, row)) + "\r\n" for row in flat).encode()),
    ):
        answer = asyncio.run(streaming_batches.predict(BytesIO(body), content_type, JSON_LINES, engine))
        size = answer.tell()
        written = b"".join(streaming_batches.chunks(answer))
        assert len(written) == size
        assert np.allclose([json.loads(line) for line in written.splitlines()], expected, atol=1e-6)
        assert answer.closed


@pytest.mark.usefixtures("small_blocks")
def test_mistakes_are_named_where_they_are_in_the_whole(samples: Samples, engine: Engine) -> None:
    good = json.dumps(scale(samples.images[:1]).reshape(784).tolist())
    row = good.strip("[]")
    wrong = scale(samples.images[:20])
    wrong[15] = 2
    for content_type, body, kind, words in (
        (JSON_LINES, "\n".join([good] * 10 + ["[1"]).encode(), MalformedError, "line 11 is not JSON"),
        (CSV, "\n".join([row] * 16 + ["1,2"]).encode(), UnusableError, "row 17 has 2 columns"),
        (NPY, npy(wrong), UnusableError, "image 15, counted from 0, range from 2 to 2"),
        (NPY, npy(wrong)[:-1], MalformedError, "promises shape"),
        (NPY, npy(np.asfortranarray(wrong)), MalformedError, "C order"),
        (NPY, b"junk", MalformedError, r"not a \.npy file"),
        (JSON_LINES, b"\n\n" + b"1" * 70_000, MalformedError, "line 3 is longer than 65,536 bytes"),
        (JSON_LINES, b"\n" + b" " * 70_000 + good.encode(), MalformedError, "line 2 is longer than 65,536 bytes"),
        (CSV, f"{row}\n{0:070000}".encode(), MalformedError, "line 2 is longer than 65,536 bytes"),
        (JSON, b"{}", TooLargeError, f"can be {JSON_LINES}, {CSV}, {NPY}, not {JSON}"),
    ):
        file = BytesIO(body)
        with pytest.raises(kind, match=words):
            asyncio.run(streaming_batches.predict(file, content_type, JSON_LINES, engine))
        assert file.closed


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    with started(SERVICE_MAX_BODY_MB="200") as (url, process):
        (worker,) = workers(process.pid)
        yield url, worker


def peak_memory(pid: int) -> int:
    """The most memory a process ever had, in bytes (Linux)."""
    with open(f"/proc/{pid}/status") as status:  # noqa: PTH123
        (line,) = (line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def test_a_large_body_is_answered_in_bounded_memory(server: tuple[str, int], samples: Samples) -> None:
    url, pid = server
    body = npy(np.resize(scale(samples.images), (IMAGES, 28, 28, 1)))
    headers = {"content-type": NPY, "accept": "*/*"}
    before = peak_memory(pid)
    answer = httpx.post(f"{url}/invocations", content=body, headers=headers, timeout=120)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["content-type"] == JSON_LINES
    assert answer.text.count("\n") == IMAGES
    assert peak_memory(pid) - before < 60 * 1024 * 1024 < len(body)


def test_a_large_body_that_cannot_be_read_in_blocks_is_explained(server: tuple[str, int]) -> None:
    headers = {"content-type": JSON, "accept": JSON_LINES}
    response = httpx.post(f"{server[0]}/invocations", content=bytes(70 * 1024 * 1024), headers=headers, timeout=60)
    assert_problem(response, 413, "not application/json")
    headers |= {"accept": NPY}
    response = httpx.post(f"{server[0]}/invocations", content=bytes(70 * 1024 * 1024), headers=headers, timeout=60)
    assert_problem(response, 406, JSON_LINES)


def test_how_a_body_is_sent_changes_nothing(server: tuple[str, int], samples: Samples) -> None:
    """Without a Content-Length its size is known only when it has come."""
    headers = {"content-type": NPY, "accept": JSON_LINES}
    for images in (10, 25_000):
        body = npy(np.resize(scale(samples.images), (images, 28, 28, 1)))
        pieces = (body[i : i + 2**20] for i in range(0, len(body), 2**20))
        chunked = httpx.post(f"{server[0]}/invocations", content=pieces, headers=headers, timeout=120)
        whole = httpx.post(f"{server[0]}/invocations", content=body, headers=headers, timeout=120)
        assert chunked.status_code == 200, chunked.text
        assert chunked.content == whole.content


def test_json_lines_are_streamed_on_request(client: httpx.Client, samples: Samples) -> None:
    body = npy(np.resize(samples.images, (1_000, 28, 28)))
    headers = {"content-type": NPY, "accept": JSON_LINES}
    whole = client.post("/invocations", content=body, headers=headers)
    assert "content-length" in whole.headers
    streamed = headers | {"X-Amzn-SageMaker-Custom-Attributes": "stream=true"}
    with client.stream("POST", "/invocations", content=body, headers=streamed) as response:
        assert response.headers["transfer-encoding"] == "chunked"
        pieces = list(response.iter_raw())
    assert len(pieces) >= 2
    assert b"".join(pieces) == whole.content
