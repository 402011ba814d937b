"""The images: built by the machine's container engine, kept in ECR.

SageMaker takes docker schema-2 manifests for linux/amd64; the provenance that BuildKit adds by default would make an
OCI index, which it refuses.
"""

import base64
import shutil
import subprocess
from pathlib import Path
from typing import Literal

from botocore.exceptions import ClientError

from deploy.account import Account
from deploy.errors import DeploymentError, is_missing

Target = Literal["serving", "training"]
TARGETS: tuple[Target, ...] = ("serving", "training")

_ROOT = Path(__file__).resolve().parent.parent


def build(account: Account, target: Target) -> str:
    """Build one target of the Dockerfile; gives the local image's name."""
    tag = f"{account.repository}:{target}"
    # The legacy builder adds no provenance, and does not know the option.
    plain = ["--provenance=false"] if account.dry or _is_buildkit() else []
    _docker(account, "build", "--platform", "linux/amd64", *plain, "--target", target, "--tag", tag, str(_ROOT))
    return tag


def push(account: Account, target: Target) -> str:
    """Push a built image to the account's ECR, whose repository is made if need be; gives the pushed image's URI."""
    ecr = account.client("ecr")
    _ensure_repository(account)
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    remote = f"{account.registry}/{account.repository}:{target}"
    _docker(account, "login", "--username", user, "--password-stdin", account.registry, stdin=password)
    _docker(account, "tag", f"{account.repository}:{target}", remote)
    _docker(account, "push", remote)
    return remote


def pushed(account: Account, target: Target) -> str:
    """Look up the image pushed last, by its digest: a later push changes no running endpoint.

    Raises:
        DeploymentError: none was pushed.

    """
    asked = {"repositoryName": account.repository, "imageIds": [{"imageTag": target}]}
    try:
        (found,) = account.client("ecr").describe_images(**asked)["imageDetails"]
    except ClientError as error:
        if is_missing(error):
            raise DeploymentError(
                f"ECR has no image {account.repository}:{target} in {account.region}; make it there: "
                f"python -m deploy build --target {target}, then push --target {target}; or name one: --image URI"
            ) from error
        raise
    return f"{account.registry}/{account.repository}@{found['imageDigest']}"


def _ensure_repository(account: Account) -> None:
    ecr = account.client("ecr")
    try:
        (found,) = ecr.describe_repositories(repositoryNames=[account.repository])["repositories"]
    except ClientError as error:
        if not is_missing(error):
            raise
        ecr.create_repository(
            repositoryName=account.repository,
            imageScanningConfiguration={"scanOnPush": True},
            tags=account.tags,
        )
    else:
        tags = ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
        account.require_own(f"the ECR repository {account.repository}", tags)


def _is_buildkit() -> bool:
    if shutil.which("docker") is None:
        return True  # and _docker says what is wrong
    return subprocess.run(["docker", "buildx", "version"], capture_output=True).returncode == 0  # noqa: S607


def _docker(account: Account, *arguments: str, stdin: str | None = None) -> None:
    """Run the docker client, its output passed on.

    Raises:
        DeploymentError: there is no client, no engine answers it, or the command failed.

    """
    print("$ docker", *arguments, flush=True)
    if account.dry:
        return
    if shutil.which("docker") is None:
        raise DeploymentError("there is no docker client; install Docker, or a client that answers to its name")
    answering = subprocess.run(["docker", "version"], capture_output=True, text=True)  # noqa: S607
    if answering.returncode:
        said = " ".join(answering.stderr.split())
        raise DeploymentError(
            f"no container engine answers ({said}); start Docker, or set DOCKER_HOST to one that runs"
        )
    ended = subprocess.run(["docker", *arguments], input=stdin, text=True)  # noqa: S603, S607
    if ended.returncode:
        raise DeploymentError(
            f"docker {arguments[0]} failed with status {ended.returncode}; its own words are above this line"
        )
