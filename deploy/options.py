"""The command line: commands, options and their defaults."""

import argparse
from pathlib import Path

from deploy import argument_types

_ROOT = Path(__file__).resolve().parent.parent


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read a command line; ``dry`` says whether it was a plan's."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command != "plan":
        return argparse.Namespace(**vars(options), dry=False, policy=False)
    command, *rest = options.planned or ["deploy"]
    common = [f"--name={options.name}", *([f"--region={options.region}"] if options.region else [])]
    planned = vars(parser.parse_args([command, *common, *rest]))
    return argparse.Namespace(**planned, dry=True, policy=options.policy)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy",
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
    rollback = add("rollback", "serve the version before the last update again")
    invoke = add("invoke", "send a picture, print its label")
    transform = add("transform", "classify a file or folder by a batch transform job")
    train = add("train", "train each network in a training job of its own, and collect the records")
    status = add("status", "what is there, and what it costs")
    delete = add("delete", "delete what this deployment made, and nothing else")
    plan = add("plan", "print every call to AWS that a command would make, and make none")

    for command in (build, push):
        command.add_argument("--target", choices=("serving", "training"), default="serving", help="default: serving")
    for command in (deploy, update, serverless, transform, train):
        command.add_argument("--role", metavar="ARN", help="the containers' role (default: one is made)")
        command.add_argument("--image", metavar="URI", help="default: the one pushed last")
    for command in (deploy, update, serverless, transform):
        command.add_argument("--models", type=Path, default=_ROOT / "models", metavar="DIR", help="default: models")
        command.add_argument(
            "--env", type=argument_types.pair, action="append", default=[], metavar="KEY=VALUE", help="a setting"
        )
        command.add_argument("--env-file", type=Path, metavar="FILE", help="settings, a KEY=VALUE line each")
        command.add_argument(
            "--tag", type=argument_types.tag, action="append", default=[], metavar="KEY=VALUE", help="on what is made"
        )
    for command in (deploy, update, serverless):
        command.add_argument(
            "--notify", type=argument_types.notify, metavar="WHOM", help="of alarms: an e-mail address or a topic's ARN"
        )
    update.add_argument("--unset-env", action="append", default=[], metavar="KEY", help="a setting to take away")
    update.add_argument(
        "--traffic",
        type=argument_types.traffic,
        default="all",
        metavar="HOW",
        help="moves to the new fleet: all, canary:10%% or linear:20%% (default: all)",
    )
    update.add_argument(
        "--bake",
        type=argument_types.bake_minutes,
        default=5,
        metavar="MINUTES",
        help="watch the alarms so long after each move (default: 5)",
    )
    update.add_argument("--no-rollback", action="store_true", help="whatever the alarms say")
    train.add_argument("experiments", nargs="*", metavar="NAME", help="default: baseline cnn_a cnn_b")
    train.add_argument(
        "--seeds", type=argument_types.positive, metavar="N", help="0 to N-1 (default: each experiment's number)"
    )
    train.add_argument("--epochs", type=argument_types.positive, metavar="N", help="default: the recipe's number")
    train.add_argument(
        "--jobs", type=argument_types.positive, default=4, metavar="N", help="so many at a time (default: 4)"
    )
    train.add_argument("--spot", action="store_true", help="on spot instances, resumed from checkpoints")
    train.add_argument("--data", type=Path, metavar="DIR", help="folder with Fashion-MNIST's four IDX files")
    train.add_argument(
        "--runs", type=Path, default=_ROOT / "training" / "runs", metavar="DIR", help="default: training/runs"
    )
    for command in (deploy, transform, train):
        command.add_argument("--instance-type", default="ml.m5.xlarge", metavar="TYPE", help="default: %(default)s")
    deploy.add_argument(
        "--instances", type=argument_types.positive, default=1, metavar="N", help="at least (default: 1)"
    )
    deploy.add_argument("--max-instances", type=argument_types.positive, metavar="N", help="at most (default: 4)")
    deploy.add_argument(
        "--capacity",
        type=argument_types.over_zero,
        metavar="N",
        help="requests a second that one instance answers (default: 1000; see python -m benchmarks.speed.capacity)",
    )
    deploy.add_argument(
        "--capture",
        type=argument_types.per_cent,
        default=0,
        metavar="N",
        help="per cent of requests, users' pictures, kept in S3 for 30 days (default: 0)",
    )
    serverless.add_argument(
        "--memory", type=int, default=2048, choices=range(1024, 6145, 1024), metavar="MB", help="default: 2048"
    )
    serverless.add_argument(
        "--concurrency", type=argument_types.positive, default=5, metavar="N", help="requests at a time (default: 5)"
    )
    invoke.add_argument("picture", type=Path, metavar="PICTURE")
    invoke.add_argument("--model", metavar="NAME", help="such as cnn_b (default: the bundle's)")
    transform.add_argument("source", type=Path, metavar="SOURCE", help=".csv, .jsonl, .npy, .png, .jpg, or a folder")
    transform.add_argument(
        "--output", type=Path, default=Path("transformed"), metavar="DIR", help="default: transformed"
    )
    transform.add_argument("--join-input", action="store_true", help="write each answer behind its record")
    for command in (deploy, serverless, transform, train, status):
        command.add_argument(
            "--price",
            type=argument_types.over_zero,
            metavar="USD",
            help="an hour of one instance (serverless: a GB-second)",
        )
    for command in (deploy, update, rollback, serverless, transform, train, delete):
        command.add_argument("--yes", action="store_true", help="do not ask")
    plan.add_argument("--policy", action="store_true", help="print the role's policies instead")
    plan.add_argument("planned", nargs=argparse.REMAINDER, metavar="COMMAND ...", help="default: deploy")
    return parser
