"""POST /invocations and /ping: every content type in and out, over HTTP."""

import gzip
import http.client
import json
import os
import pickle
import select
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import numpy.typing as npt
import pytest

from service.models.bundle import Bundle
from service.models.engines import LiteRTEngine
from tests.conftest import DATA, MODELS, Samples, assert_problem, npy
from tests.scenarios.test_workers import worker_ids
from tests.servers import scrape
from training.data.fashion_mnist import FashionMNIST, scale

JSON, JSON_LINES, CSV, NPY = "application/json", "application/jsonlines", "text/csv", "application/x-npy"

Array = npt.NDArray[np.float32]


def invoke(
    client: httpx.Client, content: bytes, content_type: str, accept: str = "*/*", **headers: str
) -> httpx.Response:
    every = {"content-type": content_type, "accept": accept} | headers
    return client.post("/invocations", content=content, headers=every)


def decode(response: httpx.Response) -> Array:
    kind = response.headers["content-type"].split(";")[0]
    if kind == JSON:
        (values,) = response.json().values()
        return np.array(values, np.float32)
    if kind == JSON_LINES:
        return np.array([json.loads(line) for line in response.text.splitlines()], np.float32)
    if kind == CSV:
        return np.loadtxt(BytesIO(response.content), np.float32, delimiter=",", ndmin=2)
    array: Array = np.load(BytesIO(response.content), allow_pickle=False)
    return array


@pytest.fixture(scope="module")
def pixels(samples: Samples) -> Array:
    return scale(samples.images[:40])


@pytest.fixture(scope="module")
def expected(pixels: Array) -> Array:
    bundle = Bundle(MODELS)
    entry = bundle.manifest.models[bundle.manifest.default_model]
    assert entry.litert is not None
    return LiteRTEngine(bundle.path(entry.litert)).predict(pixels)


def bodies(pixels: Array) -> list[tuple[str, bytes]]:
    squares = pixels[..., 0].tolist()
    flat = pixels.reshape(len(pixels), 784)
    return [
        (JSON, json.dumps({"instances": squares}).encode()),
        (JSON, json.dumps({"instances": pixels.tolist(), "signature_name": "serving_default"}).encode()),
        (JSON, json.dumps({"inputs": flat.tolist()}).encode()),
        (JSON, json.dumps({"inputs": {"images": squares}}).encode()),
        (JSON_LINES, "\n".join(map(json.dumps, squares)).encode()),
        (CSV, "\n".join(",".join(map(repr, row)) for row in flat.tolist()).encode()),
        (NPY, npy(pixels)),
        (NPY, npy(pixels[..., 0].astype(np.float64))),
        (NPY, npy(np.asfortranarray(flat))),
        (NPY, npy((pixels[..., 0] * 255).round().astype(np.uint8))),
    ]


@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize("accept", [JSON, JSON_LINES, CSV, NPY])
def test_every_content_type_gives_the_same_probabilities(
    client: httpx.Client, pixels: Array, expected: Array, accept: str, count: int
) -> None:
    for content_type, body in bodies(pixels[:count]):
        response = invoke(client, body, content_type, accept)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].split(";")[0] == accept
        assert response.headers["content-length"] == str(len(response.content))
        assert np.allclose(decode(response), expected[:count], atol=1e-6)


def test_the_answers_field_follows_the_requests(client: httpx.Client, pixels: Array) -> None:
    for field, answer in (("instances", "predictions"), ("inputs", "outputs")):
        response = invoke(client, json.dumps({field: pixels[:1].tolist()}).encode(), JSON)
        assert list(response.json()) == [answer]


def test_json_is_the_default_reply(client: httpx.Client, pixels: Array) -> None:
    assert invoke(client, npy(pixels), NPY).headers["content-type"] == JSON
    assert invoke(client, npy(pixels), NPY, "text/html, */*;q=0.1").headers["content-type"] == JSON
    assert invoke(client, npy(pixels), NPY, "text/csv;q=0.5, application/x-npy").headers["content-type"] == NPY


def test_a_picture_gives_probabilities_or_on_request_predicts_object(client: httpx.Client) -> None:
    content = (DATA / "dress.png").read_bytes()
    plain = invoke(client, content, "image/png")
    assert np.array(plain.json()["predictions"]).shape == (1, 10)
    verbose = invoke(client, content, "image/png", **{"X-Amzn-SageMaker-Custom-Attributes": "verbose=true"})
    assert verbose.json() == client.post("/predict", content=content, headers={"content-type": "image/png"}).json()


