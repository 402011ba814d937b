"""The endpoint: made, updated without downtime, and put back to the version before.

Each step can be taken again after an interruption: what is made is looked for first, and what no version needs any more
is deleted at the end.
"""

from collections.abc import Callable
from typing import Any

from sagemaker.core.resources import Endpoint

from deploy import endpoint_config, release, versions, waiting
from deploy.account import Account
from deploy.blue_green import deployment_config
from deploy.endpoint_config import Config, Instances, Serverless, Shape, Trial
from deploy.errors import DeploymentError, if_there
from deploy.release import Release
from deploy.traffic import Traffic

_LOG_DAYS = 30

Ask = Callable[[str], None]
"""Is told what is about to happen, and raises ``DeploymentError`` if that is not meant."""


def find(account: Account) -> Any:
    """Look the endpoint up, as the SDK's resource; None where there is none.

    Raises:
        DeploymentError: it is somebody else's.

    """
    endpoint = if_there(lambda: Endpoint.get(endpoint_name=account.name, **account.sdk))
    if endpoint is None:
        return None
    tags = account.client("sagemaker").list_tags(ResourceArn=endpoint.endpoint_arn)["Tags"]
    account.require_own(f"the endpoint {account.name}", tags)
    account.inherit(tags)
    return endpoint


def require(account: Account) -> Any:
    """Look the endpoint up.

    Raises:
        DeploymentError: there is none, or it is somebody else's.

    """
    endpoint = find(account)
    if endpoint is None:
        raise DeploymentError(
            f"there is no endpoint {account.name} in {account.region}; make it: {account.command('deploy')}"
        )
    return endpoint


def require_working(account: Account, endpoint: Any) -> None:
    """Refuse an endpoint that can only be deleted.

    Raises:
        DeploymentError: it failed, or is being deleted.

    """
    status, reason = _status(endpoint)
    if status in ("Failed", "UpdateRollbackFailed"):
        raise DeploymentError(
            f"endpoint {account.name} is {status} ({reason or 'AWS gives no reason'}), and AWS updates no such "
            f"endpoint: delete it and deploy anew: {account.command('delete')}, then {account.command('deploy')}"
        )
    if status == "Deleting":
        raise DeploymentError(
            f"endpoint {account.name} is being deleted; finish that first, then deploy anew: "
            f"{account.command('delete')}"
        )


def create(account: Account, shape: Shape, runs: Release) -> None:
    """Make log group, model, configuration and endpoint; ``settle`` waits for it."""
    _ensure_log_group(account)
    model = release.make_model(account, runs)
    endpoint_config.make(account, model, Config(model, shape))
    account.client("sagemaker").create_endpoint(EndpointName=account.name, EndpointConfigName=model, Tags=account.tags)


def settle(account: Account) -> str:
    """Wait until the endpoint is in service; gives the name of its configuration.

    Raises:
        DeploymentError: it failed.

    """
    endpoint = Endpoint.get(endpoint_name=account.name, **account.sdk)
    waiting.until(
        lambda: _status(endpoint), wanted="InService", what=f"endpoint {account.name}", log_group=account.log_group
    )
    config: str = endpoint.endpoint_config_name
    return config


def update(
    account: Account, endpoint: Any, runs: Release, *, traffic: Traffic, bake_seconds: int, alarms: list[str]
) -> None:
    """Replace what the endpoint serves without downtime: a second fleet is started, tried, and takes over.

    Args:
        account: whose endpoint.
        endpoint: as ``find`` gave it.
        runs: what it is to serve.
        traffic: how the requests move to the new fleet.
        bake_seconds: how long the alarms are watched after each move.
        alarms: those that move the requests back.

    Raises:
        DeploymentError: the new fleet failed; the old one still serves.

    """
    old = endpoint.endpoint_config_name
    shape = endpoint_config.describe(account, old).shape
    model = release.make_model(account, runs)
    endpoint_config.make(account, model, Config(model, shape), previous=old)
    if isinstance(shape, Serverless):  # which AWS updates without downtime by itself, with no deployment configuration
        _switch(account, endpoint, model)
    else:
        course = deployment_config(traffic, bake_seconds=bake_seconds, alarms=alarms)
        _switch(account, endpoint, model, DeploymentConfig=course, **_kept(shape))
    tidy(account, keep={old, model})


def try_out(account: Account, endpoint: Any, runs: Release, trial: Trial) -> None:
    """Have a new version beside the one that serves, which gets a part of the requests, or a copy of a part.

    Raises:
        DeploymentError: the new version's machines failed; the endpoint serves what it served.

    """
    old = endpoint.endpoint_config_name
    now = endpoint_config.describe(account, old)
    model = release.make_model(account, runs)
    endpoint_config.make(account, model, Config(now.model, now.shape, model, trial), previous=old)
    _switch(account, endpoint, model, **_kept(now.shape))
    tidy(account, keep={old, model})


