"""The processors that an image is built for, and those that an endpoint's machines have.

A container starts only where the two agree; SageMaker finds out after minutes, in the container's log.
"""

import json
import re
import urllib.request
from typing import Any, Literal

from deploy.account import Account

Architecture = Literal["amd64", "arm64"]

# Behind the generation a "g" stands for Graviton, as in ml.c7g.large and ml.m6gd.xlarge (EC2 user guide, "Amazon EC2
# instance type naming conventions").
_GRAVITON = re.compile(r"ml\.[a-z]+\d+g[a-z]*\.")


def of_instance(kind: str) -> Architecture:
    """Name the processors of an instance type: arm64 for Graviton, else amd64."""
    return "arm64" if _GRAVITON.match(kind) else "amd64"


def of_image(account: Account, repository: str, manifest: dict[str, Any], registry: str) -> str | None:
    """Look up in ECR what an image is built for, as its configuration says; None in a plan, which fetches nothing.

    Args:
        account: whose credentials are used.
        repository: the image's.
        manifest: the image's, with the digest of its configuration.
        registry: the twelve digits of the account whose ECR has it.

    Raises:
        ClientError: the credentials may not read it, among others.
        OSError: the configuration cannot be fetched.

    """
    found = account.client("ecr").get_download_url_for_layer(
        repositoryName=repository, layerDigest=manifest["config"]["digest"], registryId=registry
    )
    if account.dry:
        return None
    # The address is ECR's own.
    with urllib.request.urlopen(found["downloadUrl"], timeout=30) as answer:  # noqa: S310
        built_for: str = json.load(answer)["architecture"]
    return built_for
