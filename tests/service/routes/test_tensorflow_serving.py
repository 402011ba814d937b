"""What clients of TensorFlow Serving expect."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import orjson
import pytest

from service.app import create_app
from service.inputs.batch_validation import Batch
from service.inputs.json_images import read_json
from service.outputs import writers
from service.routes import tensorflow_serving
from service.settings import Settings
from tests.conftest import assert_problem

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


def test_tensorflow_servings_status(client: httpx.Client) -> None:
    expected = {
        "model_version_status": [
            {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        ]
    }
    assert client.get("/v1/models/cnn_a").json() == expected
    assert client.get("/v1/models/cnn_a/versions/1").json() == expected


def test_tensorflow_servings_metadata(client: httpx.Client) -> None:
    for path in ("/v1/models/baseline/metadata", "/v1/models/baseline/versions/1/metadata"):
        content = client.get(path).json()
        assert content["model_spec"] == {"name": "baseline", "signature_name": "", "version": "1"}
        signature = content["metadata"]["signature_def"]["signature_def"]["serving_default"]
        sizes = [d["size"] for d in signature["inputs"]["images"]["tensor_shape"]["dim"]]
        assert sizes == ["-1", "28", "28", "1"]
        assert signature["outputs"]["probabilities"]["dtype"] == "DT_FLOAT"
        assert signature["method_name"] == "tensorflow/serving/predict"


def test_tensorflow_servings_predict(client: httpx.Client) -> None:
    image = np.zeros((28, 28, 1)).tolist()
    body = {"signature_name": "serving_default", "instances": [image, image]}
    plain = client.post("/v1/models/cnn_b:predict", json=body)
    assert np.array(plain.json()["predictions"]).shape == (2, 10)
    named = client.post("/v1/models/cnn_b/versions/1:predict", json={"instances": [{"images": image}] * 2})
    assert named.json() == plain.json()
    columns = client.post("/v1/models/cnn_b:predict", json={"inputs": {"images": [image, image]}})
    assert columns.json() == {"outputs": plain.json()["predictions"]}
    # Its clients often send no content type, or the wrong one.
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/v1/models/cnn_b:predict", content=json.dumps(body), headers=headers).json() == plain.json()


def test_tensorflow_servings_errors_have_its_member(client: httpx.Client) -> None:
    for path in ("/v1/models/vgg", "/v1/models/cnn_a/versions/9/metadata"):
        response = client.get(path)
        assert_problem(response, 404, "'")
        assert response.json()["error"] == response.json()["detail"]
    response = client.post("/v1/models/cnn_a:predict", json={"instances": [[1.0, 2.0]]})
    assert_problem(response, 422, "28×28")
    assert response.json()["error"] == response.json()["detail"]
    assert "error" not in client.get("/experiments/vgg").json()
