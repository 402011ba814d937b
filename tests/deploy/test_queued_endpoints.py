"""Asynchronous endpoints: files in, files out, and no instance while nothing waits.

moto has no queue: the stand-in for the runtime answers at once, and nothing scales. What autoscaling is told is
looked at.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.aws import Aws
from tests.deploy.conftest import BUCKET, NAME, Command
from tests.deploy.test_deployment import BOOT
from tests.deploy.test_failures import assert_paragraph
from tests.deploy.test_plan import NO_S3


@pytest.mark.usefixtures("runtime")
def test_planned_made_used_and_deleted(
    aws: Aws, command: Command, push_image: Callable[..., str], tmp_path: Path
) -> None:
    planned = NO_S3.findall(command("plan", "async").out)
    assert aws.calls == []
    push_image("1")
    aws.calls.clear()
    made = command("async", "--yes", "--max-instances=2")
    assert made.status == 0, made.err
    assert planned == aws.calls
    assert "0 to 2 × ml.m5.xlarge: $0.00 to $0.46 an hour" in made.out
    output = aws.endpoint_config(NAME)["AsyncInferenceConfig"]["OutputConfig"]
    assert output == {"S3OutputPath": f"s3://{BUCKET}/async/out", "S3FailurePath": f"s3://{BUCKET}/async/failed"}
    assert "Ankle boot" in command("invoke", str(BOOT)).out
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert_paragraph(command("invoke", str(tmp_path / "broken.png")), "the request in the queue", "not a picture")
    assert "between 0 and 2, by the queue's length" in command("status").out
    push_image("2")
    updated = command("update", "--yes")
    assert updated.status == 0, updated.err
    assert "AsyncInferenceConfig" in aws.endpoint_config(NAME)
    assert_paragraph(command("update", "--yes", "--shadow=50%"), "--shadow need", "asynchronous")
    assert command("delete", "--yes").status == 0
    assert aws.everything() == set()


def test_sleeps_at_no_instance_and_wakes_when_something_waits(
    aws: Aws, command: Command, push_image: Callable[..., str]
) -> None:
    push_image("1")
    assert command("async", "--yes").status == 0
    scaling = aws.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 4)
    found = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    policies = {policy["PolicyType"]: policy for policy in found}
    tracking = policies["TargetTrackingScaling"]["TargetTrackingScalingPolicyConfiguration"]
    metric = tracking["CustomizedMetricSpecification"]
    assert (metric["MetricName"], metric["Statistic"]) == ("ApproximateBacklogSizePerInstance", "Average")
    assert metric["Dimensions"] == [{"Name": "EndpointName", "Value": NAME}]
    waking = policies["StepScaling"]
    (step,) = waking["StepScalingPolicyConfiguration"]["StepAdjustments"]
    assert (step["MetricIntervalLowerBound"], step["ScalingAdjustment"]) == (0, 1)
    alarms = {alarm["AlarmName"]: alarm for alarm in aws.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    backlog = alarms[f"{NAME}-backlog"]
    assert (backlog["MetricName"], backlog["Threshold"]) == ("HasBacklogWithoutCapacity", 1)
    assert backlog["AlarmActions"] == [waking["PolicyARN"]]
    # SageMaker publishes no Invocations of such an endpoint, and answers may take as long as their files ask for.
    requests = {metric["Id"]: metric for metric in alarms[f"{NAME}-server-errors"]["Metrics"]}["requests"]
    assert requests["MetricStat"]["Metric"]["MetricName"] == "ModelLatency"
    assert requests["MetricStat"]["Stat"] == "SampleCount"
    assert alarms[f"{NAME}-latency"]["MetricName"] == "ApproximateBacklogSize"
