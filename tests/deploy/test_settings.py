"""The service's settings and the user's tags reach what is made; values are shown nowhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.aws import Aws
from tests.deploy.conftest import NAME, Command
from tests.deploy.test_deployment import served
from tests.deploy.test_failures import assert_paragraph

PushImage = Callable[..., str]


def tags_of(aws: Aws, arn: str) -> dict[str, str]:
    found = aws.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def environment(aws: Aws) -> dict[str, Any]:
    found: dict[str, Any] = served(aws)["PrimaryContainer"].get("Environment", {})
    return found


@pytest.mark.parametrize("what", ["deploy", "serverless"])
def test_settings_and_tags_reach_the_endpoint_and_an_update_keeps_them(
    aws: Aws, command: Command, push_image: PushImage, what: str, tmp_path: Path
) -> None:
    push_image("1")
    (tmp_path / "settings").write_text("# of the team\n\nSERVICE_MAX_BATCH=64\nSERVICE_WORKERS=1\n")
    given = ("--env", "SERVICE_WORKERS=2", f"--env-file={tmp_path / 'settings'}", "--tag", "team=shoes")
    ended = command(what, "--yes", *given)
    assert ended.status == 0, ended.err
    assert environment(aws) == {"SERVICE_MAX_BATCH": "64", "SERVICE_WORKERS": "2"}
    sagemaker = aws.client("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName=NAME)
    for arn in (endpoint["EndpointArn"], served(aws)["ModelArn"]):
        assert tags_of(aws, arn)["team"] == "shoes"
    push_image("2")
    assert command("update", "--yes", "--env=SERVICE_WORKERS=4").status == 0
    assert environment(aws) == {"SERVICE_MAX_BATCH": "64", "SERVICE_WORKERS": "4"}
    assert tags_of(aws, served(aws)["ModelArn"])["team"] == "shoes"
    assert command("update", "--yes", "--unset-env=SERVICE_MAX_BATCH", "--tag=team=hats").status == 0
    assert tags_of(aws, endpoint["EndpointArn"])["team"] == "hats"
    assert environment(aws) == {"SERVICE_WORKERS": "4"}
    assert_paragraph(command("update", "--yes", "--unset-env=NONE"), "no such variable; it has SERVICE_WORKERS")


def test_plan_shows_the_names_of_settings_and_not_their_values(aws: Aws, command: Command) -> None:
    ended = command("plan", "deploy", "--env=SERVICE_OTLP_ENDPOINT=secret-place")
    assert ended.status == 0, ended.err
    assert "'SERVICE_OTLP_ENDPOINT': '…'" in ended.out
    assert "secret-place" not in ended.out
    assert aws.calls == []


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("what", ["deploy", "update", "serverless"])
def test_a_key_that_no_header_could_carry_is_refused(command: Command, what: str) -> None:
    said = ("SERVICE_API_KEY", "forwards no header", "401", "sagemaker:InvokeEndpoint")
    assert_paragraph(command(what, "--yes", "--env=SERVICE_API_KEY=x"), *said)


@pytest.mark.usefixtures("aws")
def test_what_is_no_setting_is_refused(command: Command, tmp_path: Path) -> None:
    assert_paragraph(command("deploy", "--env=1A=x"), "the variable '1A'", "[a-zA-Z_]")
    assert_paragraph(command("deploy", "--env=A=" + "x" * 1025), "the value of A", "from 0 to 1024", "not 1025")
    assert_paragraph(command("deploy", f"--env-file={tmp_path / 'none'}"), "cannot be read", "No such file")
    (tmp_path / "settings").write_text("A=1\nB\n")
    assert_paragraph(command("deploy", f"--env-file={tmp_path / 'settings'}"), "line 2: expected KEY=VALUE, found 'B'")


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("tag", ["owner=me", "aws:x=1", "nothing"])
def test_tags_that_are_taken_or_none(command: Command, tag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command("deploy", f"--tag={tag}")
    assert ended.value.code == 2
    assert "argument --tag" in capsys.readouterr().err
