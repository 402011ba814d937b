"""The guard against forgotten endpoints: a schedule that deletes the endpoint at a time of the user's choice.

What else a deployment made stays, and costs cents: ``python -m deploy delete`` takes it away. Source: Amazon
EventBridge Scheduler user guide, "Using universal targets".
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy import execution_role
from deploy.account import Account
from deploy.errors import if_there
from deploy.policies import allow, document


def ensure(account: Account, after: timedelta) -> datetime:
    """Have the endpoint deleted after some time from now, instead of any time said before; gives the time, in UTC."""
    client = account.client("scheduler")
    at = datetime.now(UTC).replace(microsecond=0) + after
    group = if_there(lambda: client.get_schedule_group(Name=account.guard))
    if group is None:
        client.create_schedule_group(Name=account.guard, Tags=account.tags)
    else:  # only groups have tags
        tags = client.list_tags_for_resource(ResourceArn=group["Arn"])["Tags"]
        account.require_own(f"the schedule group {account.guard}", tags)
    allowed = execution_role.ensure_role(
        account,
        account.guard_role,
        f"Deletes the SageMaker endpoint {account.name} at a set time",
        trust=execution_role.trust(account, "scheduler.amazonaws.com"),
        policies={execution_role.BASE: policy(account)},
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
    put = client.create_schedule if _find(account) is None else client.update_schedule
    put(**schedule)
    return at


def policy(account: Account) -> dict[str, Any]:
    """What the schedule's role allows: to delete this endpoint."""
    return document(allow(["sagemaker:DeleteEndpoint"], account.endpoint_arn))


def due(account: Account) -> str | None:
    """Say when the endpoint will be deleted, in UTC; None where nothing is scheduled."""
    found = _find(account)
    if found is None:
        return None
    at: str = found["ScheduleExpression"].removeprefix("at(").removesuffix(")")
    return at


def _find(account: Account) -> Any:
    scheduler = account.client("scheduler")
    return if_there(lambda: scheduler.get_schedule(Name=account.guard, GroupName=account.guard))
