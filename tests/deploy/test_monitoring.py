"""Model Monitor. moto runs no jobs: the baseline is checked here, and the preprocessor is given what is captured."""

import json
import runpy
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from deploy import drift_baseline
from tests.conftest import ROOT
from tests.deploy.aws import REGION, Aws
from tests.deploy.conftest import BUCKET, NAME, RELEASED, Command
from tests.deploy.test_deployment import BOOT
from tests.deploy.test_failures import assert_paragraph
from tests.deploy.test_plan import NO_S3


@pytest.fixture
def captured(command: Command, push_image: Callable[..., str]) -> None:
    push_image("1")
    assert command("deploy", "--yes", "--capture=10").status == 0


@pytest.mark.usefixtures("captured")
def test_planned_made_and_deleted_before_the_endpoint(aws: Aws, command: Command) -> None:
    aws.calls.clear()
    planned = NO_S3.findall(command("plan", "monitor", RELEASED).out)
    assert aws.calls == []
    started = command("monitor", "--yes", RELEASED)
    assert started.status == 0, started.err
    assert "Every hour a job on ml.m5.large: $0.12 an hour" in started.out or "$0.11" in started.out
    assert planned == aws.calls
    asked = aws.asked["CreateDataQualityJobDefinition"]
    assert asked["DataQualityJobInput"]["EndpointInput"]["EndpointName"] == NAME
    assert asked["RoleArn"].endswith(f"role/{NAME}-{REGION}-quality")
    assert asked["StoppingCondition"]["MaxRuntimeInSeconds"] < 3600
    assert aws.schedules[f"{NAME}-quality"]["MonitoringScheduleConfig"]["MonitoringType"] == "DataQuality"
    again = command("monitor", "--yes", RELEASED)
    assert again.status == 0, again.err
    assert_paragraph(command("update", "--yes", "--until=8h"), "is monitored", "--until")
    aws.calls.clear()
    assert command("delete", "--yes").status == 0
    assert aws.calls.index("DeleteMonitoringSchedule") < aws.calls.index("DeleteEndpoint")
    assert aws.everything() == set()


def test_an_endpoint_that_cannot_be_monitored(aws: Aws, command: Command, push_image: Callable[..., str]) -> None:
    assert_paragraph(command("monitor", "--yes", RELEASED), "there is no endpoint")
    push_image("1")
    assert command("deploy", "--yes").status == 0
    assert_paragraph(command("monitor", "--yes", RELEASED), "captures no requests", "--capture 10")
    assert command("delete", "--yes").status == 0
    push_image("1")
    assert command("deploy", "--yes", "--capture=10", "--until=8h").status == 0
    assert_paragraph(command("monitor", "--yes", RELEASED), "is to be deleted at", "without --until")
    assert aws.schedules == {}


def test_the_baseline_is_the_drift_reference() -> None:
    manifest = json.loads((ROOT / "models" / "bundle.json").read_text(encoding="utf-8"))
    reference = manifest["models"][manifest["default_model"]]["assessment"]["reference"]
    confidence, label = drift_baseline.statistics(manifest)["features"]
    found = confidence["numerical_statistics"]
    buckets = found["distribution"]["kll"]["buckets"]
    assert [bucket["count"] for bucket in buckets] == reference["confidence"]["counts"]
    assert all(one["upper_bound"] == next_one["lower_bound"] for one, next_one in pairwise(buckets))
    assert (buckets[0]["lower_bound"], buckets[-1]["upper_bound"]) == (0.0, 1.0)
    assert found["min"] <= found["mean"] <= found["max"]
    (sketch,) = found["distribution"]["kll"]["sketch"]["data"]
    assert abs(sum(sketch) / len(sketch) - found["mean"]) < 0.005
    named = label["string_statistics"]["distribution"]["categorical"]["buckets"]
    assert [bucket["count"] for bucket in named] == reference["labels"]


@pytest.mark.usefixtures("captured")
def test_the_preprocessor_reads_what_the_service_answers(aws: Aws, command: Command, url: str, tmp_path: Path) -> None:
    """Plain answers and verbose ones say the same: the calibration is the service's."""
    assert command("monitor", "--yes", RELEASED).status == 0
    script = tmp_path / "preprocessor.py"
    stored = aws.client("s3").get_object(Bucket=BUCKET, Key="monitoring/baseline/preprocessor.py")
    script.write_bytes(stored["Body"].read())
    handler = runpy.run_path(str(script))["preprocess_handler"]

    def features(content: bytes, **headers: str) -> Any:
        answer = httpx.post(f"{url}/invocations", content=content, headers=headers, timeout=60)
        return handler(SimpleNamespace(endpoint_output=SimpleNamespace(data=answer.text)))

    picture = BOOT.read_bytes()
    kind = {"Content-Type": "image/png"}
    verbose = features(picture, **kind, **{"X-Amzn-SageMaker-Custom-Attributes": "verbose=true"})
    plain = features(picture, **kind)
    assert verbose["label"] == plain["label"] == "Ankle boot"
    assert abs(verbose["confidence"] - plain["confidence"]) < 1e-3
    two = json.dumps({"instances": [[[0.0] * 28] * 28] * 2}).encode()
    assert features(two, **{"Content-Type": "application/json"}) == []
    assert handler(SimpleNamespace(endpoint_output=SimpleNamespace(data="7,0.3"))) == []
