"""The command line: commands, options and their defaults."""

import argparse
import difflib
import re
from pathlib import Path

from deploy import argument_types

DEFAULT_NAME = "exploring-convolutional-layers"

_EXPORTED = ("deploy", "async", "serverless")
_ROOT = Path(__file__).resolve().parent.parent


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read a command line; ``dry`` says whether it was a plan's."""
    parser = _parser()
    options = _parse(parser, arguments)
    if options.command not in ("plan", "export"):
        return argparse.Namespace(**vars(options), dry=False, policy=False, export=None)
    command, *rest = options.planned or ["deploy"]
    if options.command == "export" and command not in _EXPORTED:
        parser.error(f"export writes down what one of {', '.join(_EXPORTED)} makes, not {command!r}")
    if command in ("plan", "export"):
        parser.error(f"{options.command} takes a command that calls AWS, not {command!r}")
    common = [f"--name={options.name}", *([f"--region={options.region}"] if options.region else [])]
    planned = vars(_parse(parser, [command, *common, *rest]))
    written = {"export": options.format, "to": options.to} if options.command == "export" else {"export": None}
    return argparse.Namespace(**planned, dry=True, policy=getattr(options, "policy", False), **written)


def _parse(parser: argparse.ArgumentParser, arguments: list[str] | None) -> argparse.Namespace:
    """Read the arguments; one that a command does not have is answered with the one that was probably meant."""
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        typed = unknown[0].partition("=")[0]
        meant = difflib.get_close_matches(typed, options.known, n=1) if typed.startswith("-") else []
        hint = f"; did you mean {meant[0]}?" if meant else f"; see python -m deploy {options.command} --help"
        parser.error(f"{options.command} takes no {typed}{hint}")
    del options.known
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy",
        allow_abbrev=False,
        description="Deploy to Amazon SageMaker AI, and take it away again. What costs money says how much, and asks.",
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--name",
        default=DEFAULT_NAME,
        help="of the deployment (default: %(default)s)",
    )
    common.add_argument("--region", metavar="REGION", help="such as us-east-1 (default: the configured one)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[common], allow_abbrev=False)

    build = add("build", "build an image for SageMaker, without provenance")
    push = add("push", "push the built image to ECR; makes the repository, which scans what is pushed")
    deploy = add("deploy", "make role, bucket, model, endpoint, autoscaling and alarms")
    queued = add("async", "make an endpoint that answers files from a queue, and costs nothing while it is empty")
    serverless = add("serverless", "make an endpoint that costs nothing between requests")
    update = add("update", "serve the image pushed last and the bundle, without downtime; or try them first")
    promote = add("promote", "let the version that update tries serve alone")
    rollback = add("rollback", "serve the version before the last update again")
    invoke = add("invoke", "send a picture, print its label")
    transform = add("transform", "classify a file or folder by a batch transform job")
    register = add("register", "put the image and the bundle into the model registry, with their figures")
    monitor = add("monitor", "compare what the endpoint answers with the drift reference, every hour")
    train = add("train", "train each network in a training job of its own, and collect the records")
    status = add("status", "what is there, and what it costs")
    delete = add("delete", "delete what this deployment made, and nothing else")
    plan = add("plan", "print every call to AWS that a command would make, and make none")
    export = add("export", "write what deploy, async or serverless would make as a template for other tools")

    for command in (build, push):
        command.add_argument("--target", choices=("serving", "training"), default="serving", help="default: serving")
    build.add_argument(
        "--platform",
        choices=("linux/amd64", "linux/arm64"),
        default="linux/amd64",
        help="linux/arm64 for Graviton's machines, such as ml.c7g.large (default: %(default)s)",
    )
    for command in (deploy, queued, serverless, update, transform, train):
        command.add_argument("--role", metavar="ARN", help="the containers' role (default: one is made)")
    for command in (deploy, queued, serverless, update, transform, train, register):
        command.add_argument("--image", metavar="URI", help="default: the one pushed last")
    for command in (deploy, queued, serverless, update, transform, register, monitor):
        command.add_argument("--models", type=Path, default=_ROOT / "models", metavar="DIR", help="default: models")
    for command in (deploy, queued, serverless, update, transform):
        _add_release(command)
    for command in (deploy, queued, serverless, update):
        command.add_argument(
            "--notify", type=argument_types.notify, metavar="WHOM", help="of alarms: an e-mail address or a topic's ARN"
        )
        command.add_argument(
            "--until", type=argument_types.after, metavar="TIME", help="delete the endpoint after 45m, 8h or 2d"
        )
    for command in (deploy, queued, transform, train):
        command.add_argument("--instance-type", default="ml.m5.xlarge", metavar="TYPE", help="default: %(default)s")
    for command in (deploy, queued):
        command.add_argument("--max-instances", type=argument_types.positive, metavar="N", help="at most (default: 4)")
    for command in (deploy, queued, transform):
        _add_isolation(command)
    _add_machines(deploy)
    _add_serverless(serverless)
    _add_course(update)
    _add_training(train)
    invoke.add_argument("picture", type=Path, metavar="PICTURE")
    invoke.add_argument("--model", metavar="NAME", help="such as cnn_b (default: the bundle's)")
    transform.add_argument("source", type=Path, metavar="SOURCE", help=".csv, .jsonl, .npy, .png, .jpg, or a folder")
    transform.add_argument(
        "--output", type=Path, default=Path("transformed"), metavar="DIR", help="default: transformed"
    )
    transform.add_argument("--join-input", action="store_true", help="write each answer behind its record")
    register.add_argument("--approve", action="store_true", help="approved at once (default: waits for approval)")
    for command in (deploy, queued, serverless, update, transform, train, monitor, status):
        command.add_argument(
            "--price",
            type=argument_types.over_zero,
            metavar="USD",
            help="an hour of one instance (serverless: a GB-second)",
        )
    for command in (deploy, queued, serverless, update, promote, rollback, transform, train, monitor, delete):
        command.add_argument("--yes", action="store_true", help="do not ask")
    plan.add_argument("--policy", action="store_true", help="print the role's policies instead")
    export.add_argument("--format", choices=("cloudformation", "terraform"), required=True, help="whose template")
    export.add_argument("--to", type=Path, default=Path("exported"), metavar="DIR", help="default: exported")
    for command in (plan, export):
        command.add_argument("planned", nargs=argparse.REMAINDER, metavar="COMMAND ...", help="default: deploy")
    for command in commands.choices.values():
        command.set_defaults(known=re.findall(r"--[a-z-]+", command.format_usage()))
    return parser


def _add_release(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--env", type=argument_types.pair, action="append", default=[], metavar="KEY=VALUE", help="a setting"
    )
    command.add_argument("--env-file", type=Path, metavar="FILE", help="settings, a KEY=VALUE line each")
    command.add_argument(
        "--tag", type=argument_types.tag, action="append", default=[], metavar="KEY=VALUE", help="on what is made"
    )


def _add_isolation(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--subnets", type=argument_types.names, metavar="ID,...", help="of your VPC, for the containers"
    )
    command.add_argument(
        "--security-groups", type=argument_types.names, metavar="ID,...", help="of the same VPC, with --subnets"
    )
    command.add_argument("--kms-key", metavar="ARN", help="encrypts the bucket and the instances' disks")


def _add_machines(deploy: argparse.ArgumentParser) -> None:
    deploy.add_argument(
        "--instances", type=argument_types.positive, default=1, metavar="N", help="at least (default: 1)"
    )
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
    deploy.add_argument(
        "--multi-model", action="store_true", help="each network an archive of its own, loaded when it is asked"
    )


def _add_serverless(serverless: argparse.ArgumentParser) -> None:
    serverless.add_argument(
        "--memory", type=int, default=2048, choices=range(1024, 6145, 1024), metavar="MB", help="default: 2048"
    )
    serverless.add_argument(
        "--concurrency", type=argument_types.positive, default=5, metavar="N", help="requests at a time (default: 5)"
    )


def _add_course(update: argparse.ArgumentParser) -> None:
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
    tried = update.add_mutually_exclusive_group()
    tried.add_argument(
        "--weight", type=argument_types.part, metavar="N%", help="let the new version answer so many requests"
    )
    tried.add_argument(
        "--shadow", type=argument_types.share, metavar="N%", help="send the new version a copy of so many requests"
    )


def _add_training(train: argparse.ArgumentParser) -> None:
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
