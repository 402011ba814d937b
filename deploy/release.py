"""What an endpoint runs: image, bundle, role and settings, as one SageMaker model."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from botocore.exceptions import ClientError
from sagemaker.core.resources import Model
from sagemaker.core.shapes import ContainerDefinition

from deploy import waiting
from deploy.account import Account
from deploy.errors import code_of

_ROLE_SECONDS = 60


@dataclass(frozen=True)
class Release:
    """What runs in a container.

    Attributes:
        image: its URI in ECR.
        bundle: the URI of the model.tar.gz in S3.
        role: the ARN of the role it runs with.
        environment: its variables.

    """

    image: str
    bundle: str
    role: str
    environment: dict[str, str] = field(default_factory=dict)


def make_model(account: Account, release: Release, *, prefix: str = "") -> str:
    """Make a SageMaker model that reaches no network, and give its name: the deployment's, the prefix and the time."""
    name = f"{account.name}-{prefix}{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"[:63]
    container = ContainerDefinition(
        image=release.image,
        model_data_url=release.bundle,
        **({"environment": release.environment} if release.environment else {}),
    )

    def make() -> None:
        Model.create(
            model_name=name,
            primary_container=container,
            execution_role_arn=release.role,
            enable_network_isolation=True,
            tags=account.sdk_tags,
            **account.sdk,
        )

    _once_the_role_is_known(make)
    return name


def describe(account: Account, model: str) -> Release:
    """Look up what a SageMaker model runs."""
    found = Model.get(model_name=model, **account.sdk)
    container = found.primary_container
    environment = container.environment if isinstance(container.environment, dict) else {}
    return Release(container.image, container.model_data_url, found.execution_role_arn, environment)


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
