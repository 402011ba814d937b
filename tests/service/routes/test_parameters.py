import httpx
import pytest

from service.app import create_app
from service.routes import parameters
from service.routes.predict import PredictParameters
from service.settings import Settings
from tests.conftest import DATA, assert_problem

PNG = {"content": (DATA / "coat.png").read_bytes(), "headers": {"content-type": "image/png"}}


@pytest.mark.parametrize(
    "path",
    [
        "/execution-parameters",
        "/v1/models/cnn_a",
        "/v1/models/cnn_a/metadata",
        "/v1/models/cnn_a/versions/1",
    ],
)
def test_a_route_without_parameters_refuses_one(client: httpx.Client, path: str) -> None:
    assert_problem(client.get(path, params={"modle": "cnn_a"}), 422, "'modle'", "this route has none")


@pytest.mark.parametrize("path", ["/experiments", "/experiments/baseline"])
def test_the_report_has_a_language_and_nothing_else(client: httpx.Client, path: str) -> None:
    assert_problem(client.get(path, params={"modle": "cnn_a"}), 422, "'modle'", "there are: lang")


@pytest.mark.parametrize("path", ["/predict", "/compare", "/explain", "/invocations", "/v1/models/cnn_a:predict"])
def test_so_does_each_that_is_posted_to(client: httpx.Client, path: str) -> None:
    assert_problem(client.post(path, params={"modle": "cnn_a"}, **PNG), 422)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/", "/docs", "/ping", "/metrics", "/static/favicon.svg"])
def test_pages_and_probes_ignore_what_links_and_scrapers_add(client: httpx.Client, path: str) -> None:
    assert client.get(path, params={"fbclid": "x"}).status_code == 200


def test_what_is_given_twice_is_refused(client: httpx.Client) -> None:
    assert_problem(client.post("/predict?top_k=1&top_k=2", **PNG), 422, "'top_k'", "2 times")  # type: ignore[arg-type]


def test_the_documentation_is_the_declaration() -> None:
    documented = {one["name"]: one for one in parameters.document(PredictParameters)}
    assert documented.keys() == PredictParameters.model_fields.keys()
    assert documented["top_k"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 10, "default": 10}
    assert documented["model"]["schema"] == {"type": "string"}  # an address cannot hold null
    assert documented["box"]["schema"] == {"type": "string", "pattern": "^[0-9]{1,9}(,[0-9]{1,9}){3}$"}
    assert documented["rotate"]["schema"] == {"type": "integer", "enum": [0, 90, 180, 270], "default": 0}
    assert documented["include"]["schema"] == {"type": "string", "const": "input"}
    paths = create_app(Settings()).openapi()["paths"]
    of_predict, of_explain = (
        {one["name"]: one for one in paths[path]["post"]["parameters"]} for path in ("/predict", "/explain")
    )
    assert of_predict.pop("include")["schema"] == {"type": "string", "const": "input"}
    assert of_explain.pop("include")["schema"] == {"type": "string", "enum": ["input", "kernels"]}
    assert of_predict == of_explain
    assert [one["name"] for one in paths["/compare"]["post"]["parameters"]] == [
        "top_k", "preprocess", "box", "rotate", "invert", "include",
    ]  # fmt: skip


def test_nothing_is_validated_but_by_that_function() -> None:
    """FastAPI would refuse in another shape, which it documents as HTTPValidationError."""
    assert "HTTPValidationError" not in create_app(Settings()).openapi()["components"]["schemas"]
