"""The alert rules and the dashboard name only what the service exports, and Prometheus can read the rules."""

import json
import re
import shutil
import subprocess

import httpx
import pytest

from service.monitoring.drift import MIN_IMAGES
from tests.conftest import DATA, ROOT, StartServer
from tests.servers import busy, eventually, scrape
from tests.service.http.test_admission import answer

FOLDER = ROOT / "docker" / "monitoring"
_METRIC = re.compile(r"\b(?:service|process)_[a-z_]+")


def named() -> set[str]:
    """Every metric that an expression of the two files has."""
    alerts = re.sub(r"#.*|annotations:.*", "", (FOLDER / "alerts.yml").read_text())
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    expressions = [alerts, *(target["expr"] for panel in panels for target in panel["targets"])]
    return set(_METRIC.findall("\n".join(expressions)))


def test_every_metric_that_is_watched_is_exported(start_server: StartServer) -> None:
    url = start_server(SERVICE_MAX_IN_FLIGHT="1")
    with httpx.Client(base_url=url) as client:
        for _ in range(MIN_IMAGES):  # before, drift is not told
            client.post("/predict", content=(DATA / "bag.png").read_bytes(), headers={"content-type": "image/png"})
    with busy(url):
        assert eventually(lambda: answer(url).status_code == 503)
    exported = {name for name, _ in scrape(url)}
    assert len(named()) > 10
    assert named() <= exported, named() - exported


@pytest.mark.parametrize(("kind", "file"), [("rules", "alerts.yml"), ("config", "prometheus.yml")])
def test_prometheus_can_read_the_rules_and_how_to_find_them(kind: str, file: str) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("needs promtool: apt-get install prometheus")
    checked = subprocess.run(
        ["promtool", "check", kind, str(FOLDER / file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
