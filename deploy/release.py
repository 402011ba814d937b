"""What an endpoint runs: image, bundle, role, settings and network, as one SageMaker model."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from deploy import waiting
from deploy.account import Account
from deploy.errors import code_of
from deploy.isolation import Isolation

_ROLE_SECONDS = 60


@dataclass(frozen=True)
class Release:
    """What runs in a container.

    Attributes:
        image: its URI in ECR.
        bundle: the URI of the model.tar.gz in S3, or of a multi-model endpoint's folder of archives.
        role: the ARN of the role it runs with.
        environment: its variables.
        multi_model: whether each request names its model.
        isolation: the network it runs in; its KMS key is used by the endpoint configuration, not here.

    """

    image: str
    bundle: str
    role: str
    environment: dict[str, str] = field(default_factory=dict)
    multi_model: bool = False
    isolation: Isolation = field(default_factory=Isolation)


def version_name(account: Account, prefix: str = "") -> str:
    """Name a new version: the deployment's name, the prefix and the time."""
    return f"{account.name}-{prefix}{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"[:63]


def make_model(account: Account, release: Release, *, prefix: str = "") -> str:
    """Make a SageMaker model that reaches no network, and give its name."""
    name = version_name(account, prefix)
    container: dict[str, Any] = {"Image": release.image, "ModelDataUrl": release.bundle}
    if release.multi_model:
        container["Mode"] = "MultiModel"
    if release.environment:
        container["Environment"] = release.environment
    network = release.isolation.vpc_config

    def make() -> None:
        account.client("sagemaker").create_model(
            ModelName=name,
            PrimaryContainer=container,
            ExecutionRoleArn=release.role,
            EnableNetworkIsolation=True,
            **({"VpcConfig": network} if network else {}),
            Tags=account.tags,
        )

    _once_the_role_is_known(make)
    return name


def describe(account: Account, model: str) -> Release:
    """Look up what a SageMaker model runs."""
    found = account.client("sagemaker").describe_model(ModelName=model)
    container, network = found["PrimaryContainer"], found.get("VpcConfig", {})
    return Release(
        container["Image"],
        container["ModelDataUrl"],
        found["ExecutionRoleArn"],
        container.get("Environment", {}),
        container.get("Mode") == "MultiModel",
        Isolation(tuple(network.get("Subnets", ())), tuple(network.get("SecurityGroupIds", ()))),
    )


def _once_the_role_is_known(make: Callable[[], None]) -> None:
    """Repeat while SageMaker cannot assume the role: IAM takes seconds to spread a new one."""
    deadline = time.monotonic() + _ROLE_SECONDS
    while True:
        try:
            make()
        except ClientError as error:
            unknown = code_of(error) == "ValidationException" and "assume" in str(error).lower()
            if not unknown or time.monotonic() > deadline:
                raise
            time.sleep(waiting.POLL_SECONDS / 2)
        else:
            return
