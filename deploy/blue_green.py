"""An update as UpdateEndpoint takes it: how the traffic moves to the new fleet, and what moves it back.

Source: Amazon SageMaker AI developer guide, "Auto-rollback configuration and monitoring".
"""

from collections.abc import Iterable
from typing import Any

from deploy.traffic import Traffic

_TIMEOUT_SECONDS = 8 * 3600  # AWS's most: ten linear steps with a long wait after each take hours


def deployment_config(traffic: Traffic, *, bake_seconds: int, alarms: Iterable[str]) -> dict[str, Any]:
    """Write an update's course.

    Args:
        traffic: how it moves.
        bake_seconds: how long AWS watches the alarms after each move.
        alarms: the names of those that move it back; none for no rollback.

    """
    size = {"Type": "CAPACITY_PERCENT", "Value": traffic.per_cent}
    sizes = {"CANARY": {"CanarySize": size}, "LINEAR": {"LinearStepSize": size}}.get(traffic.kind, {})
    watched = [{"AlarmName": name} for name in alarms]
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": traffic.kind, "WaitIntervalInSeconds": bake_seconds} | sizes,
            "MaximumExecutionTimeoutInSeconds": _TIMEOUT_SECONDS,
        },
        **({"AutoRollbackConfiguration": {"Alarms": watched}} if watched else {}),
    }
