"""The API key, what browsers may do, and that secrets stay out of the log."""

import json
import signal

import httpx
import pytest
from fastapi import FastAPI

from service.http.security import ApiKey
from tests.conftest import DATA, Refusal, StartServer, assert_problem
from tests.servers import started

KEY = "correct-horse-battery-staple"
SHOP = "https://shop.example"


@pytest.fixture(scope="module")
def guarded(start_server: StartServer) -> str:
    return start_server(SERVICE_API_KEY=KEY, SERVICE_CORS_ORIGINS=f"{SHOP}, http://localhost:3000")


@pytest.mark.parametrize("path", ["/", "/docs", "/experiments", "/experiments/cnn_a", "/static/favicon.svg"])
def test_pages_have_a_strict_policy(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers={"accept": "text/html"})
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "<style" not in answer.text or path.endswith("svg")
    assert "<script>" not in answer.text


def test_no_answer_may_be_sniffed(client: httpx.Client) -> None:
    for path in ("/ping", "/nothing", "/docs", "/experiments", "/metrics", "/openapi.json"):
        assert client.get(path).headers.get_list("x-content-type-options") == ["nosniff"]
    assert "content-security-policy" not in client.get("/openapi.json").headers


def test_without_a_key_only_health_is_answered(guarded: str) -> None:
    for path in ("/ping", "/v2/health/live", "/v2/health/ready"):
        assert httpx.get(guarded + path).status_code == 200
    for headers in ({}, {"X-Api-Key": KEY[:-1]}, {"Authorization": f"Basic {KEY}"}, {"Authorization": "Bearer"}):
        for path in ("/experiments", "/metrics", "/docs", "/nothing"):
            answer = httpx.get(guarded + path, headers=headers)
            assert_problem(answer, 401, "X-Api-Key")
            assert answer.headers["www-authenticate"] == "Bearer"
    for right in ({"X-Api-Key": KEY}, {"Authorization": f"Bearer {KEY}"}, {"authorization": f"bearer {KEY}"}):
        assert httpx.get(f"{guarded}/metrics", headers=right).status_code == 200


def test_the_key_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, right: bytes) -> bool:
        compared.append((given, right))
        return False

    monkeypatch.setattr("hmac.compare_digest", compare)
    key = ApiKey(FastAPI(), key=KEY)
    assert not key._is_given({"headers": [(b"x-api-key", b"wrong")]})
    assert compared == [(b"wrong", KEY.encode())]


def test_only_named_origins_may_read_answers(guarded: str, client: httpx.Client) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    allowed = httpx.options(f"{guarded}/predict", headers=asked | {"Origin": SHOP})
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, SHOP)
    assert httpx.options(f"{guarded}/predict", headers=asked | {"Origin": "https://evil.example"}).status_code == 400
    other = httpx.get(f"{guarded}/ping", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    assert "access-control-allow-origin" not in client.get("/ping", headers={"Origin": SHOP}).headers


def test_an_empty_key_is_no_key(refusal: Refusal) -> None:
    """As -e SERVICE_API_KEY=$UNSET gives it: neither open nor closed by a key that everybody knows."""
    status, said = refusal(SERVICE_API_KEY="")
    assert status == 2
    assert "SERVICE_API_KEY=…: at least 16 characters" in said


def test_a_wrong_setting_is_named_without_the_key(refusal: Refusal) -> None:
    status, said = refusal(SERVICE_API_KEY="hunter2")
    assert (status, said.count("\n")) == (2, 1)
    assert "SERVICE_API_KEY" in said
    assert "16 characters" in said
    assert "hunter2" not in said
    status, said = refusal(SERVICE_CORS_ORIGINS="shop.example")
    assert status == 2
    assert "'shop.example' is no origin" in said
    assert "api_key" not in said


def test_the_log_has_no_secrets() -> None:
    with started(SERVICE_API_KEY=KEY) as (url, process):
        headers = {"content-type": "image/png", "X-Api-Key": KEY, "X-Wrong": "a-secret"}
        httpx.post(f"{url}/predict?top_k=2", content=(DATA / "coat.png").read_bytes(), headers=headers)
        httpx.get(f"{url}/docs", headers={"Authorization": "Bearer another-secret"})
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    assert {json.loads(line)["status"] for line in output.splitlines()} >= {200, 401}
    assert KEY not in output
    assert "secret" not in output
