"""The model registry: a bundle and its image as a model package, with the figures it was released on.

The package's metrics are the report's own (``experiments.json``) and the bundle's, in the form that SageMaker's console
shows. Source: Amazon SageMaker AI developer guide, "Register a Model Version" and "Model quality metrics".
"""

import json
from pathlib import Path
from typing import Any

from deploy import archives, release, storage
from deploy.account import Account
from deploy.drift_baseline import constraints, statistics
from deploy.errors import DeploymentError, if_there

_CONTENT_TYPES = [
    "application/json",
    "application/jsonlines",
    "text/csv",
    "application/x-npy",
    "image/png",
    "image/jpeg",
]
_ANSWERS = ["application/json", "application/jsonlines"]
_INSTANCES = ["ml.m5.large", "ml.m5.xlarge", "ml.c5.xlarge", "ml.c5.2xlarge"]


def metrics(models: Path) -> dict[str, Any]:
    """Write a bundle's figures as SageMaker's document of a model's quality.

    Args:
        models: the bundle's folder.

    Returns:
        The default network's accuracy on the test set under ``multiclass_classification_metrics``, and every served
        network's under ``networks``: of the released weights, and of its experiment's seeds with 95 % intervals.

    Raises:
        DeploymentError: the folder holds no bundle, or no report.

    """
    manifest = archives.read_manifest(models)
    try:
        report = json.loads((models / "experiments.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DeploymentError(
            f"{models / 'experiments.json'} cannot be read ({error}): a model package has its figures; write it with "
            f"make report"
        ) from error
    rows = {row["name"]: row for row in report["experiments"]}
    networks = {}
    for name, entry in manifest["models"].items():
        row = rows.get(name, {})
        networks[name] = {
            "released": {key: entry["training"][key] for key in ("seed", "val_accuracy", "test_accuracy")},
            "experiment": {key: row[key] for key in ("seeds", "val_accuracy", "test_accuracy") if key in row},
        }
    default = networks[manifest["default_model"]]["released"]
    accuracy = {"value": default["test_accuracy"], "standard_deviation": "NaN"}
    return {"version": 0.0, "multiclass_classification_metrics": {"accuracy": accuracy}, "networks": networks}


def documents(models: Path) -> dict[str, dict[str, Any]]:
    """Write what is known of a bundle: its figures, and what Model Monitor would compare with.

    Raises:
        DeploymentError: the folder holds no bundle, no report, or no drift reference.

    """
    manifest = archives.read_manifest(models)
    return {"metrics": metrics(models), "statistics": statistics(manifest), "constraints": constraints(manifest)}


def register(account: Account, *, image: str, models: Path, known: dict[str, dict[str, Any]], approved: bool) -> str:
    """Put a version of the model into the registry; gives its ARN.

    Args:
        account: whose registry.
        image: the URI in ECR.
        models: the bundle's folder.
        known: the bundle's ``documents``.
        approved: whether it may be deployed, or waits for somebody's approval.

    Raises:
        DeploymentError: the folder holds no bundle, or the registry has such a group of somebody else's.

    """
    manifest = archives.read_manifest(models)
    _ensure_group(account)
    bundle = archives.upload(account, models, multi_model=False)
    folder = f"registry/{release.version_name(account)}"
    sources = {
        name: {
            "ContentType": "application/json",
            "S3Uri": storage.put(account, f"{folder}/{name}.json", json.dumps(content).encode()),
        }
        for name, content in known.items()
    }
    usual = {"Statistics": sources["statistics"], "Constraints": sources["constraints"]}
    arn: str = account.client("sagemaker").create_model_package(
        ModelPackageGroupName=account.name,
        ModelPackageDescription=f"Bundle {manifest['sha256'][:12]}; its default network is {manifest['default_model']}",
        InferenceSpecification={
            "Containers": [{"Image": image, "ModelDataUrl": bundle}],
            "SupportedContentTypes": _CONTENT_TYPES,
            "SupportedResponseMIMETypes": _ANSWERS,
            "SupportedRealtimeInferenceInstanceTypes": _INSTANCES,
            "SupportedTransformInstanceTypes": _INSTANCES,
        },
        ModelMetrics={"ModelQuality": {"Statistics": sources["metrics"]}, "ModelDataQuality": usual},
        DriftCheckBaselines={"ModelDataQuality": usual},
        ModelApprovalStatus="Approved" if approved else "PendingManualApproval",
        CustomerMetadataProperties={
            "bundle": manifest["sha256"],
            "commit": str(manifest["provenance"]["commit"]),
            "default-network": manifest["default_model"],
        },
    )["ModelPackageArn"]
    return arn


def remove(account: Account) -> list[str]:
    """Take the registry's group and all its versions away; gives what was there."""
    client = account.client("sagemaker")
    group = _group(account)
    if group is None or not account.owns(client.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"]):
        return []
    removed = []
    for page in client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=account.name):
        for package in page["ModelPackageSummaryList"]:
            client.delete_model_package(ModelPackageName=package["ModelPackageArn"])
            removed.append(f"version {package['ModelPackageVersion']} in the registry")
    client.delete_model_package_group(ModelPackageGroupName=account.name)
    return [*removed, f"group {account.name} in the registry"]


def _ensure_group(account: Account) -> None:
    client = account.client("sagemaker")
    group = _group(account)
    if group is None:
        client.create_model_package_group(
            ModelPackageGroupName=account.name,
            ModelPackageGroupDescription="Fashion-MNIST networks, with the figures they were released on",
            Tags=account.tags,
        )
        return
    tags = client.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"]
    account.require_own(f"the registry's group {account.name}", tags)


def _group(account: Account) -> Any:
    client = account.client("sagemaker")
    return if_there(lambda: client.describe_model_package_group(ModelPackageGroupName=account.name))
