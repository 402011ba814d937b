"""Rows of multi-model mode.

Source: Amazon SageMaker AI developer guide, "Custom Containers Contract for Multi-Model Mode". The model loaded is this
repository's release, which every target must be able to reach: an image has it, a command is given its path.
"""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.conftest import Sample
from tests.contract.targets import Target

MODEL = Path(__file__).parent.parent.parent / "models"
_INSIDE = "/opt/ml/models/released/model"


@pytest.fixture(scope="module")
def many(target: Target) -> Iterator[httpx.Client]:
    """A server in multi-model mode."""
    options = (f"--volume={MODEL}:{_INSIDE}:ro",)
    with target.started({"SAGEMAKER_MULTI_MODEL": "true"}, options) as running:
        running.wait_until_ready()
        with httpx.Client(base_url=running.url, timeout=60) as client:
            yield client


@pytest.fixture
def model(target: Target) -> str:
    """The folder of the model, where the target sees it."""
    return _INSIDE if hasattr(target, "image") else str(MODEL)


@pytest.fixture
def loaded(many: httpx.Client, model: str) -> Iterator[str]:
    """The name of a loaded model."""
    assert many.post("/models", json={"model_name": "one", "url": model}).status_code == 200
    yield "one"
    many.delete("/models/one")


def test_ready_without_models(many: httpx.Client) -> None:
    """/ping answers 200 before any model is loaded."""
    assert many.get("/ping").status_code == 200


def test_load_and_invoke(many: httpx.Client, loaded: str, sample: Sample) -> None:
    """POST /models loads, POST /models/{name}/invoke answers."""
    answer = many.post(f"/models/{loaded}/invoke", content=sample.body, headers=sample.headers)
    assert answer.status_code == 200, answer.text


def test_list(many: httpx.Client, loaded: str, model: str) -> None:
    """GET /models lists modelName and modelUrl."""
    assert many.get("/models").json()["models"] == [{"modelName": loaded, "modelUrl": model}]


def test_describe(many: httpx.Client, loaded: str, model: str) -> None:
    """GET /models/{name} gives modelName and modelUrl."""
    assert many.get(f"/models/{loaded}").json() == {"modelName": loaded, "modelUrl": model}


def test_load_twice(many: httpx.Client, loaded: str, model: str) -> None:
    """A model that is loaded already is answered with 409."""
    assert many.post("/models", json={"model_name": loaded, "url": model}).status_code == 409


@pytest.mark.parametrize(("method", "path"), [("GET", "/models/none"), ("DELETE", "/models/none")])
def test_not_loaded(many: httpx.Client, method: str, path: str) -> None:
    """A model that is not loaded is answered with 404."""
    assert many.request(method, path).status_code == 404


def test_invoke_not_loaded(many: httpx.Client, sample: Sample) -> None:
    """Invoking a model that is not loaded is answered with 404."""
    assert many.post("/models/none/invoke", content=sample.body, headers=sample.headers).status_code == 404


def test_unload(many: httpx.Client, model: str, sample: Sample) -> None:
    """DELETE /models/{name} unloads: invoking it is then answered with 404."""
    many.post("/models", json={"model_name": "two", "url": model})
    assert many.delete("/models/two").status_code == 200
    assert many.post("/models/two/invoke", content=sample.body, headers=sample.headers).status_code == 404


def test_out_of_memory(target: Target, model: str) -> None:
    """A model that does not fit into memory is answered with 507, so that SageMaker unloads another."""
    variables = {"SAGEMAKER_MULTI_MODEL": "true", "SERVICE_MODEL_MEMORY_MB": "1"}
    options = (f"--volume={MODEL}:{_INSIDE}:ro",)
    with target.started(variables, options) as running:
        running.wait_until_ready()
        answer = httpx.post(f"{running.url}/models", json={"model_name": "one", "url": model}, timeout=60)
        assert answer.status_code == 507
