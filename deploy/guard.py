"""The guard against forgotten endpoints: a schedule that deletes the endpoint at a time of the user's choice.

What else a deployment made stays, and costs cents: ``python -m deploy delete`` takes it away. Source: Amazon
EventBridge Scheduler user guide, "Using universal targets".
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from deploy import role
from deploy.account import Account
from deploy.errors import is_missing


def ensure(account: Account, after: timedelta) -> datetime:
    """Have the endpoint deleted after some time from now, instead of any time said before; gives the time, in UTC."""
    client = account.client("scheduler")
    at = datetime.now(UTC).replace(microsecond=0) + after
    try:  # only groups have tags
        group = client.get_schedule_group(Name=account.guard)
        tags = client.list_tags_for_resource(ResourceArn=group["Arn"])["Tags"]
        account.require_own(f"the schedule group {account.guard}", tags)
    except ClientError as error:
        if not is_missing(error):
            raise
        client.create_schedule_group(Name=account.guard, Tags=account.tags)
    allowed = role.ensure_role(
        account,
        account.guard_role,
        f"Deletes the SageMaker endpoint {account.name} at a set time",
        trust=role.trust(account, "scheduler.amazonaws.com"),
        policies={role.BASE: policy(account)},
    )
    schedule = {
        "Name": account.guard,
        "GroupName": account.guard,
        "ScheduleExpression": f"at({at:%Y-%m-%dT%H:%M:%S})",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": f"arn:{account.partition}:scheduler:::aws-sdk:sagemaker:deleteEndpoint",
            "RoleArn": allowed,
            "Input": json.dumps({"EndpointName": account.name}),
        },
    }
    try:
        client.get_schedule(Name=account.guard, GroupName=account.guard)
    except ClientError as error:
        if not is_missing(error):
            raise
        client.create_schedule(**schedule)
    else:
        client.update_schedule(**schedule)
    return at


def policy(account: Account) -> dict[str, Any]:
    """What the schedule's role allows: to delete this endpoint."""
    delete = {"Effect": "Allow", "Action": ["sagemaker:DeleteEndpoint"], "Resource": account.endpoint_arn}
    return {"Version": "2012-10-17", "Statement": [delete]}


def due(account: Account) -> str | None:
    """Say when the endpoint will be deleted, in UTC; None where nothing is scheduled."""
    try:
        found = account.client("scheduler").get_schedule(Name=account.guard, GroupName=account.guard)
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    at: str = found["ScheduleExpression"].removeprefix("at(").removesuffix(")")
    return at