def promote(account: Account, endpoint: Any, ask: Ask) -> str:
    """Let the version that is tried serve alone; gives a sentence that says where the endpoint stands.

    Raises:
        DeploymentError: it is not meant, or the new fleet failed; the endpoint serves what it served.

    """
    tried = endpoint.endpoint_config_name
    now = endpoint_config.describe(account, tried)
    before = endpoint_config.previous_versions(account).get(tried)
    if now.candidate is None:
        tidy(account, keep={tried, *([before] if before else [])})
        return f"endpoint {account.name} serves {now.model}, and no other version is tried: nothing is to be done"
    ask(f"Endpoint {account.name} will serve {now.candidate}, the version that is tried, to everybody.")
    config = release.version_name(account)
    endpoint_config.make(account, config, Config(now.candidate, now.shape), previous=before)
    _switch(account, endpoint, config, **_kept(now.shape))
    tidy(account, keep={config, *([before] if before else [])})
    return (
        f"endpoint {account.name} serves {now.candidate} alone; put the version before back: "
        f"{account.command('rollback')}"
    )


def rollback(account: Account, endpoint: Any, ask: Ask) -> str:
    """Put the endpoint back to the version before; gives a sentence that says where it stands.

    Raises:
        DeploymentError: there is no version before, it is not meant, or the version failed.

    """
    now = endpoint.endpoint_config_name
    previous = endpoint_config.previous_versions(account)
    target = previous.get(now)
    if target not in previous:
        newer = [name for name, replaced in previous.items() if replaced == now]
        if newer:
            return f"endpoint {account.name} serves {now}, the version before {newer[-1]}: nothing is to be done"
        raise DeploymentError(
            f"endpoint {account.name} serves {now}, and no version before it is kept: put the one you want there: "
            f"{account.command('update --image URI --models DIR')}"
        )
    ask(f"Endpoint {account.name} will serve {target} again, the version before {now}.")
    _switch(account, endpoint, target, **_kept(endpoint_config.describe(account, target).shape))
    return f"endpoint {account.name} serves {target} again; {now} is kept until the next update"


def tidy(account: Account, *, keep: set[str]) -> None:
    """Delete what interrupted commands and old versions leave: all but these configurations and their models."""
    there = keep & endpoint_config.previous_versions(account).keys()  # the one before may be gone
    models = {model for name in there for model in endpoint_config.describe(account, name).models}
    for line in versions.remove(account, configs=keep, models=models):
        print(line, flush=True)


def _switch(account: Account, endpoint: Any, config: str, **how: Any) -> None:
    """Let the endpoint have a configuration, and wait until it has."""
    account.client("sagemaker").update_endpoint(EndpointName=account.name, EndpointConfigName=config, **how)
    if settle(account) != config:
        reason = _status(endpoint)[1]
        raise DeploymentError(
            f"the update was rolled back, and the endpoint serves what it served before: "
            f"{reason or 'an alarm was raised'}. The container's own words are in the CloudWatch log "
            f"group {account.log_group}: aws logs tail {account.log_group}"
        )


def _kept(shape: Shape) -> dict[str, Any]:
    """Keep the number of instances, which is autoscaling's; how requests are shared is the new configuration's to say.

    A queued endpoint may have none: its new fleet starts with one, which has to pass its health check.
    """
    if isinstance(shape, Serverless) or shape.queued:
        return {}
    return {
        "RetainAllVariantProperties": True,
        "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
    }


def instances(endpoint: Any, shape: Instances) -> int:
    """Count the instances that serve now."""
    running = list(endpoint.production_variants)  # none while it is being created
    count: int = running[0].current_instance_count if running else shape.count
    return count


def _status(endpoint: Any) -> tuple[str, str | None]:
    endpoint.refresh()
    reason = endpoint.failure_reason
    return endpoint.endpoint_status, reason if isinstance(reason, str) else None


def _ensure_log_group(account: Account) -> None:
    """Make the endpoint's log group before SageMaker does, so that it is tagged and its logs do not stay for ever."""
    logs = account.client("logs")
    try:
        logs.create_log_group(logGroupName=account.log_group, tags=account.tag_map)
    except logs.exceptions.ResourceAlreadyExistsException:
        if not account.owns(logs.list_tags_for_resource(resourceArn=account.log_group_arn)["tags"]):
            return
    logs.put_retention_policy(logGroupName=account.log_group, retentionInDays=_LOG_DAYS)
