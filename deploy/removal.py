"""Deletes what a deployment made, and nothing else: a name alone is no proof, the owner tag is."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from deploy import alarms, hosting, model_registry, monitoring, scaling, versions, waiting
from deploy.account import Account
from deploy.errors import code_of, if_there, is_missing


def remove(account: Account) -> Iterator[str]:
    """Delete in the order that dependencies ask for; yields a line for each thing deleted, or left alone and why.

    Raises:
        DeploymentError: the endpoint of this name is somebody else's; nothing was deleted.

    """
    endpoint = hosting.find(account)
    yield from (f"deleted {what}" for what in (*scaling.remove(account), *alarms.remove(account)))
    yield from _topic(account)
    yield from _guard(account)
    yield from (f"deleted {what}" for what in (*monitoring.remove(account), *model_registry.remove(account)))
    if endpoint is not None:
        if endpoint.endpoint_status != "Deleting":  # as an interrupted deletion leaves it
            endpoint.delete()
        _wait_until_gone(account)
        yield f"deleted endpoint {account.name}"
    yield from versions.remove(account, jobs=True)
    yield from _log_group(account)
    yield from _bucket(account)
    yield from _repository(account)
    yield from _role(account, account.guard_role)
    yield from _role(account, account.monitor_role)
    yield from _role(account, account.role)


def _wait_until_gone(account: Account) -> None:
    def status() -> tuple[str, str | None]:
        sagemaker = account.client("sagemaker")
        found = if_there(lambda: sagemaker.describe_endpoint(EndpointName=account.name))
        if found is None:
            return "Gone", None
        return found["EndpointStatus"], found.get("FailureReason")

    waiting.until(status, wanted="Gone", what=f"endpoint {account.name}", log_group=account.log_group)


def _topic(account: Account) -> Iterator[str]:
    sns = account.client("sns")
    yield from _if_own(
        account,
        f"SNS topic {account.topic}",
        lambda: sns.list_tags_for_resource(ResourceArn=account.topic_arn)["Tags"],
        lambda: sns.delete_topic(TopicArn=account.topic_arn),
    )


def _log_group(account: Account) -> Iterator[str]:
    logs = account.client("logs")
    there = logs.describe_log_groups(logGroupNamePrefix=account.log_group)["logGroups"]
    if account.log_group not in [group["logGroupName"] for group in there]:
        return
    yield from _if_own(
        account,
        f"log group {account.log_group}",
        lambda: logs.list_tags_for_resource(resourceArn=account.log_group_arn)["tags"],
        lambda: logs.delete_log_group(logGroupName=account.log_group),
    )


def _bucket(account: Account) -> Iterator[str]:
    s3 = account.client("s3")

    def delete() -> None:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=account.bucket):
            keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
            if keys:
                s3.delete_objects(Bucket=account.bucket, Delete={"Objects": keys, "Quiet": True})
        s3.delete_bucket(Bucket=account.bucket)

    yield from _if_own(
        account,
        f"bucket {account.bucket} with bundles, captured requests and outputs",
        lambda: s3.get_bucket_tagging(Bucket=account.bucket)["TagSet"],
        delete,
    )


def _repository(account: Account) -> Iterator[str]:
    ecr = account.client("ecr")
    arn = f"arn:{account.partition}:ecr:{account.region}:{account.number}:repository/{account.repository}"
    yield from _if_own(
        account,
        f"ECR repository {account.repository} with its images",
        lambda: ecr.list_tags_for_resource(resourceArn=arn)["tags"],
        lambda: ecr.delete_repository(repositoryName=account.repository, force=True),
    )


def _guard(account: Account) -> Iterator[str]:
    scheduler = account.client("scheduler")

    def tags() -> Any:
        arn = scheduler.get_schedule_group(Name=account.guard)["Arn"]
        return scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"]

    yield from _if_own(
        account,
        f"schedule {account.guard}",
        tags,
        lambda: scheduler.delete_schedule_group(Name=account.guard),  # and the schedule in it
    )


def _role(account: Account, name: str) -> Iterator[str]:
    iam = account.client("iam")

    def delete() -> None:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)

    yield from _if_own(account, f"role {name}", lambda: iam.list_role_tags(RoleName=name)["Tags"], delete)


def _if_own(account: Account, what: str, tags: Any, delete: Any) -> Iterator[str]:
    """Delete one thing if it is there and has the owner tag."""
    try:
        found = tags()
    except ClientError as error:
        if code_of(error) == "NoSuchTagSet":
            found = []
        elif is_missing(error):
            return
        else:
            raise
    if account.owns(found):
        delete()
        yield f"deleted {what}"
    else:
        yield f"left alone {what}: its owner tag is not this deployment's"
