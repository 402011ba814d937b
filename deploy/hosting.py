"""The endpoint: made, and updated without downtime. Model and configuration are new ones each time, as AWS wants."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import (
    Alarm,
    AutoRollbackConfig,
    BlueGreenUpdatePolicy,
    CaptureContentTypeHeader,
    CaptureOption,
    ContainerDefinition,
    DataCaptureConfig,
    DeploymentConfig,
    ProductionVariant,
    TrafficRoutingConfig,
)

from deploy import waiting
from deploy.account import VARIANT, Account
from deploy.errors import DeploymentError, code_of, is_missing

# The container is ready within seconds; a healthy one is not given up on while the image is still being pulled.
STARTUP_SECONDS = 300

_LOG_DAYS = 30
_ROLE_SECONDS = 60


@dataclass(frozen=True)
class Instances:
    """An endpoint of machines that run all the time.

    Attributes:
        kind: such as ml.m5.xlarge.
        count: how many at first.
        capture: per cent of the requests that are kept in S3 with their answers; 0 for none.

    """

    kind: str
    count: int
    capture: int


@dataclass(frozen=True)
class Serverless:
    """An endpoint that costs nothing between requests.

    Attributes:
        memory_mb: 1024 to 6144.
        concurrency: requests answered at the same time; more get a ThrottlingException.

    """

    memory_mb: int
    concurrency: int


def find(account: Account) -> Any:
    """Look the endpoint up, as the SDK's resource; None where there is none.

    Raises:
        DeploymentError: it is somebody else's.

    """
    try:
        endpoint = Endpoint.get(endpoint_name=account.name, **account.sdk)
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    tags = account.client("sagemaker").list_tags(ResourceArn=endpoint.endpoint_arn)["Tags"]
    account.require_own(f"the endpoint {account.name}", tags)
    return endpoint


def require(account: Account) -> Any:
    """Look the endpoint up.

    Raises:
        DeploymentError: there is none, or it is somebody else's.

    """
    endpoint = find(account)
    if endpoint is None:
        raise DeploymentError(
            f"there is no endpoint {account.name} in {account.region}; make it: python -m deploy deploy"
        )
    return endpoint


def model_of(account: Account, endpoint: Any) -> Any:
    """Look up the SageMaker model that an endpoint serves."""
    config = EndpointConfig.get(endpoint_config_name=endpoint.endpoint_config_name, **account.sdk)
    return Model.get(model_name=config.production_variants[0].model_name, **account.sdk)


def create(account: Account, shape: Instances | Serverless, *, image: str, bundle: str, role: str) -> None:
    """Make model, configuration and endpoint, and wait until it is in service."""
    _ensure_log_group(account)
    config = _configure(account, shape, image=image, bundle=bundle, role=role)
    endpoint = Endpoint.create(
        endpoint_name=account.name, endpoint_config_name=config, tags=account.sdk_tags, **account.sdk
    )
    waiting.until(
        lambda: _status(endpoint), wanted="InService", what=f"endpoint {account.name}", log_group=account.log_group
    )


def update(account: Account, endpoint: Any, *, image: str, bundle: str, role: str) -> None:
    """Replace what the endpoint serves without downtime: a second fleet is started, tried, and takes over.

    Source: Amazon SageMaker AI developer guide, "Blue/green deployments": all traffic moves at once when the new fleet
    is healthy; if an alarm is raised during the next five minutes, it moves back.

    Args:
        account: whose endpoint.
        endpoint: as ``find`` gave it.
        image: the new image's URI.
        bundle: the new model.tar.gz.
        role: the containers' role.

    Raises:
        DeploymentError: the new fleet failed; the old one still serves.

    """
    old = EndpointConfig.get(endpoint_config_name=endpoint.endpoint_config_name, **account.sdk)
    config = _configure(account, _shape(old), image=image, bundle=bundle, role=role)
    endpoint.endpoint_config_name = config
    watched = [Alarm(alarm_name=name) for name in account.alarms.values()]
    serverless = bool(old.production_variants[0].serverless_config)
    blue_green = DeploymentConfig(
        blue_green_update_policy=BlueGreenUpdatePolicy(
            traffic_routing_configuration=TrafficRoutingConfig(type="ALL_AT_ONCE", wait_interval_in_seconds=300),
            maximum_execution_timeout_in_seconds=3600,
        ),
        auto_rollback_configuration=AutoRollbackConfig(alarms=watched),
    )
    if serverless:  # which AWS updates without downtime by itself, and with no deployment configuration
        endpoint.update()
    else:  # the number of instances is autoscaling's, and stays
        endpoint.update(retain_all_variant_properties=True, deployment_config=blue_green)
    waiting.until(
        lambda: _status(endpoint), wanted="InService", what=f"endpoint {account.name}", log_group=account.log_group
    )
    if endpoint.endpoint_config_name != config:
        raise DeploymentError(
            f"the update was rolled back, and the endpoint serves what it served before: "
            f"{_status(endpoint)[1] or 'an alarm was raised'}. The container's own words are in the CloudWatch log "
            f"group {account.log_group}: aws logs tail {account.log_group}"
        )
    old_models = [variant.model_name for variant in old.production_variants]
    old.delete()
    for name in old_models:
        Model.get(model_name=name, **account.sdk).delete()


def _make_model(account: Account, *, image: str, bundle: str, role: str) -> str:
    """Make a SageMaker model of image and bundle; gives its name."""
    name = f"{account.name}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"[:63]

    def make() -> None:
        Model.create(
            model_name=name,
            primary_container=ContainerDefinition(image=image, model_data_url=bundle),
            execution_role_arn=role,
            tags=account.sdk_tags,
            **account.sdk,
        )

    _once_the_role_is_known(make)
    return name


def _configure(account: Account, shape: Instances | Serverless, *, image: str, bundle: str, role: str) -> str:
    """Make a model and an endpoint configuration of the same name; gives it."""
    name = _make_model(account, image=image, bundle=bundle, role=role)
    if isinstance(shape, Serverless):
        # By boto3: the SDK (3.27) sends its memory_size_in_mb as MemorySizeInMb, which AWS does not know.
        sizes = {"MemorySizeInMB": shape.memory_mb, "MaxConcurrency": shape.concurrency}
        account.client("sagemaker").create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[{"VariantName": VARIANT, "ModelName": name, "ServerlessConfig": sizes}],
            Tags=account.tags,
        )
        return name
    EndpointConfig.create(
        endpoint_config_name=name,
        production_variants=[
            ProductionVariant(
                variant_name=VARIANT,
                model_name=name,
                instance_type=shape.kind,
                initial_instance_count=shape.count,
                initial_variant_weight=1.0,
                container_startup_health_check_timeout_in_seconds=STARTUP_SECONDS,
            )
        ],
        tags=account.sdk_tags,
        **({"data_capture_config": _capture(account, shape.capture)} if shape.capture else {}),
        **account.sdk,
    )
    return name


def _capture(account: Account, per_cent: int) -> DataCaptureConfig:
    return DataCaptureConfig(
        enable_capture=True,
        initial_sampling_percentage=per_cent,
        destination_s3_uri=f"s3://{account.bucket}/captured",
        capture_options=[CaptureOption(capture_mode="Input"), CaptureOption(capture_mode="Output")],
        # What is not listed is captured as base64.
        capture_content_type_header=CaptureContentTypeHeader(
            csv_content_types=["text/csv"], json_content_types=["application/json", "application/jsonlines"]
        ),
    )


def _shape(config: Any) -> Instances | Serverless:
    (variant,) = config.production_variants
    if variant.serverless_config:
        return Serverless(variant.serverless_config.memory_size_in_mb, variant.serverless_config.max_concurrency)
    capture = config.data_capture_config
    return Instances(
        variant.instance_type,
        variant.initial_instance_count,
        capture.initial_sampling_percentage if capture else 0,
    )


def _status(endpoint: Any) -> tuple[str, str | None]:
    endpoint.refresh()
    reason = endpoint.failure_reason
    return endpoint.endpoint_status, reason if isinstance(reason, str) else None


def _ensure_log_group(account: Account) -> None:
    """Make the endpoint's log group before SageMaker does, so that it is tagged and its logs do not stay for ever."""
    logs = account.client("logs")
    try:
        logs.create_log_group(logGroupName=account.log_group, tags=account.tag_map)
    except logs.exceptions.ResourceAlreadyExistsException:
        return
    logs.put_retention_policy(logGroupName=account.log_group, retentionInDays=_LOG_DAYS)


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
