"""A deployment's surroundings: AWS, its runtime in front of our started server, and the command line."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import boto3
import botocore.session
import httpx
import pytest

from deploy import waiting
from deploy.command_line import main
from tests.deploy.aws import REGION, Aws
from tests.deploy.runtime import Runtime

NAME = "exploring-convolutional-layers"


@dataclass(frozen=True)
class Ended:
    """A command that ended: exit status, standard output and standard error."""

    status: int
    out: str
    err: str


Command = Callable[..., Ended]


_SERVICES = botocore.session.get_session().get_component("data_loader")


class _QuickSession(boto3.Session):  # type: ignore[misc]
    """A session that does not parse the descriptions of AWS's services anew: a second for each command."""

    def __init__(self, **options: str | None) -> None:
        core = botocore.session.get_session()
        core.register_component("data_loader", _SERVICES)
        super().__init__(botocore_session=core, **options)


@pytest.fixture(scope="session")
def _aws() -> Iterator[Aws]:
    server = Aws()
    yield server
    server.close()


@pytest.fixture
def aws(_aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An empty AWS that every client of this process finds."""
    httpx.post(f"{_aws.url}/moto-api/reset").raise_for_status()
    _aws.calls, _aws.refused, _aws.statuses, _aws.rolls_back = [], {}, [], False
    _aws.job_output = None
    for name, value in {
        "AWS_ENDPOINT_URL": _aws.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(boto3, "Session", _QuickSession)
    return _aws


@pytest.fixture
def runtime(aws: Aws, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """SageMaker's runtime, before our started server."""
    server = Runtime(aws, url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", server.url)
    yield server
    server.close()


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run ``python -m deploy`` in this process."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        status = main(list(arguments))
        return Ended(status, *capsys.readouterr())

    return run


@pytest.fixture
def push_image(aws: Aws) -> Callable[..., str]:
    """Put an image into the deployment's repository, as `push` leaves it; gives its digest."""

    def push(content: str, media: str = "application/vnd.docker.distribution.manifest.v2+json") -> str:
        ecr = aws.client("ecr")
        if not ecr.describe_repositories()["repositories"]:
            tags = [{"Key": "owner", "Value": f"deploy {NAME}"}]
            ecr.create_repository(repositoryName=NAME, tags=tags, imageTagMutability="IMMUTABLE")
        layer = {"digest": f"sha256:{content:0>64}", "size": 1, "mediaType": "x"}
        manifest = {"schemaVersion": 2, "mediaType": media, "config": layer, "layers": [layer]}
        put = ecr.put_image(
            repositoryName=NAME,
            imageManifest=json.dumps(manifest),
            imageManifestMediaType=media,
            imageTag=f"serving-{content}",
        )
        digest: str = put["image"]["imageId"]["imageDigest"]
        return digest

    return push
