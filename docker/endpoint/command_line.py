"""The commands, and what they say before they cost money."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from endpoint.errors import DeploymentError

_ROOT = Path(__file__).resolve().parent.parent.parent
_NEEDS_DEPLOYMENT = {"update", "invoke", "transform", "status", "delete"}

DEFAULT_INSTANCE = "ml.m5.xlarge"

# The SDK reports its use to AWS unless a configuration file says no. As the administrator's file, ours leaves the
# user's own in force.
os.environ.setdefault("SAGEMAKER_ADMIN_CONFIG_OVERRIDE", str(Path(__file__).parent / "no-telemetry.yaml"))


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if planned := options.command == "plan":
        options = parser.parse_args([*(options.planned or ["deploy"]), *_kept(options)])
    from botocore.exceptions import BotoCoreError, ClientError

    from endpoint.errors import explain

    try:
        _COMMANDS[options.command](_account(options, dry=planned), options)
    except DeploymentError as error:
        said = str(error)
    except (ClientError, BotoCoreError) as error:
        said = explain(error)
    except KeyboardInterrupt:
        said = "interrupted; what was made so far is there and costs: python docker/endpoint status, or delete"
    else:
        return 0
    print(f"error: {said}", file=sys.stderr)
    return 1


def _kept(options: argparse.Namespace) -> list[str]:
    """Pass on the options that stood before the planned command."""
    return [f"--name={options.name}", *([f"--region={options.region}"] if options.region else [])]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python docker/endpoint",
        description="Deploy to Amazon SageMaker AI, and take it away again. What costs money says how much, and asks.",
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--name",
        default="exploring-convolutional-layers",
        help="of the deployment (default: exploring-convolutional-layers)",
    )
    common.add_argument("--region", metavar="REGION", help="such as us-east-1 (default: the configured one)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[common])

    build = add("build", "build an image for SageMaker: linux/amd64, without provenance")
    push = add("push", "push the built image to ECR; makes the repository, which scans what is pushed")
    deploy = add("deploy", "make role, bucket, model, endpoint, autoscaling and alarms")
    update = add("update", "serve the image pushed last and the bundle, without downtime")
    serverless = add("serverless", "make an endpoint that costs nothing between requests")
    invoke = add("invoke", "send a picture, print its label")
    transform = add("transform", "classify a file or folder by a batch transform job")
    train = add("train", "train each network in a training job of its own, and collect the records")
    status = add("status", "what is there, and what it costs")
    delete = add("delete", "delete what this deployment made, and nothing else")
    plan = add("plan", "print every call to AWS that a command would make, and make none")

    for command in (build, push):
        command.add_argument("--target", choices=("serving", "training"), default="serving", help="default: serving")
    for command in (deploy, update, serverless, train):
        command.add_argument("--role", metavar="ARN", help="the containers' role (default: one is made)")
        command.add_argument("--image", metavar="URI", help="default: the one pushed last")
    for command in (deploy, update, serverless):
        command.add_argument("--models", type=Path, default=_ROOT / "models", metavar="DIR", help="default: models")
    train.add_argument("experiments", nargs="*", metavar="NAME", help="default: baseline cnn_a cnn_b")
    train.add_argument("--seeds", type=_positive, metavar="N", help="0 to N-1 (default: each experiment's number)")
    train.add_argument("--epochs", type=_positive, metavar="N", help="default: the recipe's number")
    train.add_argument("--jobs", type=_positive, default=4, metavar="N", help="so many at a time (default: 4)")
    train.add_argument("--spot", action="store_true", help="on spot instances, resumed from checkpoints")
    train.add_argument("--data", type=Path, metavar="DIR", help="folder with Fashion-MNIST's four IDX files")
    train.add_argument(
        "--runs", type=Path, default=_ROOT / "training" / "runs", metavar="DIR", help="default: training/runs"
    )
    for command in (deploy, transform, train):
        command.add_argument("--instance-type", default=DEFAULT_INSTANCE, metavar="TYPE", help="default: %(default)s")
    update.add_argument("--instance-type", metavar="TYPE", help="default: the present one")
    deploy.add_argument("--instances", type=_positive, default=1, metavar="N", help="at least (default: 1)")
    deploy.add_argument("--max-instances", type=_positive, default=4, metavar="N", help="at most (default: 4)")
    deploy.add_argument(
        "--capacity",
        type=_over_zero,
        metavar="N",
        help="requests a second that one instance answers (default: 1000, by python -m benchmarks.capacity)",
    )
    deploy.add_argument(
        "--capture", type=_per_cent, default=10, metavar="N", help="per cent of requests kept in S3 (default: 10)"
    )
    serverless.add_argument(
        "--memory", type=int, default=2048, choices=range(1024, 6145, 1024), metavar="MB", help="default: 2048"
    )
    serverless.add_argument(
        "--concurrency", type=_positive, default=5, metavar="N", help="requests at a time (default: 5)"
    )
    invoke.add_argument("picture", type=Path, metavar="PICTURE")
    invoke.add_argument("--model", metavar="NAME", help="such as cnn_b (default: the bundle's)")
    transform.add_argument("source", type=Path, metavar="SOURCE", help=".csv, .jsonl, .npy, .png, .jpg, or a folder")
    transform.add_argument(
        "--output", type=Path, default=Path("transformed"), metavar="DIR", help="default: transformed"
    )
    for command in (deploy, serverless, transform, train, status):
        command.add_argument(
            "--price", type=_over_zero, metavar="USD", help="an hour of one instance (serverless: a GB-second)"
        )
    for command in (deploy, update, serverless, transform, train, delete):
        command.add_argument("--yes", action="store_true", help="do not ask")
    plan.add_argument("planned", nargs=argparse.REMAINDER, metavar="COMMAND ...", help="default: deploy")
    return parser


def _positive(text: str) -> int:
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"must be a whole number, 1 or more, not {text!r}")
    return int(text)


def _per_cent(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 100):
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 100, not {text!r}")
    return int(text)


def _over_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number over 0, not {text!r}")
    return number


# The commands import late: the SDK takes seconds to load, and --help need not wait for it.


def _account(options: argparse.Namespace, *, dry: bool) -> Any:
    import boto3

    from endpoint.account import Account
    from endpoint.planning import dry_account

    if dry:
        return dry_account(options.name, options.region, deployed=options.command in _NEEDS_DEPLOYMENT)
    return Account(boto3.Session(region_name=options.region), options.name)


def _build(account: Any, options: argparse.Namespace) -> None:
    from endpoint import image

    print(image.build(account, options.target))


def _push(account: Any, options: argparse.Namespace) -> None:
    from endpoint import image

    print(image.push(account, options.target))


def _deploy(account: Any, options: argparse.Namespace) -> None:
    from endpoint import cost, hosting, scaling

    smallest, largest = options.instances, max(options.instances, options.max_instances)
    kind = options.instance_type
    estimate = cost.estimate_instances(kind, smallest=smallest, largest=largest, price=options.price)
    shape = hosting.Instances(kind, smallest, options.capture)
    _create(account, shape, options, f"{smallest} to {largest} × {kind}: {estimate}")
    scaling.scale(account, smallest=smallest, largest=largest, capacity=options.capacity or scaling.CAPACITY)
    scaling.watch(account)
    _in_service(account)


def _serverless(account: Any, options: argparse.Namespace) -> None:
    from endpoint import cost, hosting

    estimate = cost.estimate_serverless(options.memory, price=options.price)
    shape = hosting.Serverless(options.memory, options.concurrency)
    _create(account, shape, options, f"serverless, {options.memory} MB: {estimate}")
    _in_service(account)


def _create(account: Any, shape: Any, options: argparse.Namespace, what: str) -> None:
    from endpoint import hosting, image, role, storage

    if hosting.find(account) is not None:
        raise DeploymentError(
            f"there is an endpoint {account.name} already; put another version on it: python docker/endpoint update"
        )
    uri = options.image or image.pushed(account, "serving")
    _confirm(account, options, f"This costs money. Endpoint {account.name} in {account.region}, {what}.")
    storage.ensure_bucket(account)
    bundle = storage.upload_bundle(account, options.models)
    hosting.create(account, shape, image=uri, bundle=bundle, role=options.role or role.ensure(account))


def _in_service(account: Any) -> None:
    print(f"endpoint {account.name} answers: python docker/endpoint invoke tests/data/ankle-boot.png")
    print("it costs until it is deleted: python docker/endpoint delete")


def _update(account: Any, options: argparse.Namespace) -> None:
    from endpoint import hosting, image, storage

    endpoint = hosting.require(account)
    uri = options.image or image.pushed(account, "serving")
    _confirm(account, options, f"Endpoint {account.name} will serve {uri}; during the change it costs twice as much.")
    bundle = storage.upload_bundle(account, options.models)
    role = options.role or hosting.model_of(account, endpoint).execution_role_arn
    hosting.update(account, endpoint, image=uri, bundle=bundle, role=role, kind=options.instance_type)
    print(f"endpoint {account.name} serves {uri}")


def _invoke(account: Any, options: argparse.Namespace) -> None:
    from endpoint import hosting

    picture, content_type = hosting.read_picture(options.picture)
    answer = hosting.ask(account, picture, content_type=content_type, model=options.model)
    if not account.dry:
        print(f"{answer['label']} ({answer['confidence']:.1%}, {answer['model']})")


def _transform(account: Any, options: argparse.Namespace) -> None:
    from endpoint import cost, hosting, transform

    estimate = cost.estimate_job(options.instance_type, price=options.price)
    model = hosting.model_of(account, hosting.require(account)).model_name
    _confirm(account, options, f"This costs money. A transform job on {options.instance_type}: {estimate}.")
    files = transform.run(account, options.source, model=model, kind=options.instance_type, output=options.output)
    print(f"{options.output}: {len(files)} files of answers")


def _train(account: Any, options: argparse.Namespace) -> None:
    from endpoint import cost, image, role, storage
    from training import sagemaker_jobs
    from training.commands import plan_runs
    from training.errors import TrainingError
    from training.registry import select
    from training.runs import RunFolder

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
    from endpoint import overview

    print("\n".join(overview.lines(account, price=options.price)))


def _delete(account: Any, options: argparse.Namespace) -> None:
    from endpoint import removal

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
