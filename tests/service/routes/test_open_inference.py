"""The Open Inference Protocol, by Triton's own client over HTTP and by frames written out here."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from tritonclient import http as triton
from tritonclient.utils import InferenceServerException

from service.app import create_app
from service.settings import Settings
from tests.conftest import DATA

PICTURES = sorted(DATA.glob("*.png"))
PATH = "/v2/models/cnn_a/infer"


@pytest.fixture(scope="module")
def images() -> npt.NDArray[np.uint8]:
    """The pictures of tests/data that have the dataset's size, uint8 (N, 28, 28, 1)."""
    opened = [np.asarray(Image.open(path).convert("L")) for path in PICTURES]
    return np.stack([array for array in opened if array.shape == (28, 28)])[..., np.newaxis]


@pytest.fixture(scope="module")
def server(url: str) -> Iterator[Any]:
    client = triton.InferenceServerClient(urlsplit(url).netloc)
    yield client
    client.close()


@pytest.fixture
def expected(client: httpx.Client, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """What /invocations answers."""
    content = (images / np.float32(255)).astype(np.float32)
    headers = {"X-Amzn-SageMaker-Custom-Attributes": "tfs-model-name=cnn_a"}
    answer = client.post("/invocations", json={"instances": content.tolist()}, headers=headers)
    return np.array(answer.json()["predictions"], np.float32)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "JSON"])
@pytest.mark.parametrize("datatype", ["FP32", "UINT8"])
def test_tritons_client_classifies(
    server: Any, images: npt.NDArray[np.uint8], expected: npt.NDArray[np.float32], datatype: str, binary: bool
) -> None:
    values = images if datatype == "UINT8" else (images / np.float32(255)).astype(np.float32)
    tensor = triton.InferInput("images", list(values.shape), datatype)
    tensor.set_data_from_numpy(values, binary_data=binary)
    output = triton.InferRequestedOutput("probabilities", binary_data=binary)
    answer = server.infer("cnn_a", [tensor], model_version="1", outputs=[output], request_id="seven")
    assert answer.get_response()["id"] == "seven"
    np.testing.assert_allclose(answer.as_numpy("probabilities"), expected, atol=1e-6)


