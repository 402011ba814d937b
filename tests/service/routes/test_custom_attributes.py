"""What a caller asks for in the custom attributes has an effect or is refused, and comes back either way."""

import httpx
import numpy as np
import pytest

from tests.conftest import DATA, assert_problem, npy

NAME = "X-Amzn-SageMaker-Custom-Attributes"
NPY, PNG, JSON_LINES = "application/x-npy", "image/png", "application/jsonlines"
BATCH = npy(np.zeros((2, 28, 28), np.uint8))
PICTURE = (DATA / "coat.png").read_bytes()


def ask(client: httpx.Client, attributes: str, body: bytes = BATCH, kind: str = NPY, **headers: str) -> httpx.Response:
    return client.post("/invocations", content=body, headers={NAME: attributes, "content-type": kind, **headers})


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ("tfs-method=classify", "there is predict alone"),
        ("tfs-method=regress,tfs-model-name=cnn_b", "there is predict alone"),
        ("tfs-modelname=cnn_b", "did you mean tfs-model-name?"),
        ("tfs_model_name=cnn_b", "did you mean tfs-model-name?"),
        ("TFS-Model-Name=cnn_b", "did you mean tfs-model-name?"),
        ("tfs-signature=other", "of those names there are tfs-model-name"),
        ("streams=true", "did you mean stream?"),
        ("Verbose=true", "did you mean verbose?"),
        ("stream=yes", "stream='yes'; it is true or false"),
        ("verbose", "has verbose without a value; write verbose=…"),
        ("trace=1, stream", "has stream without a value"),
        ("verbose=1", "verbose='1'; it is true or false"),
        ("tfs-model-name=cnn_a,tfs-model-name=cnn_b", "'tfs-model-name' twice"),
    ],
)
def test_what_is_misspelt_or_unknown_is_refused(client: httpx.Client, attributes: str, words: str) -> None:
    refused = ask(client, attributes)
    assert_problem(refused, 422, NAME, words)
    assert refused.headers[NAME] == attributes


@pytest.mark.parametrize("kind", [NPY, PNG])
def test_a_stream_of_a_type_that_does_not_stream_is_refused(client: httpx.Client, kind: str) -> None:
    body = BATCH if kind == NPY else PICTURE
    for accept in ("*/*", "application/json", "text/csv", NPY):
        refused = ask(client, "stream=true", body, kind, accept=accept)
        assert_problem(refused, 406, "stream=true", f"Accept: {JSON_LINES}")
        assert refused.headers[NAME] == "stream=true"
    assert ask(client, "stream=true", accept=JSON_LINES).headers["transfer-encoding"] == "chunked"


def test_a_description_of_what_is_no_picture_is_refused(client: httpx.Client) -> None:
    assert_problem(ask(client, "verbose=true"), 406, "verbose=true", "send a picture")
    assert_problem(ask(client, "verbose=true", PICTURE, PNG, accept="text/csv"), 406, "ask for application/json")
    assert ask(client, "verbose=true", PICTURE, PNG).json()["label"] == "Coat"


@pytest.mark.parametrize(
    "attributes", ["c000b4f9-df62-4c85-a0bf-7c525f9104a4", "trace=1", "tenant=a,tfs-method=predict"]
)
def test_what_belongs_to_others_is_let_be_and_comes_back(client: httpx.Client, attributes: str) -> None:
    assert ask(client, attributes).headers[NAME] == attributes
    for body, kind, status in ((b"no array", NPY, 400), (BATCH, "text/html", 415), (PICTURE[:99], PNG, 400)):
        refused = ask(client, attributes, body, kind)
        assert_problem(refused, status)
        assert refused.headers[NAME] == attributes
    assert NAME not in client.get("/nothing", headers={NAME: attributes}).headers
