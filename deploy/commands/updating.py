"""``update``, ``promote`` and ``rollback``: from one version to another."""

import argparse
import math
from collections.abc import Callable
from typing import Any

from deploy import alarms, archives, endpoint_config, environment, hosting, image, monitoring, release
from deploy.account import Account
from deploy.asking import confirm
from deploy.commands.creating import set_guard
from deploy.endpoint_config import Instances, Shape, Trial
from deploy.errors import DeploymentError
from deploy.release import Release


def update(account: Account, options: argparse.Namespace) -> None:
    """Serve another version, or try it beside the one that serves."""
    archives.read_manifest(options.models)
    new_variables = environment.read(options.env, options.env_file)
    endpoint = hosting.require(account)
    hosting.require_working(account, endpoint)
    _refuse_what_cannot_be(account, endpoint, options)
    uri = image.to_serve(account, options.image)
    confirm(account, options, _announcement(account, uri, options))
    endpoint.endpoint_config_name = hosting.settle(account)  # an interrupted update may still be going on
    if options.tag:
        account.client("sagemaker").add_tags(ResourceArn=endpoint.endpoint_arn, Tags=account.tags)
    set_guard(account, options)
    now = endpoint_config.describe(account, endpoint.endpoint_config_name)
    trial = _trial(endpoint, now.shape, options)
    # After an interrupted trial the candidate is what this command has put there.
    old = release.describe(account, now.candidate if trial and now.candidate else now.model)
    variables = environment.changed(old.environment, new_variables, options.unset_env)
    bundle = archives.upload(account, options.models, multi_model=old.multi_model)
    runs = Release(uri, bundle, options.role or old.role, variables, old.multi_model, old.isolation)
    if runs == old and _share(trial) == _share(now.trial):
        previous = endpoint_config.previous_versions(account).get(endpoint.endpoint_config_name)
        hosting.tidy(account, keep={endpoint.endpoint_config_name, *([previous] if previous else [])})
        print(f"endpoint {account.name} serves exactly this already: nothing is to be done")
        return
    if now.candidate:
        raise DeploymentError(
            f"endpoint {account.name} is trying {now.candidate}: decide on it first, with python -m deploy promote or "
            f"python -m deploy rollback"
        )
    if trial:
        hosting.try_out(account, endpoint, runs, trial)
        share = "gets a copy of" if trial.shadow else "answers"
        print(
            f"{uri} {share} {trial.per_cent} % of the requests: compare by python -m deploy status, then promote it or "
            f"rollback"
        )
        return
    watching = [] if options.no_rollback else _alarms_that_can_speak(account, now.shape, options)
    hosting.update(account, endpoint, runs, traffic=options.traffic, bake_seconds=options.bake * 60, alarms=watching)
    print(f"endpoint {account.name} serves {uri}; put the version before back: python -m deploy rollback")


def promote(account: Account, options: argparse.Namespace) -> None:
    """Let the version that is tried serve alone."""
    _switch(account, options, hosting.promote, "the version that is tried, to everybody")


def rollback(account: Account, options: argparse.Namespace) -> None:
    """Serve the version before again."""
    _switch(account, options, hosting.rollback, "the version before again")


def _switch(account: Account, options: argparse.Namespace, how: Callable[[Account, Any], str], what: str) -> None:
    """Serve another version that is there already."""
    endpoint = hosting.require(account)
    hosting.require_working(account, endpoint)
    confirm(account, options, f"Endpoint {account.name} will serve {what}.")
    endpoint.endpoint_config_name = hosting.settle(account)  # an interrupted update may still be going on
    print(how(account, endpoint))


def _announcement(account: Account, uri: str, options: argparse.Namespace) -> str:
    if options.weight or options.shadow:
        return f"Endpoint {account.name} will try {uri}; until you decide, the new version's instances cost as well."
    return f"Endpoint {account.name} will serve {uri}; during the change it costs twice as much."


def _share(trial: Trial | None) -> tuple[int, bool] | None:
    return (trial.per_cent, trial.shadow) if trial else None


def _refuse_what_cannot_be(account: Account, endpoint: Any, options: argparse.Namespace) -> None:
    """Refuse a trial or a guard that this endpoint cannot have."""
    if options.weight or options.shadow:
        shape = endpoint_config.describe(account, endpoint.endpoint_config_name).shape
        if not isinstance(shape, Instances) or shape.queued:
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
