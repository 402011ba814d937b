"""Makes, updates, shows and deletes an endpoint with all that belongs to it."""

import re
import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import botocore.exceptions

from deployment import calls
from deployment.aws import Account, DeploymentError, wait
from deployment.settings import OWNER, PRICE_PER_HOUR, Deployment

_HOURS_A_MONTH = 730


def pack(bundle: Path) -> bytes:
    """Make model.tar.gz of a bundle's folder: its files at the top, no links, the same bytes every time.

    Raises:
        DeploymentError: the folder holds no bundle.

    """
    if not (bundle / "bundle.json").is_file():
        raise DeploymentError(f"{bundle} holds no bundle.json; make one: python -m training release")
    content = BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", compresslevel=6, dereference=True) as archive:
        for path in sorted(p for p in bundle.rglob("*") if p.is_file()):
            archive.add(path, arcname=str(path.relative_to(bundle)), filter=_anonymous)
    return content.getvalue()


def deploy(account: Account, d: Deployment, bundle: bytes) -> None:
    """Make the endpoint, wait until it is in service, then its autoscaling and alarms.

    Raises:
        DeploymentError: there is one of that name, or it failed.

    """
    if _describe(account, d.name) is not None:
        raise DeploymentError(f"there is an endpoint {d.name} already; update it, or choose another --name")
    first, then = calls.deploy(d, bundle)
    for call in first:
        account.make(call)
    _wait(account, d.name)
    for call in then:
        account.make(call)


def update(account: Account, d: Deployment, bundle: bytes) -> None:
    """Replace the model behind an endpoint that goes on answering, and delete the version before."""
    before = _describe(account, d.name)
    if before is None:
        raise DeploymentError(f"there is no endpoint {d.name}; make it with deploy")
    d = replace(
        d,
        role=d.role or _role_in_use(account, before["EndpointConfigName"]),
        serverless=any("CurrentServerlessConfig" in v for v in before.get("ProductionVariants", [])),
    )
    for call in (*calls.storage(d, bundle), *calls.model(d), *calls.endpoint_config(d), *calls.update(d)):
        account.make(call)
    _wait(account, d.name)
    _delete_versions(account, d.name, keep=d.versioned)


def status(account: Account, name: str, *, price: float) -> None:
    """Print how an endpoint is, and what it costs."""
    found = _describe(account, name)
    if found is None:
        print(f"there is no endpoint {name}")
        return
    print(f"{name}: {found['EndpointStatus']}, configuration {found['EndpointConfigName']}")
    if "FailureReason" in found:
        print(f"  {found['FailureReason']}")
    hours = (datetime.now(UTC) - found["CreationTime"]).total_seconds() / 3600
    for variant in found.get("ProductionVariants", []):
        count = variant.get("CurrentInstanceCount", 0)
        if not count:
            print("  serverless: billed by request")
            continue
        print(
            f"  {count} instances, {hours:.1f} hours since it was made: about ${count * price:.2f} an hour, "
            f"${count * price * _HOURS_A_MONTH:.0f} a month at ${price:.3f} an instance and hour"
        )


def estimate(d: Deployment, price: float) -> str:
    """Say what a deployment will cost."""
    if d.serverless:
        return f"This makes the serverless endpoint {d.name}, billed by request and by captured storage."
    return (
        f"This makes the endpoint {d.name} on {d.instances} × {d.instance}, at about ${d.instances * price:.2f} an "
        f"hour (${d.instances * price * _HOURS_A_MONTH:.0f} a month; up to {d.largest} instances under load) until you "
        f"delete it, at ${price:.3f} an instance and hour (list price {PRICE_PER_HOUR} for ml.m5.xlarge in us-east-1; "
        "--price tells another)."
    )