def test_custom_attributes_choose_the_model(client: httpx.Client, pixels: Array) -> None:
    answers = {}
    for model in ("baseline", "cnn_a", "cnn_b"):
        attributes = {"X-Amzn-SageMaker-Custom-Attributes": f"trace=1, tfs-model-name={model},tfs-model-version=1"}
        answers[model] = decode(invoke(client, npy(pixels), NPY, **attributes))
    assert not np.allclose(answers["baseline"], answers["cnn_b"])
    for wrong, words in (
        ("tfs-model-name=vgg", ["'vgg'", "baseline, cnn_a, cnn_b"]),
        ("tfs-model-version=7", ["version '7'", "1"]),
    ):
        response = invoke(client, npy(pixels), NPY, **{"X-Amzn-SageMaker-Custom-Attributes": wrong})
        assert_problem(response, 404, *words)


def changed(pixels: Array, value: float) -> Array:
    copy = pixels[:2].copy()
    copy[1, 3, 3] = value
    return copy


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), ["NaN"]),
        (float("inf"), ["NaN or infinite"]),
        (255.0, ["0 to 255", "divide by 255"]),
        (-0.5, ["-0.5 to", "expected 0 to 1"]),
    ],
)
@pytest.mark.parametrize("content_type", [JSON_LINES, CSV, NPY])
def test_pixels_out_of_range_are_refused(
    client: httpx.Client, pixels: Array, content_type: str, value: float, words: list[str]
) -> None:
    array = changed(pixels, value)
    flat = array.reshape(2, 784).tolist()
    body = {
        JSON_LINES: "\n".join(map(json.dumps, flat)).encode(),
        CSV: "\n".join(",".join(map(repr, row)) for row in flat).encode(),
        NPY: npy(array),
    }[content_type]
    response = invoke(client, body, content_type)
    if content_type == JSON_LINES and not np.isfinite(value):
        assert_problem(response, 400, "line 2 is not JSON")  # JSON has no NaN
    else:
        assert_problem(response, 422, *words)


def test_parameters_in_the_address_are_refused(client: httpx.Client) -> None:
    content, headers = (DATA / "bag.png").read_bytes(), {"content-type": "image/png"}
    response = client.post("/invocations?model=cnn_b", content=content, headers=headers)
    assert_problem(response, 422, "tfs-model-name=cnn_b")


def npy_of(dtype: npt.DTypeLike, shape: tuple[int, ...] = (1, 784)) -> bytes:
    stream = BytesIO()
    np.save(stream, np.zeros(shape, dtype), allow_pickle=True)
    return stream.getvalue()


def npy_with(shape: str) -> bytes:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(1013) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(3136)


def test_bad_npy_is_explained(client: httpx.Client) -> None:
    whole = npy_of(np.float32)
    for body, status, words in (
        (b"", 400, ["not a .npy file"]),
        (b"PK\x03\x04 an archive", 400, ["not a .npy file: it is a ZIP archive, as numpy.savez", "numpy.save(file"]),
        (pickle.dumps([0.0] * 784), 400, ["not a .npy file: it is a pickle, which is never read"]),
        (gzip.compress(whole), 400, ["not a .npy file: it is compressed with gzip"]),
        (b"[[0.5]]", 400, ["not a .npy file: it is text, such as JSON"]),
        (bytes(3136), 400, ["the body is not a .npy file; write one with numpy.save"]),
        (whole[:7], 400, ["the body is not a .npy file"]),
        (whole[:30], 400, ["the .npy file's header cannot be read"]),
        (npy_with(f"(1, 784), '{'x' * 11_000}': 0"), 400, ["the .npy file's header cannot be read"]),
        (whole[:-1], 400, ["promises shape (1, 784)", "3135 bytes"]),
        (whole + b"x", 400, ["3137 bytes"]),
        (npy_of(object), 422, ["object"]),
        (npy_of(np.int64), 422, ["int64", "uint8 from 0 to 255"]),
        (npy_of("U3"), 422, ["<U3"]),
        (npy_of(np.float32, (1, 27, 28)), 422, ["27×28"]),
        (npy_of(np.float32, ()), 422, ["single number"]),
        (npy_of(np.float32, (784,)), 422, ["is a number"]),
        (npy_of(np.float32, (0, 784)), 422, ["at least one"]),
        (npy_with("(-1, 784)"), 400, ["promises"]),
        (npy_with("(True, 784)"), 400, ["promises"]),
        (npy_with("(0, -1)"), 422, ["is -1"]),
        (npy_with("(0, 4611686018427387904)"), 422, ["each image"]),
        (npy_with(f"({'1, ' * 100})"), 422, ["each image"]),
        (
            whole.replace(b"NUMPY\x01\x00", b"NUMPY\x09\x09"),
            400,
            ["the .npy file is of version 9.9; read are 1.0, 2.0, 3.0"],
        ),
    ):
        assert_problem(invoke(client, body, NPY), status, *words)


