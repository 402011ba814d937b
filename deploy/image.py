"""The images: built by the machine's container engine, kept in ECR.

SageMaker takes Docker's schema-2 manifests of one platform. BuildKit writes OCI manifests where it is not told
otherwise, and an OCI index where it adds provenance; SageMaker refuses both (aws/amazon-sagemaker-feedback#180).
Tags in ECR are immutable: each push has one of its own, made of the image's identifier.
"""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Literal

from botocore.exceptions import ClientError

from deploy import architecture
from deploy.account import Account
from deploy.architecture import Architecture
from deploy.errors import DeploymentError, code_of, is_missing

Target = Literal["serving", "training"]
TARGETS: tuple[Target, ...] = ("serving", "training")

MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
"""The one type of manifest that SageMaker takes."""

_ECR_URI = re.compile(r"(\d{12})\.dkr\.ecr\.([\w-]+)\.amazonaws\.com(?:\.cn)?/([^@:]+)(?:@(sha256:\w+)|:([\w.-]+))?")
_KEPT_IMAGES = 20
_UNTAGGED_DAYS = 14
_ROOT = Path(__file__).resolve().parent.parent


def local_name(account: Account, target: Target) -> str:
    """Name an image on this machine; ``make image`` gives the serving one the same name."""
    return account.repository if target == "serving" else f"{account.repository}:{target}"


def build(account: Account, target: Target, platform: str) -> str:
    """Build one target of the Dockerfile for a platform, such as linux/amd64; gives the local image's name."""
    name = local_name(account, target)
    # The legacy builder writes Docker's manifests, and does not know the options.
    docker_manifest = ["--provenance=false", "--output=type=docker"] if account.dry or _is_buildkit() else []
    _docker(account, "build", "--platform", platform, *docker_manifest, "--target", target, "--tag", name, str(_ROOT))
    return name


def push(account: Account, target: Target) -> str:
    """Push a built image to the account's ECR, whose repository is made if need be; gives the pushed image's URI.

    Raises:
        DeploymentError: there is no such image here, it cannot be pushed, or SageMaker would refuse it.

    """
    _ensure_repository(account)
    name = local_name(account, target)
    tag = f"{target}-{_identifier(account, name)}"
    remote = f"{account.registry}/{account.repository}:{tag}"
    if account.dry or _find(account, account.repository, {"imageTag": tag}, account.number) is None:
        token = account.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
        user, _, password = base64.b64decode(token).decode().partition(":")
        _docker(account, "login", "--username", user, "--password-stdin", account.registry, stdin=password)
        _docker(account, "tag", name, remote)
        _docker(account, "push", remote)
    _require_usable(account, remote, None)
    return remote


def to_use(account: Account, uri: str | None, target: Target, machines: Architecture) -> str:
    """Name the image to run: the one asked for, or the one pushed last.

    Args:
        account: whose ECR is looked into.
        uri: of the image that is asked for, if one is.
        target: what the image is for.
        machines: the processors that it will run on.

    Raises:
        DeploymentError: there is none, SageMaker would refuse it, or it is built for other processors.

    """
    uri = uri or _pushed(account, target)
    _require_usable(account, uri, machines)
    return uri


def _pushed(account: Account, target: Target) -> str:
    """Look up the image pushed last, by its digest: a later push changes no running endpoint.

    Raises:
        DeploymentError: none was pushed.

    """
    images: list[dict[str, Any]] = []
    try:
        pages = account.client("ecr").get_paginator("describe_images").paginate(repositoryName=account.repository)
        images = [found for page in pages for found in page["imageDetails"]]
    except ClientError as error:
        if not is_missing(error):
            raise
    ours = [found for found in images if any(tag.startswith(f"{target}-") for tag in found.get("imageTags", []))]
    if not ours:
        raise DeploymentError(
            f"ECR has no image {account.repository}:{target}-… in {account.region}; make it there: "
            f"{account.command(f'build --target {target}')}, then {account.command(f'push --target {target}')}; "
            f"or name one: --image URI"
        )
    newest = sorted(ours, key=lambda found: found["imagePushedAt"])[-1]
    return f"{account.registry}/{account.repository}@{newest['imageDigest']}"


def _require_usable(account: Account, uri: str, machines: Architecture | None) -> None:
    """Refuse an image whose manifest SageMaker does not take, or that the machines cannot run, by what ECR says.

    Where the registry is not ECR in this region, or does not let these credentials look, a line says so.

    Raises:
        DeploymentError: there is no such image, its manifest is of another type, or it is built for other processors.

    """
    parts = _ECR_URI.fullmatch(uri)
    if parts is None or parts[2] != account.region:
        print(f"{uri} is not looked at before it is used: it is not in ECR in {account.region}", flush=True)
        return
    number, _, repository, digest, tag = parts.groups()
    wanted = {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}
    try:
        found = _find(account, repository, wanted, registry=number)
        if found is None:
            raise DeploymentError(
                f"ECR has no image {uri}; look for a typing error, or push it: {account.command('push')}"
            )
        media_type, manifest = found
        _refuse_other_manifests(uri, media_type)
        if machines:
            built_for = architecture.of_image(account, repository, manifest, number)
            _refuse_other_processors(account, uri, built_for, machines)
    except ClientError as error:
        if "AccessDenied" not in code_of(error):
            raise
        print(f"{uri} is not looked at before it is used: these credentials may not read it", flush=True)
    except OSError as error:
        print(f"what {uri} is built for is not looked at: {error}", flush=True)


