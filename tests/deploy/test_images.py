"""Build and push, by a docker client that only writes down how it was called."""

import json
import re
import shutil
from collections.abc import Callable

import pytest

from deploy.architecture import of_instance
from tests.conftest import DATA, ROOT
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
    assert command("build", "--platform=linux/arm64").status == 0
    assert docker.calls[-1] == f"build --platform linux/arm64 --target serving --tag {NAME} {ROOT}"
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


def test_an_image_and_the_machines_have_to_fit(aws: Aws, command: Command, push_image: Callable[..., str]) -> None:
    push_image("1")
    graviton = ("deploy", "--yes", "--instance-type=ml.c7g.large", "--price=0.1")
    for arguments, built_for, machines in (
        (graviton, "amd64", "arm64"),
        (("deploy", "--yes"), "arm64", "amd64"),
        (("serverless", "--yes"), "arm64", "amd64"),
        (("transform", str(DATA / "bag.png"), "--yes"), "arm64", "amd64"),
        (("train", "baseline", "--yes", f"--image={REGISTRY}/{NAME}:serving-1"), "arm64", "amd64"),
    ):
        aws.architecture = built_for
        remedy = f"python -m deploy build --platform linux/{machines}"
        refused = command(*arguments)
        assert_paragraph(refused, f"is built for {built_for}, and is to run on {machines} machines", remedy)
        assert "costs money" not in refused.out
    assert aws.everything() == {f"describe_repositories {NAME}"}
    aws.architecture = "arm64"
    command(*graviton)  # which moto refuses: it knows no Graviton
    assert aws.asked["CreateEndpointConfig"]["ProductionVariants"][0]["InstanceType"] == "ml.c7g.large"
    aws.architecture = "amd64"
    assert command("serverless", "--yes").status == 0
    aws.architecture = "arm64"
    assert_paragraph(command("update", "--yes", "--env=SERVICE_WORKERS=1"), "is built for arm64")
    assert "the image has to be built for linux/arm64" in command("plan", *graviton).out


def test_what_may_not_be_read_is_said(aws: Aws, command: Command, push_image: Callable[..., str]) -> None:
    push_image("1")
    aws.refused = {"GetDownloadUrlForLayer": ("AccessDeniedException", "no")}
    ended = command("serverless", "--yes")
    assert ended.status == 0, ended.err
    assert "is not looked at before it is used: these credentials may not read it" in ended.out


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("ml.c7g.large", "arm64"),
        ("ml.m6gd.xlarge", "arm64"),
        ("ml.c6gn.2xlarge", "arm64"),
        ("ml.r8g.large", "arm64"),
        ("ml.m5.xlarge", "amd64"),
        ("ml.g4dn.xlarge", "amd64"),
        ("ml.g5.2xlarge", "amd64"),
        ("ml.g6e.xlarge", "amd64"),
        ("ml.c6id.large", "amd64"),
    ],
)
def test_which_machines_are_gravitons(kind: str, found: str) -> None:
    assert of_instance(kind) == found


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