def test_other_content_types_and_accepts_are_refused_with_the_list(client: httpx.Client, pixels: Array) -> None:
    assert_problem(invoke(client, b"x", "application/x-npz"), 415, "application/x-npz", JSON, NPY, "image/png")
    assert_problem(invoke(client, npy(pixels), NPY, "text/html"), 406, "text/html", JSON, NPY)
    assert_problem(invoke(client, npy(pixels), NPY, "application/json;q=0"), 406, JSON)


def test_batch_over_the_limit_is_refused_with_the_setting(client: httpx.Client) -> None:
    body = npy(np.zeros((10_001, 28, 28), np.uint8))
    assert_problem(invoke(client, body, NPY), 413, "10,001 images", "10,000", "SERVICE_MAX_BATCH")


def test_a_bad_picture_is_explained_as_predict_does(client: httpx.Client) -> None:
    assert_problem(invoke(client, b"text", "image/png"), 400, "not a picture")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_ping_is_200_and_empty(client: httpx.Client, method: str) -> None:
    response = client.request(method, "/ping")
    assert (response.status_code, response.content) == (200, b"")


def cpu_seconds(process: str) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime, proc_pid_stat(5)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, b'{"instances": [' + b"[]," * 8_000_000 + b"[]]}"),
        (JSON, b'{"instances": [[' + b"[]," * 8_000_000 + b"[]]]}"),
        (JSON, b'{"x": [' + b"[]," * 8_000_000 + b'[]], "instances": [[]]}'),
        (JSON, b"{" + b'"":0,' * 5_000_000 + b'"":0}'),
        (JSON_LINES, b"0\n" * 12_000_000),
        (CSV, (b",".join([b"0.123456"] * 784) + b"\n") * 3_000),
    ],
    ids=["empty lists", "nested lists", "another field's lists", "fields", "short lines", "honest rows"],
)
def test_a_body_that_takes_long_to_read_keeps_ping_answering(
    client: httpx.Client, content_type: str, body: bytes
) -> None:
    """SageMaker gives /ping 2 s. They are counted of the worker's own time: how busy the machine is changes nothing."""
    (worker,) = worker_ids(scrape(str(client.base_url)))
    with ThreadPoolExecutor(1) as background:
        url = f"{client.base_url}/invocations"
        asked = background.submit(httpx.post, url, content=body, headers={"content-type": content_type}, timeout=60)
        longest = 0.0
        while not asked.done():
            before = cpu_seconds(worker)
            assert client.get("/ping").status_code == 200
            longest = max(longest, cpu_seconds(worker) - before)
    assert asked.result().status_code in (200, 413, 422), asked.result().text
    assert longest < 2


def test_a_large_batch_does_not_keep_single_images_waiting_for_its_end(client: httpx.Client) -> None:
    """The event loop is free while a batch runs: pictures sent after it are answered before it.

    Those few that are answered while the batch is still arriving do not count.
    """
    headers = {"Content-Type": NPY, "X-Amzn-SageMaker-Custom-Attributes": "tfs-model-name=cnn_b"}
    with closing(http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=60)) as batch:
        batch.request("POST", "/invocations", npy(np.zeros((10_000, 28, 28), np.uint8)), headers)
        before = 0
        while not select.select([batch.sock], [], [], 0)[0]:  # no answer yet
            assert invoke(client, (DATA / "bag.png").read_bytes(), "image/png").status_code == 200
            before += 1
        answer = batch.getresponse()
        assert (answer.status, len(json.loads(answer.read())["predictions"])) == (200, 10_000)
    assert before > 10


@pytest.mark.parametrize("model", ["baseline", "cnn_a", "cnn_b"])
def test_served_accuracy_is_the_reported_one_exactly(client: httpx.Client, dataset: FashionMNIST, model: str) -> None:
    attributes = {"X-Amzn-SageMaker-Custom-Attributes": f"tfs-model-name={model}"}
    answers = decode(invoke(client, npy(dataset.test_images), NPY, NPY, **attributes))
    report = client.get(f"/experiments/{model}").json()
    reported = next(run["test_accuracy"] for run in report["runs"] if run["seed"] == report["served_seed"])
    assert float(np.mean(answers.argmax(axis=1) == dataset.test_labels)) == reported
    true = np.array(report["confusion_matrix"])
    assert true.sum() == 10_000
    assert true.trace() / 10_000 == reported
