"""The guard against forgotten endpoints. moto keeps schedules and runs none: what one would do is looked at."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.deploy.aws import ACCOUNT, REGION, Aws
from tests.deploy.conftest import NAME, Command
from tests.deploy.test_failures import assert_paragraph
from tests.deploy.test_plan import NO_S3


@pytest.mark.parametrize("what", ["deploy", "serverless"])
def test_planned_made_moved_and_deleted(aws: Aws, command: Command, push_image: Callable[..., str], what: str) -> None:
    planned = NO_S3.findall(command("plan", what, "--until=8h").out)
    push_image("1")
    aws.calls.clear()
    made = command(what, "--yes", "--until=8h")
    assert made.status == 0, made.err
    assert planned == aws.calls
    assert "the endpoint will be deleted at" in made.out
    assert "until it is deleted" not in made.out
    assert aws.calls.index("CreateSchedule") < aws.calls.index("CreateEndpoint"), "an interruption may come in between"
    scheduler = aws.client("scheduler")
    found = scheduler.get_schedule(Name=f"{NAME}-until", GroupName=f"{NAME}-until")
    at = datetime.strptime(found["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
    assert timedelta(hours=7, minutes=50) < at - datetime.now(UTC) < timedelta(hours=8)
    assert found["ActionAfterCompletion"] == "DELETE"
    assert found["Target"]["Arn"] == "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint"
    assert json.loads(found["Target"]["Input"]) == {"EndpointName": NAME}
    name = found["Target"]["RoleArn"].rpartition("/")[2]
    iam = aws.client("iam")
    (trusted,) = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "scheduler.amazonaws.com"}
    (allowed,) = iam.get_role_policy(RoleName=name, PolicyName="permissions")["PolicyDocument"]["Statement"]
    assert allowed["Action"] == ["sagemaker:DeleteEndpoint"]
    assert allowed["Resource"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{NAME}"
    assert f"until        {at:%Y-%m-%dT%H:%M:%S} UTC" in command("status").out
    assert command("update", "--yes", "--until=2d").status == 0
    moved = scheduler.get_schedule(Name=f"{NAME}-until", GroupName=f"{NAME}-until")["ScheduleExpression"]
    assert moved != found["ScheduleExpression"]
    assert command("delete", "--yes").status == 0
    assert aws.everything() == set()


def test_what_the_guard_has_left_is_deployed_on_and_deleted(
    aws: Aws, command: Command, push_image: Callable[..., str]
) -> None:
    push_image("1")
    assert command("deploy", "--yes", "--until=8h").status == 0
    aws.client("sagemaker").delete_endpoint(EndpointName=NAME)
    assert_paragraph(command("status"), "there is no endpoint")
    again = command("deploy", "--yes", "--until=8h")
    assert again.status == 0, again.err
    assert command("delete", "--yes").status == 0
    assert aws.everything() == set()


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("time", ["8", "14m", "soon", "0h", "-3h"])
def test_times_that_are_none(command: Command, time: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command("deploy", f"--until={time}")
    assert "such as 45m, 8h or 2d" in capsys.readouterr().err


def test_somebody_elses_schedule_is_left_alone(aws: Aws, command: Command, push_image: Callable[..., str]) -> None:
    push_image("1")
    aws.client("scheduler").create_schedule_group(Name=f"{NAME}-until")
    assert_paragraph(command("deploy", "--yes", "--until=8h"), f"the schedule group {NAME}-until exists", "somebody")
    assert f"left alone schedule {NAME}-until" in command("delete", "--yes").out
