"""Keeps the number of instances to what is asked of them, and raises an alarm when that is not enough."""

from typing import Any

from botocore.exceptions import ClientError

from deploy.account import VARIANT, Account
from deploy.errors import is_missing

CAPACITY = 1000.0
"""Requests a second that one instance answers, unless ``--capacity`` says otherwise.

One PNG each: less than ``make bench`` found for one worker process on an AMD EPYC whose two cores had other work too.
An ml.m5.xlarge runs a worker on each of four virtual CPUs, so that this is on the safe side; ``python -m
benchmarks.speed.capacity`` says how far.
"""

LATENCY_ALARM_MS = 500
_SAFETY = 0.5
_POLICY = "invocations-per-instance"
_TARGET = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


def target(capacity: float) -> float:
    """Compute how many invocations per instance and minute autoscaling aims at.

    Source: Amazon SageMaker AI developer guide, "Load testing your auto scaling configuration":
    SageMakerVariantInvocationsPerInstance = (MAX_RPS * SAFETY_FACTOR) * 60, with a safety factor of 0.5.

    Args:
        capacity: the most requests a second that one instance answers.

    """
    return capacity * _SAFETY * 60


def scale(account: Account, *, smallest: int, largest: int, capacity: float) -> None:
    """Let the endpoint have so many instances, by tracking the target."""
    client = account.client("application-autoscaling")
    client.register_scalable_target(
        **_TARGET, ResourceId=account.variant, MinCapacity=smallest, MaxCapacity=largest, Tags=account.tag_map
    )
    client.put_scaling_policy(
        **_TARGET,
        ResourceId=account.variant,
        PolicyName=_POLICY,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": target(capacity),
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            # Out at once, in slowly: a new instance takes minutes to come.
            "ScaleOutCooldown": 60,
            "ScaleInCooldown": 300,
        },
    )


def watch(account: Account) -> None:
    """Make the alarms: answers with 5xx, and slow ones; an update that raises either is rolled back."""
    client = account.client("cloudwatch")
    common = {
        "Namespace": "AWS/SageMaker",
        "Dimensions": [
            {"Name": "EndpointName", "Value": account.name},
            {"Name": "VariantName", "Value": VARIANT},
        ],
        "Period": 60,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "Tags": account.tags,
    }
    client.put_metric_alarm(
        AlarmName=account.alarms["server-errors"],
        AlarmDescription="The endpoint answered with 5xx",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        EvaluationPeriods=1,
        Threshold=0,
        **common,
    )
    client.put_metric_alarm(
        AlarmName=account.alarms["latency"],
        AlarmDescription=f"One answer in a hundred took longer than {LATENCY_ALARM_MS} ms, for three minutes",
        MetricName="ModelLatency",
        ExtendedStatistic="p99",
        EvaluationPeriods=3,
        Threshold=LATENCY_ALARM_MS * 1000,  # the metric is in microseconds
        **common,
    )


def limits(account: Account) -> tuple[int, int] | None:
    """Look up the fewest and most instances; None where nothing scales."""
    found = _targets(account)
    return (found[0]["MinCapacity"], found[0]["MaxCapacity"]) if found else None


def alarm_states(account: Account) -> dict[str, str]:
    """Look up the alarms and their states, by name."""
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in _alarms(account)}


def remove(account: Account) -> list[str]:
    """Take scaling and alarms away; gives what was there."""
    removed = []
    if _targets(account):
        autoscaling = account.client("application-autoscaling")
        try:
            autoscaling.delete_scaling_policy(**_TARGET, ResourceId=account.variant, PolicyName=_POLICY)
        except ClientError as error:  # a deploy that was interrupted has made none
            if not is_missing(error):
                raise
        autoscaling.deregister_scalable_target(**_TARGET, ResourceId=account.variant)
        removed.append(f"autoscaling of {account.variant}")
    client = account.client("cloudwatch")
    for alarm in _alarms(account):
        try:
            tags = client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        except ClientError as error:
            if not is_missing(error):
                raise
            continue
        if account.owns(tags):
            client.delete_alarms(AlarmNames=[alarm["AlarmName"]])
            removed.append(f"alarm {alarm['AlarmName']}")
    return removed


def _targets(account: Account) -> list[dict[str, Any]]:
    client = account.client("application-autoscaling")
    found: list[dict[str, Any]] = client.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[account.variant]
    )["ScalableTargets"]
    return found


def _alarms(account: Account) -> list[dict[str, Any]]:
    names = list(account.alarms.values())
    found: list[dict[str, Any]] = account.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    return found
