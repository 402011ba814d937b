"""Endpoint configurations: the machines, or the memory, that one version of the endpoint runs on.

Each version has a configuration, made new for it. The tag ``previous`` names the version that it replaced: where
``rollback`` goes. While a new version is tried, its model stands in the configuration as a second variant.
"""

from dataclasses import dataclass
from typing import Any

from deploy.account import VARIANT, Account
from deploy.architecture import Architecture, of_instance

PREVIOUS = "previous"
CANDIDATE = "Candidate"
"""The variant of a version that is tried beside the one that serves."""

# The container is ready within seconds; a healthy one is not given up on while the image is still being pulled.
_STARTUP_SECONDS = 300


@dataclass(frozen=True)
class Instances:
    """An endpoint of machines.

    Attributes:
        kind: such as ml.m5.xlarge.
        count: how many at first.
        capture: per cent of the requests that are kept in S3 with their answers; 0 for none.
        queued: whether requests wait in a queue, and are files in S3: asynchronous inference.
        key: the ARN of the KMS key that encrypts the disks, and what is captured or answered; None for AWS's own.

    """

    kind: str
    count: int
    capture: int = 0
    queued: bool = False
    key: str | None = None

    @property
    def architecture(self) -> Architecture:
        """The machines' processors."""
        return of_instance(self.kind)


@dataclass(frozen=True)
class Serverless:
    """An endpoint that costs nothing between requests.

    Attributes:
        memory_mb: 1024 to 6144.
        concurrency: requests answered at the same time; more get a ThrottlingException.

    """

    memory_mb: int
    concurrency: int

    @property
    def architecture(self) -> Architecture:
        """The machines' processors: serverless endpoints have no Graviton."""
        return "amd64"


Shape = Instances | Serverless


@dataclass(frozen=True)
class Trial:
    """How a new version is tried beside the one that serves.

    Attributes:
        per_cent: of the requests: it answers them, or as a shadow gets a copy of them.
        shadow: whether its answers are thrown away.
        count: instances of its own; autoscaling leaves them alone.

    """

    per_cent: int
    shadow: bool
    count: int


@dataclass(frozen=True)
class Config:
    """What a configuration says.

    Attributes:
        model: the SageMaker model that serves.
        shape: what it runs on.
        candidate: the model that is tried beside it; None where none is.
        trial: how it is tried.

    """

    model: str
    shape: Shape
    candidate: str | None = None
    trial: Trial | None = None

    @property
    def models(self) -> set[str]:
        """The models that the configuration needs."""
        return {self.model, *([self.candidate] if self.candidate else [])}


def make(account: Account, name: str, config: Config, *, previous: str | None = None) -> None:
    """Make a configuration.

    Args:
        account: whose it is.
        name: its name.
        config: what it says.
        previous: the configuration that it replaces.

    """
    tags = account.tags + ([{"Key": PREVIOUS, "Value": previous}] if previous else [])
    account.client("sagemaker").create_endpoint_config(
        EndpointConfigName=name, **definition(account, config), Tags=tags
    )


def definition(account: Account, config: Config) -> dict[str, Any]:
    """Write a configuration as CreateEndpointConfig takes it, without name and tags."""
    shape = config.shape
    if isinstance(shape, Serverless):
        sizes = {"MemorySizeInMB": shape.memory_mb, "MaxConcurrency": shape.concurrency}
        return {"ProductionVariants": [{"VariantName": VARIANT, "ModelName": config.model, "ServerlessConfig": sizes}]}

    def variant(name: str, model: str, count: int, weight: float) -> dict[str, Any]:
        return {
            "VariantName": name,
            "ModelName": model,
            "InstanceType": shape.kind,
            "InitialInstanceCount": count,
            "InitialVariantWeight": weight,
            "ContainerStartupHealthCheckTimeoutInSeconds": _STARTUP_SECONDS,
        }

    variants, shadows = [variant(VARIANT, config.model, shape.count, 1.0)], []
    if config.candidate and config.trial:
        share = config.trial.per_cent / 100
        tried = variant(CANDIDATE, config.candidate, config.trial.count, share)
        if config.trial.shadow:
            shadows = [tried]
        else:
            variants = [variants[0] | {"InitialVariantWeight": round(1 - share, 2)}, tried]
    key = {"KmsKeyId": shape.key} if shape.key else {}
    return {
        "ProductionVariants": variants,
        **({"ShadowProductionVariants": shadows} if shadows else {}),
        **({"DataCaptureConfig": _capture(account, shape.capture) | key} if shape.capture else {}),
        **({"AsyncInferenceConfig": _queue(account, key)} if shape.queued else {}),
        **key,
    }


def describe(account: Account, name: str) -> Config:
    """Look up what a configuration says."""
    found = account.client("sagemaker").describe_endpoint_config(EndpointConfigName=name)
    variants = {variant["VariantName"]: variant for variant in found["ProductionVariants"]}
    shadows = found.get("ShadowProductionVariants", [])
    serving = variants[VARIANT]
    tried = shadows[0] if shadows else variants.get(CANDIDATE)
    if tried is None:
        return Config(serving["ModelName"], _shape(found, serving))
    trial = Trial(round(tried["InitialVariantWeight"] * 100), bool(shadows), tried["InitialInstanceCount"])
    return Config(serving["ModelName"], _shape(found, serving), tried["ModelName"], trial)


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


def _shape(found: dict[str, Any], variant: dict[str, Any]) -> Shape:
    if "ServerlessConfig" in variant:
        sizes = variant["ServerlessConfig"]
        return Serverless(sizes["MemorySizeInMB"], sizes["MaxConcurrency"])
    return Instances(
        variant["InstanceType"],
        variant["InitialInstanceCount"],
        found.get("DataCaptureConfig", {}).get("InitialSamplingPercentage", 0),
        "AsyncInferenceConfig" in found,
        found.get("KmsKeyId"),
    )


def _capture(account: Account, per_cent: int) -> dict[str, Any]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": per_cent,
        "DestinationS3Uri": f"s3://{account.bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        # What is not listed is captured as base64.
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json", "application/jsonlines"],
        },
    }


def _queue(account: Account, key: dict[str, str]) -> dict[str, Any]:
    """Where the answers to queued requests go, and the reasons of those that failed."""
    folder = f"s3://{account.bucket}/async"
    return {"OutputConfig": {"S3OutputPath": f"{folder}/out", "S3FailurePath": f"{folder}/failed"} | key}
