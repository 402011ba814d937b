"""``deploy``, ``async`` and ``serverless``: an endpoint, and what belongs to it."""

import argparse

from deploy import (
    alarms,
    archives,
    cost,
    endpoint_config,
    environment,
    execution_role,
    guard,
    hosting,
    image,
    isolation,
    scaling,
    storage,
)
from deploy.account import Account
from deploy.confirmation import confirm
from deploy.endpoint_config import Instances, Serverless, Shape
from deploy.errors import DeploymentError
from deploy.isolation import Isolation
from deploy.release import Release


def deploy(account: Account, options: argparse.Namespace) -> None:
    """Make an endpoint of machines that answer at once."""
    smallest, largest = options.instances, options.max_instances or max(options.instances, 4)
    _of_machines(account, options, smallest=smallest, largest=largest, queued=False)


def queued(account: Account, options: argparse.Namespace) -> None:
    """Make an endpoint that answers files from a queue, with no machine while the queue is empty."""
    _of_machines(account, options, smallest=0, largest=options.max_instances or 4, queued=True)


def serverless(account: Account, options: argparse.Namespace) -> None:
    """Make an endpoint without machines."""
    estimate = cost.estimate_serverless(options.memory, price=options.price)
    shape = Serverless(options.memory, options.concurrency)
    _create(account, shape, Isolation(), options, f"serverless, {options.memory} MB: {estimate}")
    _finish(account, shape, options)


def _of_machines(account: Account, options: argparse.Namespace, *, smallest: int, largest: int, queued: bool) -> None:
    place, kind = isolation.read(options), options.instance_type
    estimate = cost.estimate_instances(kind, smallest=smallest, largest=largest, price=options.price)
    shape = Instances(kind, max(smallest, 1), 0 if queued else options.capture, queued, place.key)
    _create(account, shape, place, options, f"{smallest} to {largest} × {kind}: {estimate}")
    capacity = scaling.CAPACITY if queued else options.capacity or scaling.CAPACITY
    scaling.scale(account, shape, smallest=smallest, largest=largest, capacity=capacity)
    _finish(account, shape, options)


def _create(account: Account, shape: Shape, place: Isolation, options: argparse.Namespace, what: str) -> None:
    """Make the endpoint, or go on with one whose making was interrupted, and wait until it is in service."""
    archives.read_manifest(options.models)
    variables = environment.changed({}, environment.read(options.env, options.env_file), [])
    endpoint = hosting.find(account)
    money = f"This costs money. Endpoint {account.name} in {account.region}, {what}."
    if endpoint is None:
        uri = image.to_use(account, options.image, "serving", shape.architecture)
        confirm(account, options, money)
        storage.ensure_bucket(account, place.key)
        many = getattr(options, "multi_model", False)
        bundle = archives.upload(account, options.models, multi_model=many)
        runs = Release(
            uri, bundle, options.role or execution_role.ensure(account, place), variables, many, place.network
        )
        set_guard(account, options)  # before what it guards: an interruption may come in between
        hosting.create(account, shape, runs)
    else:
        hosting.require_working(account, endpoint)
        if alarms.complete(account):  # the last that is made
            raise DeploymentError(
                f"there is an endpoint {account.name} already; put another version on it: {account.command('update')}"
            )
        begun = endpoint_config.describe(account, endpoint.endpoint_config_name).shape
        if begun != shape:
            raise DeploymentError(
                f"an interrupted deployment has made the endpoint {account.name} with {begun}; go on with the options "
                f"it was begun with, or take it away: {account.command('delete')}"
            )
        confirm(account, options, f"The endpoint is there, and its deployment was interrupted: going on. {money}")
        set_guard(account, options)
    config = hosting.settle(account)
    hosting.tidy(account, keep={config})


def _finish(account: Account, shape: Shape, options: argparse.Namespace) -> None:
    alarms.ensure(account, shape, notify=options.notify)
    which = " --model NAME" if getattr(options, "multi_model", False) else ""
    print(f"endpoint {account.name} answers: {account.command(f'invoke tests/data/ankle-boot.png{which}')}")
    if options.until is None:
        print(f"it costs until it is deleted: {account.command('delete')}")


def set_guard(account: Account, options: argparse.Namespace) -> None:
    """Schedule the endpoint's deletion, if that is asked for."""
    if options.until is not None:
        at = guard.ensure(account, options.until)
        print(f"the endpoint will be deleted at {at:%Y-%m-%d %H:%M} UTC; update --until moves the time", flush=True)
