"""Build and push, by a docker client that only writes down how it was called."""

import json
import re
import shutil
from collections.abc import Callable

import pytest

from tests.conftest import ROOT
from tests.deploy.aws import ACCOUNT, REGION, Aws
from tests.deploy.conftest import NAME, Command, Docker
from tests.deploy.test_failures import assert_paragraph

REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


@pytest.mark.usefixtures("aws")
def test_build_makes_a_manifest_that_sagemaker_takes(docker: Docker, command: Command) -> None:
    assert command("build").status == 0
    options = f"--provenance=false --output=type=docker --target serving --tag {NAME} {ROOT}"
    assert docker.calls[-1] == f"build --platform linux/amd64 {options}"
    docker.behaves('[ "$1" != buildx ]')  # the legacy builder knows no provenance
    assert command("build", "--target=training").status == 0
    assert docker.calls[-1] == f"build --platform linux/amd64 --target training --tag {NAME}:training {ROOT}"


def test_make_image_gives_the_name_that_push_takes() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"docker build --platform \S+\s*\S* --tag {NAME}\s", makefile)


def test_push_makes_the_repository_and_logs_in_without_showing_the_password(
    aws: Aws, docker: Docker, command: Command
) -> None:
    ended = command("push")  # this client pushes nothing, so that the registry has no such image
    assert_paragraph(ended, f"ECR has no image {REGISTRY}/{NAME}:serving-0123456789ab")
    assert [call for call in docker.calls if call != "version"] == [
        f"image inspect --format {{{{.Id}}}} {NAME}",
        f"login --username AWS --password-stdin {REGISTRY}",
        f"tag {NAME} {REGISTRY}/{NAME}:serving-0123456789ab",
        f"push {REGISTRY}/{NAME}:serving-0123456789ab",
    ]
    (repository,) = aws.client("ecr").describe_repositories()["repositories"]
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["imageTagMutability"] == "IMMUTABLE"
    policy = json.loads(aws.client("ecr").get_lifecycle_policy(repositoryName=NAME)["lifecyclePolicyText"])
    assert [rule["action"]["type"] for rule in policy["rules"]] == 3 * ["expire"]
    assert command("delete", "--yes").status == 0
    assert aws.everything() == set()


@pytest.mark.usefixtures("aws")
def test_an_image_that_was_pushed_before_is_not_pushed_again(
    docker: Docker, command: Command, push_image: Callable[..., str]
) -> None:
    push_image("0123456789ab")
    ended = command("push")
    assert ended.status == 0, ended.err
    assert ended.out.endswith(f"{REGISTRY}/{NAME}:serving-0123456789ab\n")
    assert not [call for call in docker.calls if call.startswith("push")]


OCI = "application/vnd.oci.image.manifest.v1+json"


@pytest.mark.usefixtures("docker")
def test_an_oci_manifest_is_refused_with_the_remedy(aws: Aws, command: Command, push_image: Callable[..., str]) -> None:
    """What BuildKit writes by default; SageMaker would answer: Unsupported manifest media type."""
    digest = push_image("0123456789ab", media=OCI)
    remedy = (OCI, "python -m deploy build", "--provenance=false --output type=docker")
    assert_paragraph(command("push"), *remedy)
    assert_paragraph(command("deploy", "--yes"), *remedy)
    for reference in (f"@{digest}", ":serving-0123456789ab"):
        assert_paragraph(command("deploy", "--yes", f"--image={REGISTRY}/{NAME}{reference}"), *remedy)
    assert "CreateModel" not in aws.calls
    push_image("2")
    assert command("deploy", "--yes").status == 0
    assert_paragraph(command("update", "--yes", f"--image={REGISTRY}/{NAME}@{digest}"), *remedy)
    assert_paragraph(command("update", "--yes", f"--image={REGISTRY}/{NAME}:none"), "ECR has no image")


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
