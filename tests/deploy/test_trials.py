"""A new version beside the one that serves: it answers a part of the requests, or gets a copy of a part.

moto shares no requests out: what SageMaker is told is looked at.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.deploy.aws import Aws
from tests.deploy.conftest import NAME, Command
from tests.deploy.test_deployment import served
from tests.deploy.test_failures import assert_paragraph
from tests.deploy.test_plan import NO_S3

Variants = dict[str, dict[str, Any]]


@pytest.fixture
def deployed(command: Command, push_image: Callable[..., str]) -> None:
    push_image("1")
    assert command("deploy", "--yes", "--instances=3").status == 0
    push_image("2")


def variants(aws: Aws) -> tuple[Variants, Variants]:
    """Look up who serves, and who is a shadow, by name."""
    config = aws.endpoint_config(NAME)
    kinds = (config["ProductionVariants"], config.get("ShadowProductionVariants", []))
    serving, shadows = ({variant["VariantName"]: variant for variant in kind} for kind in kinds)
    return serving, shadows


@pytest.mark.usefixtures("deployed")
def test_a_part_of_the_requests_then_all(aws: Aws, command: Command) -> None:
    before = served(aws)["ModelName"]
    tried = command("update", "--yes", "--weight=40%")
    assert tried.status == 0, tried.err
    assert "This costs money." in tried.out
    assert "2 more × ml.m5.xlarge, $0.46 an hour" in tried.out
    serving, shadows = variants(aws)
    assert shadows == {}
    assert serving["AllTraffic"]["ModelName"] == before
    shares = {
        name: (variant["InitialVariantWeight"], variant["InitialInstanceCount"]) for name, variant in serving.items()
    }
    assert shares == {"AllTraffic": (0.6, 3), "Candidate": (0.4, 2)}
    asked = aws.asked["UpdateEndpoint"]
    assert asked["ExcludeRetainedVariantProperties"] == [{"VariantPropertyType": "DesiredWeight"}]
    assert "DeploymentConfig" not in asked, "a canary needs the same variants before and after"
    assert f"{serving['Candidate']['ModelName']} answers 40 % of the requests, on 2 instances" in command("status").out
    again = command("update", "--yes", "--weight=40%")
    assert (again.status, "exactly this already" in again.out) == (0, True)
    for options in ((), ("--shadow=10%",), ("--weight=50%",)):
        refused = command("update", "--yes", *options)
        assert_paragraph(refused, "decide on it first", "promote", "rollback")
        assert "costs money" not in refused.out
    promoted = command("promote", "--yes")
    assert promoted.status == 0, promoted.err
    assert served(aws)["ModelName"] == serving["Candidate"]["ModelName"]
    twice = command("promote", "--yes")
    assert (twice.status, "nothing is to be done" in twice.out) == (0, True)
    assert command("rollback", "--yes").status == 0
    assert served(aws)["ModelName"] == before
    assert command("delete", "--yes").status == 0
    assert aws.everything() == set()


@pytest.mark.usefixtures("deployed")
def test_a_copy_of_the_requests_then_none(aws: Aws, command: Command) -> None:
    before = served(aws)["ModelName"]
    assert command("update", "--yes", "--shadow=100%").status == 0
    serving, shadows = variants(aws)
    assert list(serving) == ["AllTraffic"]
    assert serving["AllTraffic"]["ModelName"] == before
    assert (shadows["Candidate"]["InitialVariantWeight"], shadows["Candidate"]["InitialInstanceCount"]) == (1.0, 3)
    assert "gets a copy of 100 % of the requests" in command("status").out
    rolled_back = command("rollback", "--yes")
    assert rolled_back.status == 0, rolled_back.err
    serving, shadows = variants(aws)
    assert (list(serving), shadows) == (["AllTraffic"], {})
    assert command("delete", "--yes").status == 0
    assert aws.everything() == set()


def test_the_plan_of_a_promotion(aws: Aws, command: Command, push_image: Callable[..., str]) -> None:
    planned = NO_S3.findall(command("plan", "promote").out)
    push_image("1")
    assert command("deploy", "--yes").status == 0
    push_image("2")
    assert command("update", "--yes", "--weight=50%").status == 0
    aws.calls.clear()
    assert command("promote", "--yes").status == 0
    assert [call for call in planned if not call.startswith(("List", "Delete"))] == [
        call for call in aws.calls if not call.startswith(("List", "Delete"))
    ]


def test_serverless_endpoints_have_no_shares(aws: Aws, command: Command, push_image: Callable[..., str]) -> None:
    push_image("1")
    assert command("serverless", "--yes").status == 0
    before = aws.everything()
    assert_paragraph(command("update", "--yes", "--weight=10%"), "--weight and --shadow need", "serverless")
    assert aws.everything() == before


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("option", ["--weight=100%", "--weight=0", "--shadow=101", "--shadow=all"])
def test_shares_that_are_none(command: Command, option: str) -> None:
    with pytest.raises(SystemExit):
        command("update", option)
