"""``python docker/deployment``: one command for each thing one does with a SageMaker endpoint."""

import argparse
import mimetypes
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

if not __package__:
    # Run as a folder: Python put the folder itself first on its path.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from deployment import calls, endpoints, images, jobs
from deployment.aws import Account, DeploymentError, ask, explained
from deployment.settings import OWNER, PRICE_PER_HOUR, REQUESTS_PER_SECOND, Deployment

_EXAMPLE_ACCOUNT = "123456789012"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        with explained():
            command: Callable[[argparse.Namespace], None] = options.command
            command(options)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; AWS goes on with what was begun: see status, or run delete", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python docker/deployment",
        description="Put the service on a SageMaker endpoint. Region and credentials: as for the AWS CLI.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=run)
        return added

    for name, run, text in (
        ("build", _build, "build an image for SageMaker (linux/amd64, one plain manifest)"),
        ("push", _push, "push an image to ECR; makes the repository, scanned on push"),
    ):
        command(name, run, text).add_argument("target", nargs="?", choices=images.TARGETS, default="serving")

    plan = command("plan", _plan, "print every AWS call that deploy would make, and make none")
    deploy = command("deploy", _deploy, "make an endpoint: role, model, data capture, autoscaling, alarms")
    serverless = command("serverless", _serverless, "make a serverless endpoint: billed by request")
    update = command("update", _update, "put another image or bundle behind an endpoint, without downtime")
    transform = command("transform", _transform, "run a file through the model in a batch transform job")
    train = command("train", _train, "train in a SageMaker job; its model.tar.gz is a bundle to deploy")
    invoke = command("invoke", _invoke, "send a picture, print what it is")
    status = command("status", _status, "how an endpoint is, and what it costs")
    delete = command("delete", _delete, "delete everything that was made under the name, and nothing else")

    for one in (plan, deploy, serverless, update, transform, train, invoke, status, delete):
        one.add_argument("--name", type=_name, default=OWNER, help=f"of the endpoint (default: {OWNER})")
    for one in (plan, deploy, serverless, update, transform, train, delete):
        one.add_argument("--bucket", help="S3 bucket (default: NAME-ACCOUNT-REGION; made if need be)")
    for one in (plan, deploy, serverless, update, transform, train):
        one.add_argument("--role", metavar="ARN", help="role to assume (default: one is made, with least privilege)")
        one.add_argument("--image", metavar="URI", help="image in ECR (default: the one that push pushes)")
    for one in (plan, deploy, serverless, update, transform):
        one.add_argument("--bundle", type=Path, default=images.ROOT / "models", metavar="DIR", help="(default: models)")
    for one in (plan, deploy, update, transform, train):
        one.add_argument("--instance", default="ml.m5.xlarge", metavar="TYPE", help="(default: ml.m5.xlarge)")
        one.add_argument("--instances", type=int, default=1, metavar="N", help="how many at first (default: 1)")
    for one in (plan, deploy):
        one.add_argument("--largest", type=int, default=4, metavar="N", help="most instances under load (default: 4)")
        one.add_argument(
            "--requests-per-second", type=float, default=REQUESTS_PER_SECOND, metavar="N",
            help=f"what one instance answers (default: {REQUESTS_PER_SECOND}, of one worker in python -m benchmarks)",
        )  # fmt: skip
    for one in (deploy, status):
        one.add_argument(
            "--price", type=float, default=PRICE_PER_HOUR, metavar="USD",
            help=f"of an instance and hour (default: {PRICE_PER_HOUR}, list price of ml.m5.xlarge in us-east-1)",
        )  # fmt: skip
    for one in (deploy, serverless, update, transform, train, delete):
        one.add_argument("--yes", action="store_true", help="do not ask before spending or deleting")
    invoke.add_argument("picture", type=Path, metavar="FILE")
    invoke.add_argument("--model", help="which of the bundle's models (default: the bundle's own)")
    transform.add_argument("file", type=Path, metavar="FILE", help="JSON lines, CSV or .npy, or a picture")
    train.add_argument("--experiments", default="baseline,cnn_a,cnn_b", help="(default: baseline,cnn_a,cnn_b)")
    train.add_argument("--seeds", type=int, default=1, metavar="N")
    train.add_argument("--epochs", type=int, metavar="N", help="(default: each experiment's number)")
    delete.add_argument("--repository", action="store_true", help="also the ECR repository, with all its images")
    return parser


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,45}", text):
        raise argparse.ArgumentTypeError(f"must be 1 to 46 letters, digits and hyphens, not {text!r}")
    return text