def delete(account: Account, d: Deployment) -> None:
    """Delete what ``deploy`` and ``update`` made under a name, and nothing that does not bear the owner's tag."""
    sagemaker = account.client("sagemaker")
    found = _describe(account, d.name)
    if found is not None:
        if not _owned(sagemaker, found["EndpointArn"]):
            raise DeploymentError(
                f"the endpoint {d.name} was not made by these commands (no tag owner={OWNER}); left alone"
            )
        try:
            account.client("application-autoscaling").deregister_scalable_target(
                ServiceNamespace="sagemaker",
                ResourceId=d.scalable_target,
                ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            )
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "ObjectNotFoundException":
                raise
        sagemaker.delete_endpoint(EndpointName=d.name)
        print(f"  endpoint {d.name}")
    _delete_versions(account, d.name, keep=None)
    _delete_alarms(account, d)
    _delete_role(account, d)
    _delete_storage(account, d)


def _role_in_use(account: Account, config: str) -> str:
    sagemaker = account.client("sagemaker")
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    role: str = sagemaker.describe_model(ModelName=variant["ModelName"])["ExecutionRoleArn"]
    return role


def _delete_versions(account: Account, name: str, *, keep: str | None) -> None:
    sagemaker = account.client("sagemaker")
    ours = re.compile(rf"{re.escape(name)}-\d{{8}}-\d{{6}}")
    for kind, listing, delete_one in (
        ("EndpointConfig", "list_endpoint_configs", "delete_endpoint_config"),
        ("Model", "list_models", "delete_model"),
    ):
        for page in sagemaker.get_paginator(listing).paginate(NameContains=f"{name}-"):
            for item in page[f"{kind}s"]:
                found = item[f"{kind}Name"]
                if ours.fullmatch(found) and found != keep and _owned(sagemaker, item[f"{kind}Arn"]):
                    getattr(sagemaker, delete_one)(**{f"{kind}Name": found})
                    print(f"  {kind} {found}")


def _delete_alarms(account: Account, d: Deployment) -> None:
    cloudwatch = account.client("cloudwatch")
    names = [call.parameters["AlarmName"] for call in calls.alarms(d)]
    for alarm in cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]:
        tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        if _has_owner(tags):
            cloudwatch.delete_alarms(AlarmNames=[alarm["AlarmName"]])
            print(f"  alarm {alarm['AlarmName']}")


def _delete_role(account: Account, d: Deployment) -> None:
    iam = account.client("iam")
    try:
        role = iam.get_role(RoleName=d.own_role)["Role"]
    except iam.exceptions.NoSuchEntityException:
        return
    if _has_owner(role.get("Tags", [])):
        for policy in iam.list_role_policies(RoleName=d.own_role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=d.own_role, PolicyName=policy)
        iam.delete_role(RoleName=d.own_role)
        print(f"  role {d.own_role}")


def _delete_storage(account: Account, d: Deployment) -> None:
    s3 = account.client("s3")
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=d.bucket, Prefix=f"{d.name}/"):
            keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
            if keys:
                s3.delete_objects(Bucket=d.bucket, Delete={"Objects": keys})
                print(f"  {len(keys)} objects of s3://{d.bucket}/{d.name}/")
        tags = s3.get_bucket_tagging(Bucket=d.bucket)["TagSet"]
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchBucket", "NoSuchTagSet"):
            return
        raise
    if _has_owner(tags) and not s3.list_objects_v2(Bucket=d.bucket, MaxKeys=1)["KeyCount"]:
        s3.delete_bucket(Bucket=d.bucket)
        print(f"  bucket {d.bucket}")


def _describe(account: Account, name: str) -> Any:
    try:
        return account.client("sagemaker").describe_endpoint(EndpointName=name)
    except botocore.exceptions.ClientError as error:
        # SageMaker says ValidationException where others say not found.
        if error.response["Error"]["Code"] == "ValidationException":
            return None
        raise


def _wait(account: Account, name: str) -> None:
    wait(
        f"endpoint {name}",
        lambda: account.client("sagemaker").describe_endpoint(EndpointName=name),
        "EndpointStatus",
        good="InService",
        pending=("Creating", "Updating", "SystemUpdating", "RollingBack"),
        log_group=f"/aws/sagemaker/Endpoints/{name}",
    )


def _owned(sagemaker: Any, arn: str) -> bool:
    return _has_owner(sagemaker.list_tags(ResourceArn=arn)["Tags"])


def _has_owner(tags: list[dict[str, str]]) -> bool:
    return {"Key": "owner", "Value": OWNER} in tags


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o644
    return member
