"""/openapi.json, as generators of clients read it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from service.app import create_app
from service.settings import Settings
from tests.conftest import DATA

Document = dict[str, Any]


@pytest.fixture(scope="module", params=["one bundle", "multi-model"])
def document(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Document:
    if request.param == "one bundle":
        return create_app(Settings()).openapi()
    folder = tmp_path_factory.mktemp("registry")
    return create_app(Settings.model_validate({"sagemaker_multi_model": True, "registry_dir": folder})).openapi()


def operations(document: Document) -> Iterator[Document]:
    for methods in document["paths"].values():
        yield from methods.values()


def test_every_operation_has_an_id_and_a_summary_of_its_own(document: Document) -> None:
    for field in ("operationId", "summary"):
        said = [operation[field] for operation in operations(document)]
        assert len(set(said)) == len(said) > 5
    for operation in operations(document):
        words = operation["operationId"].split("_")
        assert all(word.isalpha() for word in words)
        assert len(set(words)) == len(words)  # FastAPI's own repeat the path: predict_predict_post
        assert operation["summary"].lower().split() != words


def test_every_refusal_is_the_one_problem_schema(document: Document) -> None:
    reference = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operation in operations(document):
        for status, response in operation["responses"].items():
            assert status.startswith("2") or response["content"] == reference
    assert document["components"]["schemas"]["Problem"]["required"] == ["type", "title", "status", "detail"]


def test_no_parameter_in_a_path_may_be_null(document: Document) -> None:
    in_paths = [p for o in operations(document) for p in o.get("parameters", ()) if p["in"] == "path"]
    assert in_paths
    for parameter in in_paths:
        assert parameter["schema"] in ({"type": "string"}, {"$ref": "#/components/schemas/ModelName"})


def test_every_parameter_in_a_query_is_taken(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        address = path.format(name="cnn_a", version="1")
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    answer = client.request(method, address, params={parameter["name"]: "1"})
                    assert "there is no parameter" not in answer.text, (path, parameter)


def test_models_are_an_enumeration(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    served = [answer["model"] for answer in _compared(client)]
    assert document["components"]["schemas"]["ModelName"]["enum"] == served
    reference = {"$ref": "#/components/schemas/ModelName"}
    for path, name in (
        ("/predict", "model"),
        ("/v1/models/{name}:predict", "name"),
        ("/v2/models/{name}/infer", "name"),
    ):
        [schema] = [p["schema"] for p in document["paths"][path]["post"]["parameters"] if p["name"] == name]
        assert schema == reference


def test_a_batch_in_json_is_an_object_or_a_bare_list(document: Document) -> None:
    path = "/invocations" if "/invocations" in document["paths"] else "/models/{name}/invoke"
    body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert [one["type"] for one in body["anyOf"]] == ["object", "array"]


def test_examples_are_what_the_service_answers(client: httpx.Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    [image], [prediction], [problem] = (schemas[n]["examples"] for n in ("ImageAsJSON", "Prediction", "Problem"))
    answer = client.post("/predict?top_k=2", json=image).json()
    assert {**answer, "confidence": 0, "score": 0, "predictions": 0} == {
        **prediction, "confidence": 0, "score": 0, "predictions": 0
    }  # fmt: skip
    assert prediction["confidence"] == pytest.approx(answer["confidence"], abs=0.001)
    assert prediction["score"] == pytest.approx(answer["score"], abs=0.01)
    for told, given in zip(prediction["predictions"], answer["predictions"], strict=True):
        assert told == {**given, "probability": pytest.approx(given["probability"], abs=0.001)}
    assert client.post("/predict?model=cnn_z", json=image).json() == problem


def _compared(client: httpx.Client) -> list[dict[str, Any]]:
    picture = (DATA / "ankle-boot.png").read_bytes()
    answer = client.post("/compare", content=picture, headers={"content-type": "image/png"}).json()
    return list(answer["predictions"])