def _deployment(options: argparse.Namespace, account: str, region: str, *, serverless: bool = False) -> Deployment:
    target = "training" if options.command is _train else "serving"
    named = ("instance", "instances", "largest", "requests_per_second")
    return Deployment(
        name=options.name,
        region=region,
        account=account,
        version=datetime.now(UTC).strftime("%Y%m%d-%H%M%S"),
        image=getattr(options, "image", None) or images.remote_tag(account, region, target),
        role=getattr(options, "role", None),
        bucket=options.bucket or f"{options.name}-{account}-{region}".lower(),
        serverless=serverless,
        **{key: getattr(options, key) for key in named if hasattr(options, key)},
    )


def _build(options: argparse.Namespace) -> None:
    images.build(options.target)


def _push(options: argparse.Namespace) -> None:
    print(images.push(Account(), options.target, [{"Key": "owner", "Value": OWNER}]))


def _plan(options: argparse.Namespace) -> None:
    d = _deployment(options, _EXAMPLE_ACCOUNT, "us-east-1")
    first, then = calls.deploy(d, endpoints.pack(options.bundle))
    print(f"# Account {_EXAMPLE_ACCOUNT} and region us-east-1 stand for yours. Nothing is called.")
    for call in first:
        print(call)
    print("# wait until the endpoint is InService, then:")
    for call in then:
        print(call)


def _deploy(options: argparse.Namespace) -> None:
    bundle, account = endpoints.pack(options.bundle), Account()
    d = _deployment(options, account.id, account.region)
    ask(endpoints.estimate(d, options.price), yes=options.yes)
    endpoints.deploy(account, d, bundle)
    print(f"try it: python docker/deployment invoke --name {d.name} tests/data/ankle-boot.png")


def _serverless(options: argparse.Namespace) -> None:
    bundle, account = endpoints.pack(options.bundle), Account()
    d = _deployment(options, account.id, account.region, serverless=True)
    ask(endpoints.estimate(d, 0), yes=options.yes)
    endpoints.deploy(account, d, bundle)


def _update(options: argparse.Namespace) -> None:
    bundle, account = endpoints.pack(options.bundle), Account()
    d = _deployment(options, account.id, account.region)
    ask(f"This starts new instances for {d.name} beside the old ones, for some minutes.", yes=options.yes)
    endpoints.update(account, d, bundle)


def _invoke(options: argparse.Namespace) -> None:
    found = jobs.invoke(Account(), options.name, options.picture, model=options.model)
    print(f"{found['label']} ({found['confidence']:.1%}, {found['model']} version {found['version']})")


def _transform(options: argparse.Namespace) -> None:
    kinds = {".jsonl": "application/jsonlines", ".csv": "text/csv", ".npy": "application/x-npy"}
    kind = kinds.get(options.file.suffix) or mimetypes.guess_type(options.file.name)[0]
    if kind is None or not options.file.is_file():
        raise DeploymentError(f"{options.file} is no file of JSON lines (.jsonl), CSV (.csv), .npy or a picture")
    bundle, account = endpoints.pack(options.bundle), Account()
    d = _deployment(options, account.id, account.region)
    key = f"{d.name}/input/{d.version}/{options.file.name}"
    ask(f"This runs a batch transform job on {d.instances} × {d.instance}, billed by its duration.", yes=options.yes)
    for call in (
        *calls.storage(d, bundle),
        calls.Call("s3", "put_object", {"Bucket": d.bucket, "Key": key, "Body": options.file.read_bytes()}),
        *calls.role(d),
        *calls.model(d),
        jobs.transform(d, key, kind),
    ):
        account.make(call)
    results = jobs.wait_for_transform(account, d.versioned)
    account.client("sagemaker").delete_model(ModelName=d.versioned)
    print(results)


def _train(options: argparse.Namespace) -> None:
    account = Account()
    d = _deployment(options, account.id, account.region)
    ask(f"This runs a training job on one {d.instance}, billed by its duration, for up to 6 hours.", yes=options.yes)
    job = jobs.train(d, image=d.image, experiments=options.experiments, seeds=options.seeds, epochs=options.epochs)
    for call in (*calls.bucket(d), *calls.role(d), job):
        account.make(call)
    print(jobs.wait_for_training(account, d.versioned))


def _status(options: argparse.Namespace) -> None:
    endpoints.status(Account(), options.name, price=options.price)


def _delete(options: argparse.Namespace) -> None:
    account = Account()
    d = _deployment(options, account.id, account.region)
    what = f"This deletes the endpoint {d.name}, its models, alarms, role, and what is under s3://{d.bucket}/{d.name}/"
    ask(f"{what}, and the ECR repository {OWNER}." if options.repository else f"{what}.", yes=options.yes)
    endpoints.delete(account, d)
    if options.repository:
        images.delete_repository(account)


if __name__ == "__main__":
    sys.exit(main())
