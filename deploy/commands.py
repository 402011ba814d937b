"""What each command does. Everything that can be refused is refused before money is spoken of."""

import argparse
from collections.abc import Callable

from deploy import (
    alarms,
    cost,
    endpoint_config,
    environment,
    hosting,
    image,
    invocation,
    overview,
    release,
    removal,
    role,
    scaling,
    storage,
    traffic,
    transform,
    versions,
)
from deploy.account import Account
from deploy.asking import confirm
from deploy.endpoint_config import Instances, Serverless, Shape
from deploy.errors import DeploymentError
from deploy.release import Release


def _build(account: Account, options: argparse.Namespace) -> None:
    print(image.build(account, options.target))


def _push(account: Account, options: argparse.Namespace) -> None:
    print(image.push(account, options.target))


def _deploy(account: Account, options: argparse.Namespace) -> None:
    smallest, largest = options.instances, options.max_instances or max(options.instances, 4)
    kind = options.instance_type
    estimate = cost.estimate_instances(kind, smallest=smallest, largest=largest, price=options.price)
    shape = Instances(kind, smallest, options.capture)
    _create(account, shape, options, f"{smallest} to {largest} × {kind}: {estimate}")
    scaling.scale(account, smallest=smallest, largest=largest, capacity=options.capacity or scaling.CAPACITY)
    _finish(account, options)


def _serverless(account: Account, options: argparse.Namespace) -> None:
    estimate = cost.estimate_serverless(options.memory, price=options.price)
    shape = Serverless(options.memory, options.concurrency)
    _create(account, shape, options, f"serverless, {options.memory} MB: {estimate}")
    _finish(account, options)


def _create(account: Account, shape: Shape, options: argparse.Namespace, what: str) -> None:
    """Make the endpoint, or go on with one whose making was interrupted, and wait until it is in service."""
    storage.require_bundle(options.models)
    variables = environment.changed({}, environment.read(options.env, options.env_file), [])
    endpoint = hosting.find(account)
    money = f"This costs money. Endpoint {account.name} in {account.region}, {what}."
    if endpoint is None:
        uri = _image(account, options)
        confirm(account, options, money)
        storage.ensure_bucket(account)
        bundle = storage.upload_bundle(account, options.models)
        runs = Release(uri, bundle, options.role or role.ensure(account), variables)
        hosting.create(account, shape, runs)
    else:
        hosting.require_working(account, endpoint)
        if alarms.complete(account):  # the last that is made
            raise DeploymentError(
                f"there is an endpoint {account.name} already; put another version on it: python -m deploy update"
            )
        _, begun = endpoint_config.describe(account, endpoint.endpoint_config_name)
        if begun != shape:
            raise DeploymentError(
                f"an interrupted deployment has made the endpoint {account.name} with {begun}; go on with the options "
                f"it was begun with, or take it away: python -m deploy delete"
            )
        confirm(account, options, f"The endpoint is there, and its deployment was interrupted: going on. {money}")
    config = hosting.settle(account)
    hosting.tidy(account, keep={config})


def _finish(account: Account, options: argparse.Namespace) -> None:
    alarms.ensure(account, notify=options.notify)
    print(f"endpoint {account.name} answers: python -m deploy invoke tests/data/ankle-boot.png")
    print("it costs until it is deleted: python -m deploy delete")


def _image(account: Account, options: argparse.Namespace) -> str:
    """Name the image to serve: the one asked for, or the one pushed last."""
    if not options.image:
        return image.pushed(account, "serving")
    image.require_docker_manifest(account, options.image)
    uri: str = options.image
    return uri


