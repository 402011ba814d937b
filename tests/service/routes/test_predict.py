"""POST /predict and /compare: every way in, over HTTP."""

import base64
from io import BytesIO

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.conftest import DATA, Samples, assert_problem, png
from training.data.fashion_mnist import CLASS_NAMES

PNG = {"content-type": "image/png"}


@pytest.mark.parametrize("class_id", range(10))
def test_all_three_ways_in_give_the_fixtures_label(client: httpx.Client, class_id: int) -> None:
    label = CLASS_NAMES[class_id]
    content = (DATA / f"{label.lower().replace('/', '-').replace(' ', '-')}.png").read_bytes()
    encoded = base64.b64encode(content).decode()
    answers = [
        client.post("/predict", files={"file": ("image.png", content)}),
        client.post("/predict", content=content, headers=PNG),
        client.post("/predict", json={"image": encoded}),
        client.post("/predict", json={"image": f"data:image/png;base64,{encoded}"}),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.json() == answers[0].json()
    prediction = answers[0].json()
    assert (prediction["label"], prediction["class_id"]) == (label, class_id)
    assert prediction["preprocess"] == {"mode": "dataset", "inverted": False}


def test_prediction_has_the_documented_shape(client: httpx.Client) -> None:
    prediction = client.post("/predict", content=(DATA / "shirt.png").read_bytes(), headers=PNG).json()
    assert list(prediction) == [
        "model", "version", "precision", "label", "class_id", "confidence", "predictions",
        "reliability", "in_distribution", "score", "decision", "preprocess",
    ]  # fmt: skip
    listed = prediction["predictions"]
    assert {p["label"] for p in listed} == set(CLASS_NAMES)
    assert all(p["label"] == list(CLASS_NAMES)[p["class_id"]] for p in listed)
    probabilities = [p["probability"] for p in listed]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    assert prediction["confidence"] == probabilities[0]


def test_include_shows_what_the_model_saw(client: httpx.Client) -> None:
    picture = Image.new("RGB", (300, 200), "white")
    picture.paste("navy", (100, 50, 200, 100))
    asked = {"include": "input"}
    for route in ("/predict", "/compare"):
        answer = client.post(route, params=asked, content=png(picture), headers=PNG).json()
        for prediction in answer.get("predictions", [answer]) if route == "/compare" else [answer]:
            head, _, encoded = prediction["preprocess"]["input"].partition(",")
            assert head == "data:image/png;base64"
            seen = Image.open(BytesIO(base64.b64decode(encoded)))
            assert (seen.size, seen.mode) == ((28, 28), "L")
            again = client.post("/predict", content=base64.b64decode(encoded), headers=PNG).json()
            assert again["preprocess"]["mode"] == "dataset"
            # A photograph is answered by several views, of which this is the first: alike, and not the same.
            shown = client.post("/predict", content=png(picture), headers=PNG).json()
            assert (again["label"], again["confidence"]) == (
                shown["label"],
                pytest.approx(shown["confidence"], abs=0.1),
            )
    assert_problem(
        client.post("/predict", params={"include": "all"}, content=png(picture), headers=PNG), 422, "include"
    )


def test_top_k_and_model(client: httpx.Client) -> None:
    content = (DATA / "coat.png").read_bytes()
    answer = client.post("/predict", params={"top_k": 3, "model": "baseline"}, content=content, headers=PNG).json()
    assert answer["model"] == "baseline"
    assert len(answer["predictions"]) == 3


def test_compare_asks_every_model(client: httpx.Client) -> None:
    content = (DATA / "bag.png").read_bytes()
    compared = client.post("/compare", params={"top_k": 2}, content=content, headers=PNG).json()["predictions"]
    assert [p["model"] for p in compared] == ["baseline", "cnn_a", "cnn_b", "cnn_a_tuned", "cnn_a_photos"]
    for answer in compared:
        alone = client.post("/predict", params={"top_k": 2, "model": answer["model"]}, content=content, headers=PNG)
        assert alone.json() == answer


def test_labels_are_right_as_often_as_the_model_is(client: httpx.Client, samples: Samples) -> None:
    found = [client.post("/predict", content=png(image), headers=PNG).json()["class_id"] for image in samples.images]
    assert np.mean(np.array(found) == samples.labels) >= 0.87


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"top_k": "0"}, ["top_k", "greater than or equal to 1", "'0'"]),
        ({"top_k": "11"}, ["top_k", "less than or equal to 10"]),
        ({"top_k": "many"}, ["top_k", "integer"]),
        ({"topk": "2"}, ["no parameter 'topk'", "model, top_k, preprocess"]),
        ({"preprocess": "magic"}, ["preprocess", "'auto', 'dataset' or 'photo'"]),
    ],
)
def test_bad_parameters_are_named(client: httpx.Client, parameters: dict[str, str], words: list[str]) -> None:
    response = client.post("/predict", params=parameters, content=(DATA / "bag.png").read_bytes(), headers=PNG)
    assert_problem(response, 422, *words)


def test_unknown_model_lists_the_served_ones(client: httpx.Client) -> None:
    response = client.post("/predict", params={"model": "resnet"}, content=b"", headers=PNG)
    assert_problem(response, 404, "'resnet'", "baseline, cnn_a, cnn_b")


def test_a_content_length_of_many_digits_is_a_number() -> None:
    from starlette.requests import Request

    from service.http.body_limit import content_length

    for text, length in (("0" * 5_000 + "17", 17), ("9" * 5_000, int("9" * 19)), ("0", 0)):
        headers = [(b"content-length", text.encode())]
        assert content_length(Request({"type": "http", "headers": headers})) == length
    assert content_length(Request({"type": "http", "headers": []})) is None


def test_unknown_path_and_method_are_problems(client: httpx.Client) -> None:
    assert_problem(client.get("/nothing"), 404, "/nothing", "/docs")
    refused = client.get("/predict")
    assert_problem(refused, 405, "/predict", "GET")
    assert refused.headers["allow"] == "POST"
    assert client.put("/ping").headers["allow"] == "GET, HEAD, POST"
    assert "POST" not in client.post("/static/predict").headers.get("allow", "")
