"""Keeps the number of instances to what is asked of them.

Sources: Amazon SageMaker AI developer guide, "Load testing your auto scaling configuration", and for queued endpoints
"Autoscale an asynchronous endpoint".
"""

from typing import Any

from botocore.exceptions import ClientError

from deploy.account import Account
from deploy.endpoint_config import Instances
from deploy.errors import is_missing

CAPACITY = 1000.0
"""Requests a second that one instance answers, unless ``--capacity`` says otherwise.

One PNG each: less than ``make bench`` found for one worker process on an AMD EPYC whose two cores had other work too.
An ml.m5.xlarge runs a worker on each of four virtual CPUs, so that this is on the safe side; ``python -m
benchmarks.speed.capacity`` says how far.
"""

_SAFETY = 0.5
_BACKLOG = 5.0  # requests that wait for each instance: the guide's own value
_TRACKING, _WAKING = "invocations-per-instance", "wake-from-zero"
_TARGET = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


def target(capacity: float) -> float:
    """Compute how many invocations per instance and minute autoscaling aims at.

    SageMakerVariantInvocationsPerInstance = (MAX_RPS * SAFETY_FACTOR) * 60, with a safety factor of 0.5.

    Args:
        capacity: the most requests a second that one instance answers.

    """
    return capacity * _SAFETY * 60


def scale(account: Account, shape: Instances, *, smallest: int, largest: int, capacity: float) -> None:
    """Let the endpoint have so many instances, by tracking what is asked of each; a queued one sleeps at none."""
    account.client("application-autoscaling").register_scalable_target(
        **_TARGET, ResourceId=account.variant, MinCapacity=smallest, MaxCapacity=largest, Tags=account.tag_map
    )
    # Out at once, in slowly: a new instance takes minutes to come.
    cooldowns = {"ScaleOutCooldown": 60, "ScaleInCooldown": 300}
    if not shape.queued:
        metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        aim = {"TargetValue": target(capacity), "PredefinedMetricSpecification": metric}
        _put(account, _TRACKING, "TargetTrackingScaling", aim | cooldowns)
        return
    backlog = _metric(account, "ApproximateBacklogSizePerInstance") | {"Statistic": "Average"}
    aim = {"TargetValue": _BACKLOG, "CustomizedMetricSpecification": backlog}
    _put(account, _TRACKING, "TargetTrackingScaling", aim | cooldowns)
    # The backlog of each instance says nothing where there is no instance.
    wake = {
        "AdjustmentType": "ChangeInCapacity",
        "MetricAggregationType": "Average",
        "Cooldown": 300,
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
    }
    policy = _put(account, _WAKING, "StepScaling", wake)
    account.client("cloudwatch").put_metric_alarm(
        AlarmName=account.backlog_alarm,
        AlarmDescription="Requests wait, and there is no instance: autoscaling starts one",
        **_metric(account, "HasBacklogWithoutCapacity"),
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        DatapointsToAlarm=2,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="missing",
        AlarmActions=[policy],
        Tags=account.tags,
    )


def limits(account: Account) -> tuple[int, int] | None:
    """Look up the fewest and most instances; None where nothing scales."""
    found = _targets(account)
    return (found[0]["MinCapacity"], found[0]["MaxCapacity"]) if found else None


def remove(account: Account) -> list[str]:
    """Take scaling away; gives what was there. Its alarm goes with the others."""
    removed = []
    if _targets(account):
        autoscaling = account.client("application-autoscaling")
        for policy in (_TRACKING, _WAKING):
            try:
                autoscaling.delete_scaling_policy(**_TARGET, ResourceId=account.variant, PolicyName=policy)
            except ClientError as error:  # one of the two, or what an interrupted deploy has not made
                if not is_missing(error):
                    raise
        autoscaling.deregister_scalable_target(**_TARGET, ResourceId=account.variant)
        removed.append(f"autoscaling of {account.variant}")
    return removed


def _put(account: Account, name: str, kind: str, configuration: dict[str, Any]) -> str:
    """Put a policy; gives its ARN."""
    put = account.client("application-autoscaling").put_scaling_policy(
        **_TARGET,
        ResourceId=account.variant,
        PolicyName=name,
        PolicyType=kind,
        **{f"{kind}PolicyConfiguration": configuration},
    )
    arn: str = put["PolicyARN"]
    return arn


def _metric(account: Account, name: str) -> dict[str, Any]:
    dimensions = [{"Name": "EndpointName", "Value": account.name}]
    return {"MetricName": name, "Namespace": "AWS/SageMaker", "Dimensions": dimensions}


def _targets(account: Account) -> list[dict[str, Any]]:
    client = account.client("application-autoscaling")
    found: list[dict[str, Any]] = client.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[account.variant]
    )["ScalableTargets"]
    return found