def _update(account: Account, options: argparse.Namespace) -> None:
    storage.require_bundle(options.models)
    new_variables = environment.read(options.env, options.env_file)
    endpoint = hosting.require(account)
    hosting.require_working(account, endpoint)
    uri = _image(account, options)
    confirm(account, options, f"Endpoint {account.name} will serve {uri}; during the change it costs twice as much.")
    endpoint.endpoint_config_name = hosting.settle(account)  # an interrupted update may still be going on
    if options.tag:
        account.client("sagemaker").add_tags(ResourceArn=endpoint.endpoint_arn, Tags=account.tags)
    model, _ = endpoint_config.describe(account, endpoint.endpoint_config_name)
    old = release.describe(account, model)
    variables = environment.changed(old.environment, new_variables, options.unset_env)
    bundle = storage.upload_bundle(account, options.models)
    runs = Release(uri, bundle, options.role or old.role, variables)
    if runs == old:
        previous = endpoint_config.previous_versions(account).get(model)
        hosting.tidy(account, keep={model, *([previous] if previous else [])})
        print(f"endpoint {account.name} serves exactly this already: nothing is to be done")
        return
    watching = [] if options.no_rollback else _alarms_that_can_speak(account, options)
    hosting.update(account, endpoint, runs, traffic=options.traffic, bake_seconds=options.bake * 60, alarms=watching)
    print(f"endpoint {account.name} serves {uri}; put the version before back: python -m deploy rollback")


def _alarms_that_can_speak(account: Account, options: argparse.Namespace) -> list[str]:
    """Name the alarms that may roll an update back: those that the fleet of now has not raised."""
    if options.notify or not alarms.complete(account):  # an interrupted deployment has made none
        alarms.ensure(account, notify=options.notify)
    speaking = []
    for name, state in alarms.states(account).items():
        if state == "ALARM":
            print(f"the alarm {name} is raised already, before this update: it will not roll it back", flush=True)
        else:
            speaking.append(name)
    return speaking


def _rollback(account: Account, options: argparse.Namespace) -> None:
    endpoint = hosting.require(account)
    hosting.require_working(account, endpoint)
    confirm(account, options, f"Endpoint {account.name} will serve the version before again.")
    endpoint.endpoint_config_name = hosting.settle(account)
    # No alarm is watched, and AWS wants a wait of some length: the SDK (3.27) leaves out a 0.
    print(hosting.rollback(account, endpoint, traffic=traffic.parse("all"), bake_seconds=1))


def _invoke(account: Account, options: argparse.Namespace) -> None:
    picture, content_type = invocation.read_picture(options.picture)
    answer = invocation.ask(account, picture, content_type=content_type, model=options.model)
    if not account.dry:
        print(f"{answer['label']} ({answer['confidence']:.1%}, {answer['model']})")


def _transform(account: Account, options: argparse.Namespace) -> None:
    source = transform.look_at(options.source, join=options.join_input)
    storage.require_bundle(options.models)
    variables = environment.changed({}, environment.read(options.env, options.env_file), [])
    estimate = cost.estimate_job(options.instance_type, price=options.price)
    uri = _image(account, options)
    confirm(account, options, f"This costs money. A transform job on {options.instance_type}: {estimate}.")
    storage.ensure_bucket(account)
    bundle = storage.upload_bundle(account, options.models)
    runs = Release(uri, bundle, options.role or role.ensure(account), variables)
    for line in versions.remove_of_jobs(account):  # what an interrupted run has left
        print(line, flush=True)
    model = release.make_model(account, runs, prefix=versions.TRANSFORM)
    try:
        files = transform.run(account, source, model=model, kind=options.instance_type, output=options.output)
    finally:
        account.client("sagemaker").delete_model(ModelName=model)
    print(f"{options.output}: {len(files)} files of answers")


def _train(account: Account, options: argparse.Namespace) -> None:
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
        confirm(
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


def _status(account: Account, options: argparse.Namespace) -> None:
    print("\n".join(overview.lines(account, price=options.price)))


def _delete(account: Account, options: argparse.Namespace) -> None:
    confirm(account, options, f"Everything in {account.region} with the tag owner={account.owner!r} will be deleted.")
    nothing = True
    for line in removal.remove(account):
        print(line, flush=True)
        nothing = False
    if nothing:
        print(f"there is nothing of {account.name} in {account.region}")


COMMANDS: dict[str, Callable[[Account, argparse.Namespace], None]] = {
    "build": _build,
    "push": _push,
    "deploy": _deploy,
    "serverless": _serverless,
    "update": _update,
    "rollback": _rollback,
    "invoke": _invoke,
    "transform": _transform,
    "train": _train,
    "status": _status,
    "delete": _delete,
}