def test_tritons_client_asks_about_server_and_models(server: Any) -> None:
    assert server.is_server_live()
    assert server.is_server_ready()
    assert server.is_model_ready("cnn_a")
    assert not server.is_model_ready("nothing")
    assert server.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    described = server.get_model_metadata("cnn_b", "1")
    assert described["inputs"] == [{"name": "images", "datatype": "FP32", "shape": [-1, 28, 28, 1]}]
    assert described["outputs"] == [{"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]}]
    with pytest.raises(InferenceServerException, match="no model is called 'nothing'; served are"):
        server.get_model_metadata("nothing")


def tensor(**changes: Any) -> dict[str, Any]:
    return {"name": "images", "shape": [1, 784], "datatype": "FP32", "data": [0.5] * 784} | changes


@pytest.mark.parametrize(
    ("inputs", "status", "words"),
    [
        ([], 400, "'inputs' must be a list of one tensor"),
        ([tensor(name="x")], 422, "the model's is 'images'"),
        ([tensor(shape=[1, 27, 27])], 422, "1×27×27; expected a batch of 28×28"),
        ([tensor(shape=[-1, 784])], 400, "whole numbers"),
        ([tensor(shape=[0, 784], data=[])], 422, "no image"),
        ([tensor(shape=[2, 784])], 422, "asks for 1568 numbers, and 'data' has 784"),
        ([tensor(shape=[10**9, 784])], 413, "1,000,000,000 images"),
        ([tensor(datatype="BYTES")], 422, "expected FP32 (0 to 1) or UINT8 (0 to 255)"),
        ([tensor(data=[3.0] * 784)], 422, "expected 0 to 1; divide by 255"),
        ([tensor(datatype="UINT8", data=[256] * 784)], 422, "whole numbers from 0 to 255"),
        ([tensor(datatype="UINT8")], 422, "whole numbers from 0 to 255"),
        ([tensor(data=["a"] * 784)], 422, "numbers alone"),
        ([tensor(data=[[1], [1, 2]])], 422, "asks for 784 numbers, and 'data' has 3"),
        ([tensor(data=[[0.5] * 784])], 200, ""),
        ([tensor(data=None)], 400, "needs 'data'"),
        ([tensor(parameters={"binary_data_size": 3136})], 400, "send one of them"),
        ([tensor(parameters=1)], 400, "'parameters' must be an object"),
    ],
)
def test_what_is_no_tensor_of_images(client: httpx.Client, inputs: list[Any], status: int, words: str) -> None:
    answer = client.post(PATH, json={"inputs": inputs})
    assert answer.status_code == status
    if status == 200:  # nested lists are flat ones to the protocol
        assert len(answer.json()["outputs"][0]["data"]) == 10
        return
    assert answer.json()["error"] == answer.json()["detail"]
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("size", "tail", "length", "words"),
    [
        (784, b"\0" * 783, None, "783 bytes follow"),
        (783, b"\0" * 784, None, "'binary_data_size' is 783"),
        (784, b"\0" * 784, "99999", "the body has"),
        (784, b"\0" * 784, "5", "is not JSON"),
        (784, b"\0" * 784, "five", "expected a number of bytes"),
        (784, b"\0" * 784, "-1", "expected a number of bytes"),
    ],
)
def test_bytes_that_do_not_fit_the_tensor(
    client: httpx.Client, size: int, tail: bytes, length: str | None, words: str
) -> None:
    described = {"name": "images", "shape": [1, 784], "datatype": "UINT8", "parameters": {"binary_data_size": size}}
    head = json.dumps({"inputs": [described]}).encode()
    headers = {"Inference-Header-Content-Length": length or str(len(head))}
    answer = client.post(PATH, content=head + tail, headers=headers)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"outputs": [{"name": "logits"}]}, "there is 'probabilities'"),
        ({"outputs": [{"name": "probabilities", "parameters": {"classification": 3}}]}, "not spoken here"),
        ({"parameters": {"binary_data_output": 1}}, "must be true or false"),
        ({"id": 7}, "'id' must be a text"),
    ],
)
def test_answers_that_cannot_be_given(client: httpx.Client, more: dict[str, Any], words: str) -> None:
    answer = client.post(PATH, json={"inputs": [tensor()]} | more)
    assert answer.status_code in (400, 422)
    assert words in answer.json()["error"]


def test_an_empty_list_of_outputs_asks_for_all(client: httpx.Client) -> None:
    answer = client.post(PATH, json={"inputs": [tensor()], "outputs": []})
    assert [output["name"] for output in answer.json()["outputs"]] == ["probabilities"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/v2/models/cnn_a/infer?x=1", 422, "there is no parameter 'x'; this route has none"),
        ("/v2/models/nothing/infer", 404, "no model is called 'nothing'"),
        ("/v2/models/%7Bname%7D/infer", 404, "no model is called '{name}'"),
        ("/v2/models/cnn_a/versions/9/infer", 404, "cnn_a has no version '9'"),
        ("/v2/models/cnn_a/x/infer", 404, ""),
        ("/v2/models//infer", 404, ""),
    ],
)
def test_addresses_that_lead_nowhere(client: httpx.Client, path: str, status: int, words: str) -> None:
    answer = client.post(path, json={"inputs": [tensor()]})
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_a_version_is_served_by_its_own_address(client: httpx.Client) -> None:
    answer = client.post("/v2/models/cnn_a/versions/1/infer", json={"inputs": [tensor()]})
    assert (answer.json()["model_name"], answer.json()["model_version"]) == ("cnn_a", "1")


def test_requests_are_counted_by_their_route(client: httpx.Client) -> None:
    client.post(PATH, json={"inputs": [tensor()]})
    assert 'route="/v2/models/{name}/infer"' in client.get("/metrics").text


def test_not_ready_until_the_models_are_loaded() -> None:
    app = create_app(Settings())  # whose lifespan never ran

    async def ask() -> tuple[int, int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return (await client.get("/v2/health/live")).status_code, (await client.get("/v2/health/ready")).status_code

    import asyncio

    assert asyncio.run(ask()) == (200, 503)