def _find(
    account: Account, repository: str, wanted: dict[str, str], registry: str
) -> tuple[str, dict[str, Any]] | None:
    """Ask ECR for an image's manifest; gives its media type and itself, or None where there is no such image."""
    answer = account.client("ecr").batch_get_image(repositoryName=repository, imageIds=[wanted], registryId=registry)
    if not answer["images"]:
        return None
    (found, *_) = answer["images"]
    manifest = json.loads(found["imageManifest"])
    return found.get("imageManifestMediaType") or manifest["mediaType"], manifest


def _refuse_other_processors(account: Account, uri: str, built_for: str | None, machines: Architecture) -> None:
    if built_for is None:
        print(f"the image has to be built for linux/{machines}", flush=True)
    elif built_for != machines:
        raise DeploymentError(
            f"{uri} is built for {built_for}, and is to run on {machines} machines: build one for them "
            f"({account.command(f'build --platform linux/{machines}')}) and push it, or choose other machines "
            f"(--instance-type; Graviton's, such as ml.c7g.large, are arm64, all others amd64)"
        )


def _refuse_other_manifests(uri: str, media_type: str) -> None:
    if media_type != MEDIA_TYPE:
        raise DeploymentError(
            f"{uri} has a manifest of the type {media_type}, which SageMaker refuses: it takes {MEDIA_TYPE} alone. "
            f"Build it anew without provenance and with Docker's media types, which python -m deploy build does "
            f"(docker buildx build --provenance=false --output type=docker), and push it again"
        )


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
            imageTagMutability="IMMUTABLE",
            tags=account.tags,
        )
    else:
        tags = ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
        account.require_own(f"the ECR repository {account.repository}", tags)
    ecr.put_lifecycle_policy(repositoryName=account.repository, lifecyclePolicyText=json.dumps(lifecycle()))


def lifecycle() -> dict[str, Any]:
    """Which images ECR deletes: all but the newest of each target, and those that lost their tag."""

    def rule(priority: int, description: str, **selection: Any) -> dict[str, Any]:
        return {
            "rulePriority": priority,
            "description": description,
            "selection": selection,
            "action": {"type": "expire"},
        }

    kept = {"tagStatus": "tagged", "countType": "imageCountMoreThan", "countNumber": _KEPT_IMAGES}
    lost = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": _UNTAGGED_DAYS}
    newest = [
        rule(number, f"the newest {_KEPT_IMAGES} {target} images stay", tagPrefixList=[f"{target}-"], **kept)
        for number, target in enumerate(TARGETS, start=1)
    ]
    return {"rules": [*newest, rule(3, "images without a tag", tagStatus="untagged", **lost)]}


def _identifier(account: Account, name: str) -> str:
    """Give the first twelve digits of a local image's identifier."""
    asked = ["docker", "image", "inspect", "--format", "{{.Id}}", name]
    if account.dry:
        return "IDENTIFIER"
    _require_engine()
    ended = subprocess.run(asked, capture_output=True, text=True)  # noqa: S603
    if ended.returncode:
        raise DeploymentError(f"there is no image {name} on this machine; build it: {account.command('build')}")
    return ended.stdout.strip().removeprefix("sha256:")[:12]


def _is_buildkit() -> bool:
    if shutil.which("docker") is None:
        return True  # and _docker says what is wrong
    return subprocess.run(["docker", "buildx", "version"], capture_output=True).returncode == 0  # noqa: S607


def _require_engine() -> None:
    """Refuse to go on where no container engine can be asked.

    Raises:
        DeploymentError: there is no client, or no engine answers it.

    """
    if shutil.which("docker") is None:
        raise DeploymentError("there is no docker client; install Docker, or a client that answers to its name")
    answering = subprocess.run(["docker", "version"], capture_output=True, text=True)  # noqa: S607
    if answering.returncode:
        said = " ".join(answering.stderr.split())
        raise DeploymentError(
            f"no container engine answers ({said}); start Docker, or set DOCKER_HOST to one that runs"
        )


def _docker(account: Account, *arguments: str, stdin: str | None = None) -> None:
    """Run the docker client, its output passed on.

    Raises:
        DeploymentError: there is no client, no engine answers it, or the command failed.

    """
    print("$ docker", *arguments, flush=True)
    if account.dry:
        return
    _require_engine()
    ended = subprocess.run(["docker", *arguments], input=stdin, text=True)  # noqa: S603, S607
    if ended.returncode:
        raise DeploymentError(
            f"docker {arguments[0]} failed with status {ended.returncode}; its own words are above this line"
        )
