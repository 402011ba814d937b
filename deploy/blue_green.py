"""An update as UpdateEndpoint takes it: how the traffic moves to the new fleet, and what moves it back.

Source: Amazon SageMaker AI developer guide, "Auto-rollback configuration and monitoring".
"""

from collections.abc import Iterable

from sagemaker.core.shapes import (
    Alarm,
    AutoRollbackConfig,
    BlueGreenUpdatePolicy,
    CapacitySize,
    DeploymentConfig,
    TrafficRoutingConfig,
)

from deploy.traffic import Traffic

_TIMEOUT_SECONDS = 8 * 3600  # AWS's most: ten linear steps with a long wait after each take hours


def deployment_config(traffic: Traffic, *, bake_seconds: int, alarms: Iterable[str]) -> DeploymentConfig:
    """Write an update's course.

    Args:
        traffic: how it moves.
        bake_seconds: how long AWS watches the alarms after each move.
        alarms: the names of those that move it back; none for no rollback.

    """
    size = CapacitySize(type="CAPACITY_PERCENT", value=traffic.per_cent)
    sizes = {"CANARY": {"canary_size": size}, "LINEAR": {"linear_step_size": size}}.get(traffic.kind, {})
    watched = [Alarm(alarm_name=name) for name in alarms]
    return DeploymentConfig(
        blue_green_update_policy=BlueGreenUpdatePolicy(
            traffic_routing_configuration=TrafficRoutingConfig(
                type=traffic.kind, wait_interval_in_seconds=bake_seconds, **sizes
            ),
            maximum_execution_timeout_in_seconds=_TIMEOUT_SECONDS,
        ),
        **({"auto_rollback_configuration": AutoRollbackConfig(alarms=watched)} if watched else {}),
    )
