"""The service watched by a real Prometheus: every rule is evaluated, and no panel of the dashboard stays empty.

Grafana itself is not started here: its image comes from a registry. What it would draw is asked from Prometheus.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from benchmarks.speed.server import free_port
from service.monitoring.drift import MIN_IMAGES
from tests.conftest import DATA, ROOT, StartServer
from tests.servers import eventually

FOLDER = ROOT / "docker" / "monitoring"
pytestmark = pytest.mark.slow


@pytest.fixture
def prometheus(start_server: StartServer, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Start Prometheus with the project's configuration; gives its URL and the watched service's."""
    if shutil.which("prometheus") is None:
        pytest.skip("needs prometheus: apt-get install prometheus")
    service, port = start_server(), free_port()
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    config["scrape_configs"][0]["static_configs"] = [{"targets": [service.removeprefix("http://")]}]
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    shutil.copy(FOLDER / "alerts.yml", tmp_path)
    options = [f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
    process = subprocess.Popen(
        ["prometheus", *options, f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        assert eventually(lambda: is_ready(url)), "Prometheus was not ready in time"
        yield url, service
    finally:
        process.terminate()
        process.wait(timeout=20)


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready").is_success
    except httpx.TransportError:
        return False


def test_no_panel_is_empty_and_every_rule_is_evaluated(prometheus: tuple[str, str]) -> None:
    url, service = prometheus
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    picture = (DATA / "bag.png").read_bytes()
    began = time.monotonic()
    with httpx.Client(base_url=service, timeout=30) as client:
        asked = 0
        while time.monotonic() - began < 6 or asked < MIN_IMAGES:
            client.post("/predict", content=picture, headers={"content-type": "image/png"}).raise_for_status()
            asked += 1

    def empty() -> list[str]:
        return [target["expr"] for panel in panels for target in panel["targets"] if not ask(url, target["expr"])]

    assert eventually(lambda: not empty()), empty()
    assert sum(len(panel["targets"]) for panel in panels) >= 20
    groups = httpx.get(f"{url}/api/v1/rules", timeout=60).json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) >= 8
    assert {rule["name"]: rule["lastError"] for rule in rules if rule.get("lastError")} == {}
    assert not [rule["name"] for rule in rules if rule["state"] == "firing"]


def ask(url: str, expression: str) -> list[Any]:
    query = expression.replace("$__rate_interval", "5s").replace("[15m]", "[5s]")
    answer = httpx.get(f"{url}/api/v1/query", params={"query": query}, timeout=60).json()
    assert answer["status"] == "success", (expression, answer)
    found: list[Any] = answer["data"]["result"]
    return found


def test_compose_mounts_what_there_is_and_finds_the_service() -> None:
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    for part in compose.values():
        for mount in part.get("volumes", []):
            assert (FOLDER / mount.split(":")[0]).is_file(), mount
    (job,) = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    name, _, port = target.partition(":")
    assert compose[name]["ports"][0].endswith(f":{port}")
    (source,) = yaml.safe_load((FOLDER / "grafana" / "datasource.yml").read_text())["datasources"]
    assert source["url"].removeprefix("http://").partition(":")[0] in compose
    (provider,) = yaml.safe_load((FOLDER / "grafana" / "dashboards.yml").read_text())["providers"]
    mounted = [mount.split(":")[1] for mount in compose["grafana"]["volumes"]]
    assert f"{provider['options']['path']}/dashboard.json" in mounted
