"""Builds the images and pushes them to Amazon ECR."""

import base64
import shutil
import subprocess
from pathlib import Path

from deployment.aws import Account, DeploymentError
from deployment.calls import Call
from deployment.settings import OWNER

ROOT = Path(__file__).parent.parent.parent
TARGETS = ("serving", "training")


def local_tag(target: str) -> str:
    """Name an image on this machine."""
    return OWNER if target == "serving" else f"{OWNER}:{target}"


def remote_tag(account: str, region: str, target: str) -> str:
    """Name an image in ECR."""
    return f"{account}.dkr.ecr.{region}.amazonaws.com/{OWNER}:{target}"


def build(target: str) -> None:
    """Build for linux/amd64, as one plain manifest: SageMaker refuses the index that provenance makes of it."""
    plain = ["--provenance=false"] if "--provenance" in _docker("build", "--help", capture=True) else []
    _docker("build", "--platform", "linux/amd64", *plain, "--target", target, "--tag", local_tag(target), str(ROOT))


def push_calls(tags: list[dict[str, str]]) -> Call:
    """The call that makes the repository, scanned on every push."""
    return Call(
        "ecr",
        "create_repository",
        {"repositoryName": OWNER, "imageScanningConfiguration": {"scanOnPush": True}, "tags": tags},
        exists=("RepositoryAlreadyExistsException",),
    )


def push(account: Account, target: str, tags: list[dict[str, str]]) -> str:
    """Push an image that was built; makes the repository where there is none. Returns the image's URI."""
    if not _docker("images", "--quiet", local_tag(target), capture=True).strip():
        raise DeploymentError(f"there is no image {local_tag(target)}; first: python docker/deployment build {target}")
    account.make(push_calls(tags))
    granted = account.client("ecr").get_authorization_token()["authorizationData"][0]
    user, password = base64.b64decode(granted["authorizationToken"]).decode().split(":", 1)
    registry = granted["proxyEndpoint"].removeprefix("https://")
    _docker("login", "--username", user, "--password-stdin", registry, given=password)
    uri = remote_tag(account.id, account.region, target)
    _docker("tag", local_tag(target), uri)
    _docker("push", uri)
    return uri


def delete_repository(account: Account) -> None:
    """Delete the repository with all its images, if these commands made it."""
    ecr = account.client("ecr")
    try:
        (found,) = ecr.describe_repositories(repositoryNames=[OWNER])["repositories"]
    except ecr.exceptions.RepositoryNotFoundException:
        return
    tags = ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
    if {"Key": "owner", "Value": OWNER} in tags:
        ecr.delete_repository(repositoryName=OWNER, force=True)
        print(f"  repository {OWNER}")


def _docker(*arguments: str, capture: bool = False, given: str | None = None) -> str:
    program = shutil.which("docker")
    if program is None:
        raise DeploymentError(
            "this needs docker, which is not installed here; see https://docs.docker.com/engine/install"
        )
    ended = subprocess.run(
        [program, *arguments], input=given, text=True, check=False, stdout=subprocess.PIPE if capture else None
    )
    if ended.returncode:
        raise DeploymentError(f"docker {arguments[0]} ended with status {ended.returncode}; what it says is above")
    return ended.stdout or ""
