"""A deployment's surroundings: AWS, its runtime in front of our started server, and the command line."""

import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import boto3
import botocore.session
import httpx
import pytest

from deploy import waiting
from deploy.command_line import main
from tests.conftest import ROOT, StartServer
from tests.deploy.aws import ACCOUNT, REGION, Aws
from tests.deploy.conformance import require_valid
from tests.deploy.runtime import Runtime

NAME = "exploring-convolutional-layers"
BUCKET = f"{NAME}-{ACCOUNT}-{REGION}"
RELEASED = f"--models={ROOT / 'models'}"
"""The option that names the released bundle, where the small one is not enough."""


@dataclass(frozen=True)
class Ended:
    """A command that ended: exit status, standard output and standard error."""

    status: int
    out: str
    err: str


Command = Callable[..., Ended]


_SERVICES = botocore.session.get_session().get_component("data_loader")


class _QuickSession(boto3.Session):  # type: ignore[misc]
    """A session that checks each call, and does not parse the descriptions of AWS's services anew: a second each."""

    def __init__(self, **options: str | None) -> None:
        core = botocore.session.get_session()
        core.register_component("data_loader", _SERVICES)
        super().__init__(botocore_session=core, **options)
        core.register("before-parameter-build", require_valid)


@pytest.fixture(scope="session")
def _aws() -> Iterator[Aws]:
    server = Aws()
    yield server
    server.close()


@pytest.fixture
def aws(_aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An empty AWS that every client of this process finds."""
    httpx.post(f"{_aws.url}/moto-api/reset", timeout=60).raise_for_status()
    _aws.calls, _aws.refused, _aws.statuses, _aws.rolls_back = [], {}, [], False
    _aws.job_output = None
    _aws.architecture = "amd64"
    _aws.schedules.clear()
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
    yield from _runtime(aws, url, monkeypatch)


@pytest.fixture
def many_models(aws: Aws, start_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """SageMaker's runtime, before a server of ours that has no model yet."""
    yield from _runtime(aws, start_server(SAGEMAKER_MULTI_MODEL="true"), monkeypatch)


def _runtime(aws: Aws, container: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    server = Runtime(aws, container)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", server.url)
    yield server
    server.close()


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What deploy reads of a bundle, and no networks: packing the whole release takes a second."""
    folder = tmp_path_factory.mktemp("bundle")
    for name in ("cnn_a", "cnn_b"):
        (folder / name).mkdir()
        (folder / name / "saved_model.pb").touch()
    models = {name: {"saved_model": name} for name in ("cnn_a", "cnn_b")}
    (folder / "bundle.json").write_text(json.dumps({"sha256": 32 * "ab", "models": models}))
    return folder


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], small_bundle: Path) -> Command:
    """Run ``python -m deploy`` in this process, with a bundle that is packed in no time where none is named."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        takes_bundle = {"deploy", "async", "serverless", "update", "transform", "export"} & set(arguments[:2])
        if takes_bundle and not any(argument.startswith("--models") for argument in arguments):
            arguments = (*arguments, f"--models={small_bundle}")
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


class Docker:
    """A docker client first on the path."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "calls"
        self._program = folder / "docker"

    def behaves(self, script: str = '[ "$1" = image ] && echo sha256:0123456789abcdef; exit 0') -> None:
        self._program.write_text(f'#!/bin/sh\necho "$@" >> {self._log}\n{script}\n')
        self._program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return self._log.read_text().splitlines()


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    client = Docker(tmp_path)
    client.behaves()
    return client


@pytest.fixture(scope="session")
def job_output() -> bytes:
    """What a training job of the baseline leaves as output.tar.gz."""
    output = BytesIO()
    with tarfile.open(fileobj=output, mode="w:gz") as archive:
        archive.add(ROOT / "training" / "runs" / "baseline" / "seed-0.json", "runs/baseline/seed-0.json")
    return output.getvalue()
