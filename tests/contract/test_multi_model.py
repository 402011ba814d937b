"""Rows of multi-model mode, where the server has one: the image's label or the route GET /models says so."""

from collections.abc import Iterator

import httpx
import pytest

from .levels import MULTI_MODEL, must, ours, should
from .subject import Sample, Subject
from .targets import MULTI_MODEL_LABEL, ImageTarget, Target

_INSIDE = "/opt/ml/models/contract/model"
_ON = {"SAGEMAKER_MULTI_MODEL": "true"}
_APIS = (
    "To handle multiple models, your container must support a set of APIs that enable Amazon SageMaker AI to "
    "communicate with the container for loading, listing, getting, and unloading models as required."
)
_NOT_LOADED = "If model_name is not loaded, this API should return 404."


@pytest.fixture(scope="session")
def model(target: Target, subject: Subject) -> str:
    """The folder of the model, where the target sees it."""
    if isinstance(target, ImageTarget) and not target.has_label(MULTI_MODEL_LABEL):
        pytest.skip(f"optional, and the image has no label {MULTI_MODEL_LABEL}")
    if subject.mme_model is None:
        pytest.skip("needs --mme-model")
    return _INSIDE if isinstance(target, ImageTarget) else str(subject.mme_model)


@pytest.fixture(scope="session")
def mount(model: str, subject: Subject) -> tuple[str, ...]:
    """The option of ``docker run`` that puts the model there."""
    return (f"--volume={subject.mme_model}:{model}:ro",)


@pytest.fixture(scope="module")
def many(target: Target, mount: tuple[str, ...]) -> Iterator[httpx.Client]:
    """A server in multi-model mode."""
    with target.ready(_ON, mount) as running, httpx.Client(base_url=running.url, timeout=60) as client:
        if client.get("/models").status_code in (404, 405, 501):
            pytest.skip("optional, and there is no route GET /models")
        yield client


@pytest.fixture
def loaded(many: httpx.Client, model: str) -> Iterator[str]:
    """The name of a loaded model."""
    status = many.post("/models", json={"model_name": "one", "url": model}).status_code
    assert status == 200, f"loading a model was answered with {status}"
    yield "one"
    many.delete("/models/one")


@ours
def test_ready_without_models(many: httpx.Client) -> None:
    """/ping answers 200 before any model is loaded."""
    status = many.get("/ping").status_code
    assert status == 200, f"it answered {status}"


@must(
    MULTI_MODEL,
    f"{_APIS} … After a model is loaded, the container should be ready to serve inference requests using this "
    "model_name.",
)
def test_load_and_invoke(many: httpx.Client, loaded: str, sample: Sample) -> None:
    """POST /models loads, POST /models/{name}/invoke answers."""
    answer = many.post(f"/models/{loaded}/invoke", content=sample.body, headers=sample.headers)
    assert answer.status_code == 200, f"it answered {answer.status_code}: {answer.text[:200]}"


@must(MULTI_MODEL, _APIS)
def test_list(many: httpx.Client, loaded: str, model: str) -> None:
    """GET /models lists modelName and modelUrl."""
    found = many.get("/models").json().get("models")
    assert found == [{"modelName": loaded, "modelUrl": model}], f"it lists {found}"


@must(MULTI_MODEL, _APIS)
def test_describe(many: httpx.Client, loaded: str, model: str) -> None:
    """GET /models/{name} gives modelName and modelUrl."""
    found = many.get(f"/models/{loaded}").json()
    assert found == {"modelName": loaded, "modelUrl": model}, f"it gives {found}"


@must(MULTI_MODEL, _APIS)
def test_unload(many: httpx.Client, model: str) -> None:
    """DELETE /models/{name} unloads: GET /models lists it no more."""
    many.post("/models", json={"model_name": "two", "url": model})
    status = many.delete("/models/two").status_code
    assert status == 200, f"it answered {status}"
    found = many.get("/models").json().get("models")
    assert "two" not in [one["modelName"] for one in found], f"it lists {found}"


@should(MULTI_MODEL, "If model_name is already loaded, this API should return 409.")
def test_load_twice(many: httpx.Client, loaded: str, model: str) -> None:
    """A model that is loaded already is answered with 409."""
    status = many.post("/models", json={"model_name": loaded, "url": model}).status_code
    assert status == 409, f"it answered {status}"


@should(MULTI_MODEL, _NOT_LOADED)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_not_loaded(many: httpx.Client, method: str) -> None:
    """GET and DELETE of a model that is not loaded are answered with 404."""
    status = many.request(method, "/models/none").status_code
    assert status == 404, f"{method} was answered with {status}"


@should(MULTI_MODEL, _NOT_LOADED)
def test_invoke_not_loaded(many: httpx.Client, sample: Sample) -> None:
    """Invoking a model that is not loaded is answered with 404."""
    status = many.post("/models/none/invoke", content=sample.body, headers=sample.headers).status_code
    assert status == 404, f"it answered {status}"


@should(
    MULTI_MODEL,
    "Any time a model cannot be loaded due to lack of memory or to any other resource, this API should return a 507 "
    "HTTP status code to SageMaker AI",
)
def test_out_of_memory(target: Target, subject: Subject, model: str, mount: tuple[str, ...]) -> None:
    """A model that does not fit into memory is answered with 507, so that SageMaker unloads another."""
    if not subject.mme_small:
        pytest.skip("needs --mme-small")
    with target.ready(_ON | subject.mme_small, mount) as running:
        status = httpx.post(f"{running.url}/models", json={"model_name": "one", "url": model}, timeout=60).status_code
    assert status == 507, f"it answered {status}"
