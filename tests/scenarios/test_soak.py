"""Mixed traffic, every request answered as it must be; ``python -m benchmarks.reliability.soak`` is an hour of it."""

import httpx
import pytest

from benchmarks.reliability import soak


def test_every_kind_of_request_is_answered_as_it_is_to_be(client: httpx.Client) -> None:
    requests = soak.mixed()
    assert {request.headers.get("content-type") for request in requests} >= {
        "image/png", "image/jpeg", "image/webp", "image/bmp", "image/gif", "image/tiff", "application/x-npy",
        "application/json", "application/jsonlines", "text/csv", "multipart/form-data; boundary=b",
    }  # fmt: skip
    assert [request.expected for request in requests if request.expected != 200] == [400, 404]
    for path, body, headers, expected in requests:
        answer = client.request("POST" if body else "GET", path, content=body or None, headers=headers)
        assert answer.status_code == expected, f"{path} {headers}: {answer.text}"


@pytest.mark.slow
def test_a_short_soak_has_no_answer_but_those_expected() -> None:
    result = soak.measure(minutes=0.2)
    assert result["requests"] > 100
    assert (result["other answers than expected"], result["5xx"], result["without an answer"]) == (0, 0, 0)
