"""The commands, and what they say before they cost money."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.errors import DeploymentError
from deploy.options import parse

_NEEDS_DEPLOYMENT = {"update", "invoke", "transform", "status", "delete"}

# The SDK reports its use to AWS unless a configuration file says no. As the administrator's file, ours leaves the
# user's own in force.
os.environ.setdefault("SAGEMAKER_ADMIN_CONFIG_OVERRIDE", str(Path(__file__).parent / "no-telemetry.yaml"))


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parse(arguments)
    from botocore.exceptions import BotoCoreError, ClientError

    from deploy.errors import explain

    try:
        _COMMANDS[options.command](_account(options), options)
    except DeploymentError as error:
        said = str(error)
    except (ClientError, BotoCoreError) as error:
        said = explain(error)
    except KeyboardInterrupt:
        print("\ninterrupted; what was made so far is there and costs: see status, or run delete", file=sys.stderr)
        return 130
    else:
        return 0
    print(f"error: {said}", file=sys.stderr)
    return 1


# The commands import late: the SDK takes seconds to load, and --help need not wait for it.


def _account(options: argparse.Namespace) -> Any:
    import boto3

    from deploy.account import Account
    from deploy.planning import dry_account

    if options.dry:
        return dry_account(options.name, options.region, deployed=options.command in _NEEDS_DEPLOYMENT)
    return Account(boto3.Session(region_name=options.region), options.name)


def _build(account: Any, options: argparse.Namespace) -> None:
    from deploy import image

    print(image.build(account, options.target))


def _push(account: Any, options: argparse.Namespace) -> None:
    from deploy import image

    print(image.push(account, options.target))


def _deploy(account: Any, options: argparse.Namespace) -> None:
    from deploy import cost, hosting, scaling

    smallest, largest = options.instances, max(options.instances, options.max_instances)
    kind = options.instance_type
    estimate = cost.estimate_instances(kind, smallest=smallest, largest=largest, price=options.price)
    shape = hosting.Instances(kind, smallest, options.capture)
    _create(account, shape, options, f"{smallest} to {largest} × {kind}: {estimate}")
    scaling.scale(account, smallest=smallest, largest=largest, capacity=options.capacity or scaling.CAPACITY)
    scaling.watch(account)
    _in_service(account)


def _serverless(account: Any, options: argparse.Namespace) -> None:
    from deploy import cost, hosting

    estimate = cost.estimate_serverless(options.memory, price=options.price)
    shape = hosting.Serverless(options.memory, options.concurrency)
    _create(account, shape, options, f"serverless, {options.memory} MB: {estimate}")
    _in_service(account)


def _create(account: Any, shape: Any, options: argparse.Namespace, what: str) -> None:
    from deploy import hosting, image, role, storage

    if hosting.find(account) is not None:
        raise DeploymentError(
            f"there is an endpoint {account.name} already; put another version on it: python -m deploy update"
        )
    uri = options.image or image.pushed(account, "serving")
    _confirm(account, options, f"This costs money. Endpoint {account.name} in {account.region}, {what}.")
    storage.ensure_bucket(account)
    bundle = storage.upload_bundle(account, options.models)
    hosting.create(account, shape, image=uri, bundle=bundle, role=options.role or role.ensure(account))


def _in_service(account: Any) -> None:
    print(f"endpoint {account.name} answers: python -m deploy invoke tests/data/ankle-boot.png")
    print("it costs until it is deleted: python -m deploy delete")


def _update(account: Any, options: argparse.Namespace) -> None:
    from deploy import hosting, image, storage

    endpoint = hosting.require(account)
    uri = options.image or image.pushed(account, "serving")
    _confirm(account, options, f"Endpoint {account.name} will serve {uri}; during the change it costs twice as much.")
    bundle = storage.upload_bundle(account, options.models)
    role = options.role or hosting.model_of(account, endpoint).execution_role_arn
    hosting.update(account, endpoint, image=uri, bundle=bundle, role=role)
    print(f"endpoint {account.name} serves {uri}")


def _invoke(account: Any, options: argparse.Namespace) -> None:
    from deploy import invocation

    picture, content_type = invocation.read_picture(options.picture)
    answer = invocation.ask(account, picture, content_type=content_type, model=options.model)
    if not account.dry:
        print(f"{answer['label']} ({answer['confidence']:.1%}, {answer['model']})")


def _transform(account: Any, options: argparse.Namespace) -> None:
    from deploy import cost, hosting, transform

    estimate = cost.estimate_job(options.instance_type, price=options.price)
    model = hosting.model_of(account, hosting.require(account)).model_name
    _confirm(account, options, f"This costs money. A transform job on {options.instance_type}: {estimate}.")
    files = transform.run(account, options.source, model=model, kind=options.instance_type, output=options.output)
    print(f"{options.output}: {len(files)} files of answers")


def _train(account: Any, options: argparse.Namespace) -> None:
    from deploy import cost, image, role, storage
    from training.errors import TrainingError
    from training.experiments import sagemaker_jobs
    from training.experiments.local_runner import plan_runs
    from training.experiments.registry import select
    from training.experiments.runs import RunFolder

    if account.dry:
        raise DeploymentError("training jobs cannot be planned; without --yes, train says what it will start, and asks")
    try:
        experiments = select(options.experiments or ["baseline", "cnn_a", "cnn_b"], epochs=options.epochs)
        plan = plan_runs(experiments, seeds=options.seeds)
        estimate = cost.estimate_job(options.instance_type, price=options.price)
        uri = options.image or image.pushed(account, "training")
        _confirm(
            account,
            options,
            f"This costs money. {len(plan)} training jobs on {options.instance_type}, each {estimate}.",
        )
        storage.ensure_bucket(account)
        where = sagemaker_jobs.Where(
            options.role or role.ensure(account), account.bucket, uri, options.instance_type, spot=options.spot
        )
        runs = RunFolder(options.runs)
        sagemaker_jobs.run(
            plan, where, runs=runs, data_folder=options.data, jobs=options.jobs, ask=False, account=account.session
        )
    except TrainingError as error:
        raise DeploymentError(str(error)) from error


def _status(account: Any, options: argparse.Namespace) -> None:
    from deploy import overview

    print("\n".join(overview.lines(account, price=options.price)))


def _delete(account: Any, options: argparse.Namespace) -> None:
    from deploy import removal

    _confirm(account, options, f"Everything in {account.region} with the tag owner={account.owner!r} will be deleted.")
    lines = list(map(_say, removal.remove(account)))
    if not lines:
        print(f"there is nothing of {account.name} in {account.region}")


def _say(line: str) -> str:
    print(line, flush=True)
    return line


def _confirm(account: Any, options: argparse.Namespace, what: str) -> None:
    """Say what is about to happen, and ask.

    Raises:
        DeploymentError: the answer is no, or nobody is there to ask.

    """
    print(what, flush=True)
    if options.yes or account.dry:
        return
    if not sys.stdin.isatty():
        raise DeploymentError("nobody is there to ask whether to go on; pass --yes if that is meant")
    if input("Go on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise DeploymentError("nothing was done")


_COMMANDS: dict[str, Callable[[Any, argparse.Namespace], None]] = {
    "build": _build,
    "push": _push,
    "deploy": _deploy,
    "update": _update,
    "serverless": _serverless,
    "invoke": _invoke,
    "transform": _transform,
    "train": _train,
    "status": _status,
    "delete": _delete,
}
