"""JSON to /invocations that is not what it should be."""

import json

import httpx
import numpy as np
import pytest

from service.errors import MalformedError
from service.inputs import json_document
from tests.conftest import assert_problem
from tests.service.routes.test_invocation import JSON, invoke


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, ["not JSON"]),
        (b"{", 400, ["not JSON"]),
        (b"[[0.5]]", 422, ["the list's item 0", "length 1"]),
        (b'{"image": 1}', 422, ['"instances" or "inputs"']),
        (b'{"instances": [], "inputs": []}', 422, ['"instances" or "inputs", not both']),
        (b'{"instances": []}', 422, ["at least one"]),
        (b'{"inputs": {"image": []}}', 422, ["must be a list", 'with that list as "images"']),
        (b"\x89PNG\r\n", 400, ["not text in UTF-8", "Content-Type"]),
        (b'{"instances": [[0.5' + b" " * 2**20, 400, ["cut off"]),
        (b'{"instances": [[0.5 0]]}' + b" " * 2**20, 400, ["there is a mistake in it"]),
        (json.dumps({"instances": [[0.5] * 784] * 3 + [[9.0] * 784]}).encode(), 422, ['"instances"[3] range from 9']),
        (json.dumps({"instances": [[0.5] * 784] * 3 + [[9.0]]}).encode(), 422, ['"instances"[3] has length 1;']),
        (json.dumps({"instances": [[[[0.5] * 28] * 28]]}).encode(), 422, ["has length 1, a list in a list"]),
        (b'{"instances": [null]}', 422, ['"instances"[0] is null; expected 28×28, 28×28×1 or 784 numbers']),
        (b"[" * 1100, 400, ["more than 1,000 deep"]),
        (b"[" * 2000, 400, ["more than 1,000 deep"]),
        (json.dumps({"instances": [[1.0000000001] * 784]}).encode(), 422, ["to 1.0000000001; expected"]),
        (json.dumps({"instances": [[[0.5] * 28] * 27 + [[0]]]}).encode(), 422, ["are 1 and 28 long"]),
        (json.dumps({"instances": np.zeros((28, 28, 1)).tolist()}).encode(), 422, ["is 28×1", "is a list of one"]),
        (
            json.dumps({"instances": np.zeros((1, 28, 28, 3)).tolist()}).encode(),
            422,
            ['"instances"[0] is 28×28×3', "grey"],
        ),
        (b'{"instances": 5}', 422, ["must be a list"]),
        (b'{"instances": "abc"}', 422, ["must be a list"]),
        (b'{"instances": [1, 2]}', 422, ['"instances"[0] is a number', "28×28", "A single image is a list of one"]),
        (b'{"instances": [{"b64": "x"}]}', 422, ["each object", '"images"']),
        (b'{"instances": [[null]]}', 422, ["has length 1;", "28×28"]),
        (json.dumps({"instances": [["0.5"] * 784]}).encode(), 422, ["numbers from 0 to 1 and nothing else"]),
        (json.dumps({"instances": [["x" * 5_000_000] + [""] * 783]}).encode(), 422, ["nothing else"]),
        (json.dumps({"instances": [[0.5] * 783 + [True]]}).encode(), 422, ["nothing else"]),
        (json.dumps({"instances": [[[[0.5]] * 27 + [0.5]] * 28]}).encode(), 422, ["one shape", "28×28"]),
        (json.dumps({"instances": [[True] * 784]}).encode(), 422, ["numbers from 0 to 1 and nothing else"]),
        (json.dumps({"instances": [[None] * 784]}).encode(), 422, ["numbers from 0 to 1 and nothing else"]),
        (json.dumps({"instances": [[0.5] * 784, [[0.5] * 28] * 28]}).encode(), 422, ["one shape"]),
        (json.dumps({"instances": [[1.0000001] * 784]}).encode(), 422, ["1.0000001", "0 to 1"]),
        (json.dumps({"instances": [[[]] * 28]}).encode(), 422, ["are 0 long"]),
        (b'{"instances": [[0]], "signature_name": "other"}', 422, ["'other'", "serving_default"]),
        (
            json.dumps({"instances": np.zeros((1, 27, 28)).tolist()}).encode(),
            422,
            ["has length 27", "28×28×1 or 784"],
        ),
        (
            json.dumps({"instances": np.zeros((28, 28)).tolist()}).encode(),
            422,
            ["is 28 numbers;", "A single image is a list of one"],
        ),
        (b'{"instances": [' + b"[" * 2000 + b"]" * 2000 + b"]}", 400, ["not JSON"]),
    ],
)
def test_bad_json_is_explained(client: httpx.Client, body: bytes, status: int, words: list[str]) -> None:
    assert_problem(invoke(client, body, JSON), status, *words)


def test_a_document_that_is_still_read_is_not_overwritten_by_the_next() -> None:
    first, second, large = (
        json_document.parse(json.dumps([[number] * length]).encode(), "it")
        for number, length in ((1, 3), (2, 3), (3, 400_000))
    )
    assert [first[0].as_list(), second[0].as_list(), large[0].as_list()] == [[1] * 3, [2] * 3, [3] * 400_000]


def test_after_a_mistake_the_next_document_is_read() -> None:
    with pytest.raises(MalformedError):
        json_document.parse(b"[1, 2", "it")
    assert json_document.parse(b"[1, 2]", "it").as_list() == [1, 2]
