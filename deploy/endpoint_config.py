"""Endpoint configurations: the machines, or the memory, that one version of the endpoint runs on.

Each version has a configuration and a model of the same name, made new for it. The tag ``previous`` names the version
that it replaced: where ``rollback`` goes.
"""

from dataclasses import dataclass
from typing import Any

from sagemaker.core.resources import EndpointConfig
from sagemaker.core.shapes import (
    CaptureContentTypeHeader,
    CaptureOption,
    DataCaptureConfig,
    ProductionVariant,
    Tag,
)

from deploy.account import VARIANT, Account

PREVIOUS = "previous"

# The container is ready within seconds; a healthy one is not given up on while the image is still being pulled.
_STARTUP_SECONDS = 300


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


Shape = Instances | Serverless


def make(account: Account, shape: Shape, *, model: str, previous: str | None = None) -> None:
    """Make the configuration of a model's name.

    Args:
        account: whose it is.
        shape: what it runs on.
        model: the SageMaker model.
        previous: the configuration that it replaces.

    """
    tags = account.tags + ([{"Key": PREVIOUS, "Value": previous}] if previous else [])
    if isinstance(shape, Serverless):
        # By boto3: the SDK (3.27) sends its memory_size_in_mb as MemorySizeInMb, which AWS does not know.
        sizes = {"MemorySizeInMB": shape.memory_mb, "MaxConcurrency": shape.concurrency}
        account.client("sagemaker").create_endpoint_config(
            EndpointConfigName=model,
            ProductionVariants=[{"VariantName": VARIANT, "ModelName": model, "ServerlessConfig": sizes}],
            Tags=tags,
        )
        return
    EndpointConfig.create(
        endpoint_config_name=model,
        production_variants=[
            ProductionVariant(
                variant_name=VARIANT,
                model_name=model,
                instance_type=shape.kind,
                initial_instance_count=shape.count,
                initial_variant_weight=1.0,
                container_startup_health_check_timeout_in_seconds=_STARTUP_SECONDS,
            )
        ],
        tags=[Tag(key=tag["Key"], value=tag["Value"]) for tag in tags],
        **({"data_capture_config": _capture(account, shape.capture)} if shape.capture else {}),
        **account.sdk,
    )


def describe(account: Account, name: str) -> tuple[str, Shape]:
    """Look up a configuration's SageMaker model and what it runs on."""
    config = EndpointConfig.get(endpoint_config_name=name, **account.sdk)
    (variant,) = config.production_variants
    return variant.model_name, _shape(config, variant)


def previous_versions(account: Account) -> dict[str, str | None]:
    """List the deployment's configurations, each with the one that it replaced."""
    client = account.client("sagemaker")
    found: dict[str, str | None] = {}
    for page in client.get_paginator("list_endpoint_configs").paginate(NameContains=account.name):
        for summary in page["EndpointConfigs"]:
            tags = client.list_tags(ResourceArn=summary["EndpointConfigArn"])["Tags"]
            if account.owns(tags):
                values = {tag["Key"]: tag["Value"] for tag in tags}
                found[summary["EndpointConfigName"]] = values.get(PREVIOUS)
    return found


def _shape(config: Any, variant: Any) -> Shape:
    if variant.serverless_config:
        return Serverless(variant.serverless_config.memory_size_in_mb, variant.serverless_config.max_concurrency)
    capture = config.data_capture_config
    return Instances(
        variant.instance_type, variant.initial_instance_count, capture.initial_sampling_percentage if capture else 0
    )


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
