"""Build and push, by a docker client that only writes down how it was called."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.deploy.aws import ACCOUNT, REGION, Aws
from tests.deploy.conftest import NAME, Command
from tests.deploy.test_failures import assert_paragraph

REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


class Docker:
    """A docker client first on the path."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "calls"
        self._program = folder / "docker"

    def behaves(self, script: str = "exit 0") -> None:
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


@pytest.mark.usefixtures("aws")
def test_build_makes_a_manifest_that_sagemaker_takes(docker: Docker, command: Command) -> None:
    assert command("build").status == 0
    options = f"--platform linux/amd64 --provenance=false --target serving --tag {NAME}:serving {ROOT}"
    assert docker.calls[-1] == f"build {options}"
    docker.behaves('[ "$1" != buildx ]')  # the legacy builder knows no provenance
    assert command("build", "--target=training").status == 0
    assert docker.calls[-1] == f"build --platform linux/amd64 --target training --tag {NAME}:training {ROOT}"


def test_push_makes_the_repository_and_logs_in_without_showing_the_password(
    aws: Aws, docker: Docker, command: Command
) -> None:
    for _ in range(2):  # the repository is there the second time
        ended = command("push")
        assert ended.status == 0, ended.err
    assert ended.out.endswith(f"{REGISTRY}/{NAME}:serving\n")
    assert [call for call in docker.calls if call != "version"] == 2 * [
        f"login --username AWS --password-stdin {REGISTRY}",
        f"tag {NAME}:serving {REGISTRY}/{NAME}:serving",
        f"push {REGISTRY}/{NAME}:serving",
    ]
    (repository,) = aws.client("ecr").describe_repositories()["repositories"]
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert command("delete", "--yes").status == 0
    assert aws.everything() == set()


@pytest.mark.usefixtures("docker")
def test_a_repository_of_somebody_else_is_not_pushed_to(aws: Aws, command: Command) -> None:
    aws.client("ecr").create_repository(repositoryName=NAME)
    assert_paragraph(command("push"), f"the ECR repository {NAME} exists", "somebody else's")


@pytest.mark.usefixtures("aws")
def test_no_engine_answers(docker: Docker, command: Command) -> None:
    docker.behaves('[ "$1" = version ] && echo "Cannot connect to the Docker daemon" >&2 && exit 1; exit 0')
    assert_paragraph(command("build"), "Cannot connect to the Docker daemon", "start Docker", "DOCKER_HOST")


@pytest.mark.usefixtures("aws")
def test_a_build_that_fails(docker: Docker, command: Command) -> None:
    docker.behaves('[ "$1" != build ]')
    assert_paragraph(command("build"), "docker build failed with status 1")


@pytest.mark.usefixtures("aws")
def test_no_docker_at_all(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert_paragraph(command("build"), "there is no docker client", "install Docker")
