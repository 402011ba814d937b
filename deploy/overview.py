"""What is there of a deployment, and what it costs."""

from datetime import UTC, datetime
from typing import Any

from sagemaker.core.resources import EndpointConfig, Model

from deploy import alarms, cost, hosting, scaling
from deploy.account import Account


def lines(account: Account, *, price: float | None) -> list[str]:
    """Describe the endpoint, a line each: status, model, instances, alarms, cost.

    Raises:
        DeploymentError: there is no endpoint.

    """
    endpoint = hosting.require(account)
    config = EndpointConfig.get(endpoint_config_name=endpoint.endpoint_config_name, **account.sdk)
    (variant,) = config.production_variants
    model = Model.get(model_name=variant.model_name, **account.sdk)
    found = [
        f"endpoint     {account.name} in {account.region}: {endpoint.endpoint_status}",
        f"model        {variant.model_name}",
        f"image        {model.primary_container.image}",
        f"bundle       {model.primary_container.model_data_url}",
        *_machines(account, endpoint, variant, price),
    ]
    if isinstance(endpoint.failure_reason, str):
        found.insert(1, f"reason       {endpoint.failure_reason}")
    found += [f"alarm        {name}: {state}" for name, state in alarms.states(account).items()]
    found.append(f"logs         aws logs tail --follow {account.log_group}")
    return found


def _machines(account: Account, endpoint: Any, variant: Any, price: float | None) -> list[str]:
    if variant.serverless_config:
        memory = variant.serverless_config.memory_size_in_mb
        return [
            f"serverless   {memory} MB, {variant.serverless_config.max_concurrency} requests at a time",
            f"cost         {cost.estimate_serverless(memory, price=price)}",
        ]
    kind = variant.instance_type
    running = list(endpoint.production_variants)  # none while it is being created
    count = running[0].current_instance_count if running else variant.initial_instance_count
    smallest, largest = scaling.limits(account) or (count, count)
    hours = (datetime.now(UTC) - endpoint.creation_time).total_seconds() / 3600
    so_far = cost.hourly(kind, price) * hours * smallest
    return [
        f"instances    {count} × {kind}, between {smallest} and {largest}",
        f"cost         {cost.estimate_instances(kind, smallest=smallest, largest=largest, price=price)}",
        f"cost so far  at least ${so_far:.2f}, of {hours:.1f} hours",
    ]
