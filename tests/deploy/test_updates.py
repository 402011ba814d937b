"""How an update moves the traffic, what moves it back, and the way back by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.deploy.aws import ACCOUNT, REGION, Aws
from tests.deploy.conftest import NAME, Command
from tests.deploy.test_deployment import served
from tests.deploy.test_failures import assert_paragraph

PushImage = Callable[..., str]
ALARMS = {f"{NAME}-server-errors", f"{NAME}-latency"}


@pytest.fixture
def deployed(command: Command, push_image: PushImage) -> None:
    push_image("1")
    assert command("deploy", "--yes").status == 0
    push_image("2")


def course(aws: Aws) -> dict[str, Any]:
    found: dict[str, Any] = aws.asked["UpdateEndpoint"]["DeploymentConfig"]
    return found


def watched(aws: Aws) -> set[str]:
    return {alarm["AlarmName"] for alarm in course(aws).get("AutoRollbackConfiguration", {}).get("Alarms", [])}


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    ("options", "routing"),
    [
        ((), {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 300}),
        (
            ("--traffic=canary:10%", "--bake=10"),
            {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 600,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
            },
        ),
        (
            ("--traffic=linear:20%",),
            {
                "Type": "LINEAR",
                "WaitIntervalInSeconds": 300,
                "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 20},
            },
        ),
    ],
    ids=["all", "canary", "linear"],
)
def test_the_traffic_moves_as_asked(
    aws: Aws, command: Command, options: tuple[str, ...], routing: dict[str, Any]
) -> None:
    ended = command("update", "--yes", *options)
    assert ended.status == 0, ended.err
    assert "1 more × ml.m5.xlarge, $0.23 an hour" in ended.out
    assert course(aws)["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"] == routing
    assert watched(aws) == ALARMS
    assert aws.asked["UpdateEndpoint"]["RetainAllVariantProperties"] is True


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("how", ["canary", "canary:60%", "linear:5%", "blue", "canary:0%"])
def test_traffic_that_aws_would_not_move(command: Command, how: str) -> None:
    with pytest.raises(SystemExit):
        command("update", f"--traffic={how}")


@pytest.mark.usefixtures("deployed")
def test_an_alarm_of_the_old_fleet_does_not_roll_back_a_hotfix(aws: Aws, command: Command) -> None:
    aws.client("cloudwatch").set_alarm_state(
        AlarmName=f"{NAME}-server-errors", StateValue="ALARM", StateReason="the old fleet fails"
    )
    ended = command("update", "--yes")
    assert ended.status == 0, ended.err
    assert f"{NAME}-server-errors is raised already" in ended.out
    assert watched(aws) == {f"{NAME}-latency"}


@pytest.mark.usefixtures("deployed")
def test_no_rollback(aws: Aws, command: Command) -> None:
    assert command("update", "--yes", "--no-rollback").status == 0
    assert watched(aws) == set()


@pytest.mark.usefixtures("deployed")
def test_rollback_serves_the_version_before(aws: Aws, command: Command) -> None:
    before = served(aws)["PrimaryContainer"]["Image"]
    refused = command("rollback", "--yes")
    assert_paragraph(refused, "no version before it is kept", "python -m deploy update")
    assert "will serve" not in refused.out, "nothing is asked that cannot be done"
    assert command("update", "--yes").status == 0
    after = served(aws)["PrimaryContainer"]["Image"]
    assert after != before
    ended = command("rollback", "--yes")
    assert ended.status == 0, ended.err
    assert served(aws)["PrimaryContainer"]["Image"] == before
    again = command("rollback", "--yes")
    assert (again.status, "nothing is to be done" in again.out) == (0, True)
    assert "will serve" not in again.out
    assert command("update", "--yes").status == 0
    assert served(aws)["PrimaryContainer"]["Image"] == after
    assert len(aws.client("sagemaker").list_models()["Models"]) == 2


@pytest.mark.usefixtures("deployed")
def test_after_a_rollback_the_version_before_that_is_gone_and_missed_by_nobody(
    aws: Aws, command: Command, push_image: PushImage
) -> None:
    assert command("update", "--yes").status == 0
    second = served(aws)["PrimaryContainer"]["Image"]
    push_image("3")
    assert command("update", "--yes").status == 0
    assert command("rollback", "--yes").status == 0
    again = command("update", "--yes", f"--image={second}")
    assert (again.status, "exactly this already" in again.out) == (0, True), again.err
    assert command("update", "--yes").status == 0
    assert len(aws.client("sagemaker").list_models()["Models"]) == 2


@pytest.mark.parametrize("what", ["deploy", "serverless"])
def test_alarms_tell_somebody(aws: Aws, command: Command, push_image: PushImage, what: str) -> None:
    push_image("1")
    ended = command(what, "--yes", "--notify=somebody@example.org")
    assert ended.status == 0, ended.err
    assert "AWS writes to somebody@example.org: alarms arrive once the link in that mail was opened" in ended.out
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}-alarms"
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in alarms} == ALARMS
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == [topic] for alarm in alarms)
    (subscription,) = aws.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "somebody@example.org")
    push_image("2")
    assert command("update", "--yes").status == 0
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert all(alarm["AlarmActions"] == [topic] for alarm in alarms), "an update keeps who is told"
    assert command("delete", "--yes").status == 0
    assert aws.everything() == set()
