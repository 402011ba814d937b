"""Traces reach a collector that speaks OTLP over HTTP, and a collector that is away costs nothing."""

import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from benchmarks.speed.server import free_port
from tests.conftest import DATA, Refusal
from tests.servers import started

pytest.importorskip("opentelemetry.sdk", reason="needs uv sync --extra opentelemetry")
PNG = {"content-type": "image/png"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    server.server_close()


def test_spans_reach_the_collector_and_join_the_callers_trace(collector: tuple[str, list[tuple[str, bytes]]]) -> None:
    endpoint, received = collector
    with started(SERVICE_OTLP_ENDPOINT=endpoint) as (url, process):
        headers = PNG | {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        answer = httpx.post(f"{url}/predict", content=(DATA / "coat.png").read_bytes(), headers=headers)
        assert answer.json()["label"] == "Coat"
        for path in ("/v2/health/live", "/v2/health/ready", "/metrics"):
            assert httpx.get(url + path).status_code == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert {path for path, _ in received} == {"/v1/traces"}
    spans = b"".join(content for _, content in received)
    assert bytes.fromhex(TRACE) in spans
    assert b"/predict" in spans
    assert b"exploring-convolutional-layers" in spans
    assert not any(path in spans for path in (b"/ping", b"/v2/health", b"/metrics"))


def test_a_collector_that_is_away_costs_no_request() -> None:
    away = f"http://127.0.0.1:{free_port()}"
    with started(SERVICE_OTLP_ENDPOINT=away, OTEL_EXPORTER_OTLP_TIMEOUT="1") as (url, _):  # when it ends, it tries on
        answer = httpx.post(f"{url}/predict", content=(DATA / "coat.png").read_bytes(), headers=PNG)
        assert answer.json()["label"] == "Coat"


def test_a_wrong_endpoint_is_named(refusal: Refusal) -> None:
    status, said = refusal(SERVICE_OTLP_ENDPOINT="collector:4318")
    assert (status, said.count("\n")) == (2, 1)
    assert "is no URL" in said
