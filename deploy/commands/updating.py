"""``update``, ``promote`` and ``rollback``: from one version to another."""

import argparse
import math
from typing import Any

from deploy import alarms, archives, cost, endpoint_config, environment, hosting, image, monitoring, release
from deploy.account import Account
from deploy.commands.creating import set_guard
from deploy.confirmation import confirm
from deploy.endpoint_config import Instances, Serverless, Shape, Trial
from deploy.errors import DeploymentError
from deploy.release import Release


def update(account: Account, options: argparse.Namespace) -> None:
    """Serve another version, or try it beside the one that serves."""
    archives.read_manifest(options.models)
    new_variables = environment.read(options.env, options.env_file)
    endpoint = _settled(account)
    now = endpoint_config.describe(account, endpoint.endpoint_config_name)
    _refuse_what_cannot_be(account, now.shape, options)
    uri = image.to_use(account, options.image, "serving", now.shape.architecture)
    trial = _trial(endpoint, now.shape, options)
    # After an interrupted trial the candidate is what this command has put there.
    old = release.describe(account, now.candidate if trial and now.candidate else now.model)
    variables = environment.changed(old.environment, new_variables, options.unset_env)
    bundle = archives.locate(account, options.models, multi_model=old.multi_model)
    runs = Release(uri, bundle, options.role or old.role, variables, old.multi_model, old.isolation)
    if runs == old and _share(trial) == _share(now.trial):
        _tag_and_guard(account, endpoint, options)
        previous = endpoint_config.previous_versions(account).get(endpoint.endpoint_config_name)
        hosting.tidy(account, keep={endpoint.endpoint_config_name, *([previous] if previous else [])})
        print(f"endpoint {account.name} serves exactly this already: nothing is to be done")
        return
    if now.candidate:
        raise DeploymentError(
            f"endpoint {account.name} is trying {now.candidate}: decide on it first, with "
            f"{account.command('promote')} or {account.command('rollback')}"
        )
    confirm(account, options, _announcement(account, uri, endpoint, now.shape, trial, options.price))
    _tag_and_guard(account, endpoint, options)
    archives.upload(account, options.models, multi_model=old.multi_model)
    if trial:
        hosting.try_out(account, endpoint, runs, trial)
        share = "gets a copy of" if trial.shadow else "answers"
        print(
            f"{uri} {share} {trial.per_cent} % of the requests: compare by {account.command('status')}, then promote "
            f"it or rollback"
        )
        return
    watching = [] if options.no_rollback else _alarms_that_can_speak(account, now.shape, options)
    hosting.update(account, endpoint, runs, traffic=options.traffic, bake_seconds=options.bake * 60, alarms=watching)
    print(f"endpoint {account.name} serves {uri}; put the version before back: {account.command('rollback')}")


def promote(account: Account, options: argparse.Namespace) -> None:
    """Let the version that is tried serve alone."""
    print(hosting.promote(account, _settled(account), lambda what: confirm(account, options, what)))


def rollback(account: Account, options: argparse.Namespace) -> None:
    """Serve the version before again."""
    print(hosting.rollback(account, _settled(account), lambda what: confirm(account, options, what)))


def _settled(account: Account) -> Any:
    """Look the endpoint up, after what an interrupted command has begun."""
    endpoint = hosting.require(account)
    hosting.require_working(account, endpoint)
    endpoint.endpoint_config_name = hosting.settle(account)
    return endpoint


def _tag_and_guard(account: Account, endpoint: Any, options: argparse.Namespace) -> None:
    if options.tag:
        account.client("sagemaker").add_tags(ResourceArn=endpoint.endpoint_arn, Tags=account.tags)
    set_guard(account, options)


def _announcement(
    account: Account, uri: str, endpoint: Any, shape: Shape, trial: Trial | None, price: float | None
) -> str:
    if isinstance(shape, Serverless):
        return f"Endpoint {account.name} will serve {uri}, and cost by the second of answering as before."
    if trial:
        more = cost.estimate_more(shape.kind, trial.count, price=price)
        return f"This costs money. Endpoint {account.name} will try {uri}: {more}, until you decide."
    more = cost.estimate_more(shape.kind, max(hosting.instances(endpoint, shape), 1), price=price)
    return f"This costs money. Endpoint {account.name} will serve {uri}: {more}, during the change."


def _share(trial: Trial | None) -> tuple[int, bool] | None:
    return (trial.per_cent, trial.shadow) if trial else None


def _refuse_what_cannot_be(account: Account, shape: Shape, options: argparse.Namespace) -> None:
    """Refuse a trial or a guard that this endpoint cannot have."""
    if (options.weight or options.shadow) and (not isinstance(shape, Instances) or shape.queued):
        raise DeploymentError(
            "--weight and --shadow need an endpoint of instances that answer at once; this one is "
            f"{'asynchronous' if isinstance(shape, Instances) else 'serverless'}: update it without them"
        )
    if options.until and monitoring.running(account):
        raise DeploymentError(
            f"endpoint {account.name} is monitored, and AWS deletes no such endpoint: update it without --until"
        )


def _trial(endpoint: Any, shape: Shape, options: argparse.Namespace) -> Trial | None:
    """Read how the new version is to be tried; None where it is to serve at once."""
    per_cent = options.weight or options.shadow
    if not per_cent or not isinstance(shape, Instances):
        return None
    instances = hosting.instances(endpoint, shape)
    return Trial(per_cent, bool(options.shadow), math.ceil(instances * per_cent / 100))


def _alarms_that_can_speak(account: Account, shape: Shape, options: argparse.Namespace) -> list[str]:
    """Name the alarms that may roll an update back: those that the fleet of now has not raised."""
    if options.notify or not alarms.complete(account):  # an interrupted deployment has made none
        alarms.ensure(account, shape, notify=options.notify)
    speaking = []
    for name, state in alarms.states(account).items():
        if state == "ALARM":
            print(f"the alarm {name} is raised already, before this update: it will not roll it back", flush=True)
        else:
            speaking.append(name)
    return speaking
