"""What those who run the service see: request ids, and metrics summed over the workers."""

import json
import os
import signal
import time

import httpx
import pytest

from tests.conftest import DATA, StartServer, assert_problem
from tests.servers import Metrics, busy, eventually, scrape, slow_upload, started, value

PNG = {"content-type": "image/png"}


@pytest.fixture(scope="module")
def url(start_server: StartServer) -> str:
    return start_server(SERVICE_WORKERS="3", SERVICE_MAX_IN_FLIGHT="1")


def predict(url: str, **parameters: str) -> httpx.Response:
    """On a connection of its own, so that any of the workers may get it."""
    picture = (DATA / "coat.png").read_bytes()
    return httpx.post(f"{url}/predict", params=parameters, content=picture, headers=PNG, timeout=60)


def worker_ids(samples: Metrics) -> set[str]:
    return {dict(labels)["pid"] for name, labels in samples if name == "process_resident_memory_bytes"}


def test_counts_are_those_of_all_workers_together(url: str) -> None:
    assert eventually(lambda: len(worker_ids(scrape(url))) == 3)
    before = scrape(url)
    for _ in range(30):
        assert predict(url, model="cnn_b").status_code == 200
    for _ in range(5):
        assert predict(url, model="vgg").status_code == 404
    assert httpx.get(f"{url}/made-up-{time.time()}").status_code == 404
    asked = {"route": "/predict", "method": "POST"}
    expected: list[tuple[str, dict[str, str], int]] = [
        ("service_requests_total", asked | {"status": "200"}, 30),
        ("service_requests_total", asked | {"status": "404"}, 5),
        ("service_requests_total", {"route": "none", "method": "GET", "status": "404"}, 1),
        ("service_request_duration_seconds_count", {"route": "/predict"}, 35),
        ("service_request_duration_seconds_bucket", {"route": "/predict", "le": "+Inf"}, 35),
        ("service_inference_duration_seconds_count", {"model": "cnn_b"}, 30),
        ("service_images_total", {"model": "cnn_b"}, 30),
    ]
    after = before

    def more(name: str, labels: dict[str, str]) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    def counted() -> bool:  # in the turns of a worker's event loop after the answer, when another may already be asked
        nonlocal after
        after = scrape(url)
        return all(more(name, labels) >= count for name, labels, count in expected)

    eventually(counted)
    assert [(name, labels, more(name, labels)) for name, labels, _ in expected] == expected
    assert 0 < more("service_request_duration_seconds_sum", {"route": "/predict"}) < 35
    assert not any("made-up" in text for _, labels in after for _, text in labels)


def test_what_is_served_and_by_which_processes(url: str) -> None:
    samples = scrape(url)
    assert value(samples, "service_model_info", model="cnn_a_photos", version="1", default="true") == 1
    (info,) = (dict(labels) for name, labels in samples if name == "service_info")
    assert len(info["bundle_sha256"]) == 64
    assert len(worker_ids(samples)) == 3
    for pid in worker_ids(samples):
        assert value(samples, "process_resident_memory_bytes", pid=pid) > 10_000_000
        assert value(samples, "process_open_fds", pid=pid) > 3
        assert abs(value(samples, "process_start_time_seconds", pid=pid) - time.time()) < 3600
    # Processor time is counted in hundredths of a second, and a worker that was forked and asked little has used less.
    assert eventually(lambda: predict(url).status_code == 200 and _have_all_worked(scrape(url)))


def _have_all_worked(samples: Metrics) -> bool:
    return all(value(samples, "process_cpu_seconds_total", pid=pid) > 0 for pid in worker_ids(samples))


def test_in_flight_and_shed_requests_are_counted(url: str) -> None:
    assert eventually(lambda: value(scrape(url), "service_requests_in_flight") == 0)
    shed = value(scrape(url), "service_requests_shed_total")
    with busy(url):
        assert eventually(lambda: value(scrape(url), "service_requests_in_flight") == 1)
        assert eventually(lambda: predict(url).status_code == 503)  # the worker that is busy gets one sooner or later
        assert eventually(lambda: value(scrape(url), "service_requests_shed_total") > shed)
    assert eventually(lambda: value(scrape(url), "service_requests_in_flight") == 0)
    with slow_upload(url):
        time.sleep(0.3)
    left = {"route": "/predict", "method": "POST", "status": "499"}
    assert eventually(lambda: value(scrape(url), "service_requests_total", **left) == 1)


def test_a_killed_worker_is_replaced_and_its_counts_stay(url: str) -> None:
    old = worker_ids(scrape(url))
    with busy(url):
        assert eventually(lambda: value(scrape(url), "service_requests_in_flight") == 1)
        before = scrape(url)
        for pid in old:
            os.kill(int(pid), signal.SIGKILL)

        def replaced() -> bool:
            try:
                return len(worker_ids(scrape(url)) - old) == 3
            except httpx.TransportError:
                return False

        assert eventually(replaced, 60)
    assert eventually(lambda: value(scrape(url), "service_requests_in_flight") == 0)
    after = scrape(url)
    assert not worker_ids(after) & old
    for key, counted in before.items():
        if key[0] in ("service_requests_total", "service_images_total"):
            assert after[key] >= counted
    assert eventually(lambda: predict(url).status_code == 200)


def test_several_models_have_metrics_too(start_server: StartServer) -> None:
    url = start_server(SAGEMAKER_MULTI_MODEL="true")
    asked = {"route": "/metrics", "method": "GET", "status": "200"}
    assert eventually(lambda: value(scrape(url), "service_requests_total", **asked) >= 1)


def test_a_sane_request_id_is_taken_over_any_other_replaced(url: str) -> None:
    assert httpx.get(f"{url}/ping", headers={"X-Request-Id": "order:7/a=b"}).headers["x-request-id"] == "order:7/a=b"
    insane = (b"", b"a b", b"x" * 129, b'"}{"', b"a\tb", b"/etc", b"caf\xe9")
    made = {httpx.get(f"{url}/ping", headers=[(b"x-request-id", bad)]).headers["x-request-id"] for bad in insane}
    assert len(made) == 7
    assert all(len(one) == 24 and int(one, 16) >= 0 for one in made)
    assert_problem(httpx.get(f"{url}/nothing"), 404)
    assert "x-request-id" in httpx.get(f"{url}/nothing").headers


def test_the_log_tells_a_problem_by_its_request_id() -> None:
    with started() as (url, process):
        httpx.get(f"{url}/nothing", headers={"X-Request-Id": "mine"})
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    (line,) = (entry for line in output.splitlines() if (entry := json.loads(line)).get("request_id") == "mine")
    assert line["problem"] == "there is nothing at /nothing; GET /docs lists what there is"
