"""Keeps the number of instances to what is asked of them."""

from typing import Any

from botocore.exceptions import ClientError

from deploy.account import Account
from deploy.errors import is_missing

CAPACITY = 1000.0
"""Requests a second that one instance answers, unless ``--capacity`` says otherwise.

One PNG each: less than ``make bench`` found for one worker process on an AMD EPYC whose two cores had other work too.
An ml.m5.xlarge runs a worker on each of four virtual CPUs, so that this is on the safe side; ``python -m
benchmarks.speed.capacity`` says how far.
"""

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


def limits(account: Account) -> tuple[int, int] | None:
    """Look up the fewest and most instances; None where nothing scales."""
    found = _targets(account)
    return (found[0]["MinCapacity"], found[0]["MaxCapacity"]) if found else None


def remove(account: Account) -> list[str]:
    """Take scaling away; gives what was there."""
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
    return removed


def _targets(account: Account) -> list[dict[str, Any]]:
    client = account.client("application-autoscaling")
    found: list[dict[str, Any]] = client.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[account.variant]
    )["ScalableTargets"]
    return found
