"""Checks names, numbers and instance types against AWS's own descriptions, before anything is asked or made.

The descriptions are botocore's: each shape has its length, range, pattern and values. S3 describes its bucket names
only in prose (user guide, "General purpose bucket naming rules").
"""

import argparse
import difflib
import re
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import UnknownRegionError

from deploy.account import Account
from deploy.errors import DeploymentError

VERSION_SUFFIX = "-20260101-000000-000000"
"""What the names of models and endpoint configurations add to the deployment's, in its length."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(?<=..)")
"""What endpoints, ECR repositories and buckets may all be called."""
_INSTANCE_TYPES = {
    "deploy": "ProductionVariantInstanceType",
    "async": "ProductionVariantInstanceType",
    "transform": "TransformInstanceType",
    "train": "TrainingInstanceType",
}


def check(service: str, shape: str, value: Any, what: str, *, like: str = "") -> None:
    """Refuse a value that a shape of a service's description rules out.

    Args:
        service: botocore's name of it, such as sagemaker.
        shape: such as EndpointName.
        value: a text, or a number.
        what: how to call it in the error, such as "--name 'x'".
        like: an example of what is taken, for the error.

    Raises:
        DeploymentError: the value is too long, too short, too large, too small, or of another form.

    """
    described = _describe(service).shape_for(shape)
    size = len(value) if isinstance(value, str) else value
    unit = " characters" if isinstance(value, str) else ""
    least, most = described.metadata.get("min", 0), described.metadata.get("max")
    if size < least or (most is not None and size > most):
        bounds = f"at least {least}{unit}" if most is None else f"from {least} to {most}{unit}"
        raise DeploymentError(f"{what}: AWS takes {bounds}, not {size}{_such_as(like)}")
    pattern = described.metadata.get("pattern")
    if isinstance(value, str) and pattern and not re.fullmatch(_as_python(pattern), value):
        raise DeploymentError(f"{what}: AWS takes only what matches {pattern}{_such_as(like)}")


def _such_as(like: str) -> str:
    return f", such as {like}" if like else ""


def check_options(account: Account, options: argparse.Namespace) -> None:
    """Check whatever a command line says that AWS has limits for.

    Raises:
        DeploymentError: AWS would refuse it.

    """
    _check_region(account)
    _check_name(account)
    given = vars(options)
    if given.get("instance_type"):
        _check_instance_type(_INSTANCE_TYPES[options.command], options.instance_type)
    if given.get("concurrency"):
        check("sagemaker", "ServerlessMaxConcurrency", options.concurrency, f"--concurrency {options.concurrency}")
    if given.get("role"):
        like = "arn:aws:iam::123456789012:role/NAME"
        check("sagemaker", "RoleArn", options.role, f"--role {options.role}", like=like)
    if given.get("max_instances") and options.max_instances < given.get("instances", 1):
        raise DeploymentError(
            f"--max-instances {options.max_instances} is less than --instances {options.instances}: "
            f"raise the one or lower the other"
        )
    for key, value in account.extra_tags.items():
        check("sagemaker", "TagKey", key, f"--tag {key}={value}: the key")
        check("sagemaker", "TagValue", value, f"--tag {key}={value}: the value")


def _check_region(account: Account) -> None:
    region = account.session.region_name
    if not region:
        return  # the first call says what to do about it
    try:
        account.session.get_partition_for_region(region)
    except UnknownRegionError:
        known = account.session.get_available_regions("sagemaker")
        close = difflib.get_close_matches(region, known, n=2) or ["us-east-1"]
        raise DeploymentError(
            f"--region {region}: AWS has no such region; did you mean {' or '.join(close)}?"
        ) from None


def _check_name(account: Account) -> None:
    name = account.name
    said = f"--name {name!r}"
    if not _NAME.fullmatch(name):
        raise DeploymentError(
            f"{said}: AWS takes two or more lower-case letters and digits, with single hyphens between, such as shoes-2"
        )
    check("sagemaker", "ModelName", name + VERSION_SUFFIX, f"{said}, with a version's date as in {VERSION_SUFFIX!r}")
    if not account.session.region_name:
        return  # the first call says what to do about it
    check("iam", "roleNameType", account.monitor_role, f"{said}, as in the role's name {account.monitor_role}")
    check("scheduler", "ScheduleGroupName", account.guard, f"{said}, as in the schedule's name {account.guard}")
    bucket = f"{name}-{'0' * 12}-{account.region}"
    if not _BUCKET.fullmatch(bucket):
        raise DeploymentError(
            f"{said}: the bucket would be called {bucket}, and S3 takes 3 to 63 lower-case letters, digits and hyphens"
        )


def _check_instance_type(shape: str, kind: str) -> None:
    known: list[str] = _describe("sagemaker").shape_for(shape).enum
    if kind not in known:
        close = difflib.get_close_matches(kind, known, n=3)
        like = f"; did you mean {' or '.join(close)}?" if close else ", such as ml.m5.xlarge"
        raise DeploymentError(f"--instance-type {kind}: SageMaker knows no such type for this{like}")


def _as_python(pattern: str) -> str:
    """Write AWS's Unicode classes (letters, separators, digits) as Python's."""
    return pattern.replace(r"\p{L}\p{Z}\p{N}_", r"\w\s")


@cache
def _describe(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)
