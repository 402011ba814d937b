"""What is there of a deployment, and what it costs."""

from datetime import UTC, datetime
from typing import Any

from deploy import alarms, cost, endpoint_config, guard, hosting, monitoring, release, scaling
from deploy.account import Account
from deploy.endpoint_config import CANDIDATE, Config, Instances, Serverless


def lines(account: Account, *, price: float | None) -> list[str]:
    """Describe the endpoint, a line each: status, model, instances, alarms, cost.

    Raises:
        DeploymentError: there is no endpoint.

    """
    endpoint = hosting.require(account)
    config = endpoint_config.describe(account, endpoint.endpoint_config_name)
    runs = release.describe(account, config.model)
    found = [
        f"endpoint     {account.name} in {account.region}: {endpoint.endpoint_status}",
        f"model        {config.model}",
        f"image        {runs.image}",
        f"{'models ' if runs.multi_model else 'bundle '}      {runs.bundle}",
        *_trial(account, config),
        *_machines(account, endpoint, config, price),
    ]
    if isinstance(endpoint.failure_reason, str):
        found.insert(1, f"reason       {endpoint.failure_reason}")
    found += [f"alarm        {name}: {state}" for name, state in alarms.states(account).items()]
    if monitoring.running(account):
        each = cost.estimate_job(monitoring.INSTANCE_TYPE, price=None)
        found.append(f"monitoring   every hour, by a job on {monitoring.INSTANCE_TYPE}: {each}")
    at = guard.due(account)
    if at:
        found.append(f"until        {at} UTC, when the endpoint is deleted")
    found.append(f"logs         aws logs tail --follow {account.log_group}")
    return found


def _trial(account: Account, config: Config) -> list[str]:
    if config.candidate is None or config.trial is None:
        return []
    gets = "gets a copy of" if config.trial.shadow else "answers"
    instances = f"{config.trial.count} instance{'s' if config.trial.count > 1 else ''}"
    return [
        f"tried        {config.candidate} {gets} {config.trial.per_cent} % of the requests, on "
        f"{instances}: {account.command('promote')}, or rollback",
        f"its metrics  in CloudWatch: AWS/SageMaker, EndpointName {account.name}, VariantName {CANDIDATE}",
    ]


def _machines(account: Account, endpoint: Any, config: Config, price: float | None) -> list[str]:
    shape = config.shape
    if isinstance(shape, Serverless):
        return [
            f"serverless   {shape.memory_mb} MB, {shape.concurrency} requests at a time",
            f"cost         {cost.estimate_serverless(shape.memory_mb, price=price)}",
        ]
    count = hosting.instances(endpoint, shape)
    smallest, largest = scaling.limits(account) or (count, count)
    tried = config.trial.count if config.trial else 0
    running = f"instances    {count} × {shape.kind}, between {smallest} and {largest}{_queue(shape)}"
    if not cost.is_known(shape.kind, price):
        return [running, f"cost         no price of {shape.kind} is known here: --price DOLLARS_AN_HOUR says it"]
    hours = (datetime.now(UTC) - endpoint.creation_time).total_seconds() / 3600
    so_far = cost.hourly(shape.kind, price) * hours * smallest
    estimate = cost.estimate_instances(shape.kind, smallest=smallest + tried, largest=largest + tried, price=price)
    return [
        running,
        f"cost         {estimate}",
        f"cost so far  at least ${so_far:.2f}, of {hours:.1f} hours",
    ]


def _queue(shape: Instances) -> str:
    return ", by the queue's length" if shape.queued else ""
