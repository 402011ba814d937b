"""Each thing that goes wrong ends in one paragraph that says what to do, with exit status 1 and no traceback."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import command_line
from tests.conftest import DATA, ROOT
from tests.deploy.aws import Aws
from tests.deploy.conftest import NAME, Command, Ended

BOOT = str(DATA / "ankle-boot.png")
DENIED = "User: arn:aws:iam::123456789012:user/me is not authorized to perform"


def assert_paragraph(ended: Ended, *words: str) -> None:
    assert ended.status == 1
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert "Traceback" not in ended.err
    for word in words:
        assert word in ended.err, ended.err


@pytest.fixture
def pushed(push_image: Callable[[str], str]) -> None:
    push_image("1")


@pytest.mark.usefixtures("aws")
def test_no_credentials(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert_paragraph(command("deploy", "--yes"), "no AWS credentials were found", "aws sso login", "AWS_PROFILE")


@pytest.mark.usefixtures("aws")
def test_no_region(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert_paragraph(command("status"), "no AWS region is chosen", "--region us-east-1")


@pytest.mark.usefixtures("aws")
def test_no_network(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert_paragraph(command("status"), "AWS cannot be reached", "check the network")


@pytest.mark.parametrize(
    ("operation", "code", "message", "words"),
    [
        (
            "CreateRole",
            "AccessDenied",
            f"{DENIED}: iam:CreateRole",
            ("may not create one", "--role ARN", "plan --policy"),
        ),
        (
            "CreateEndpoint",
            "ResourceLimitExceeded",
            "The account-level service limit 'ml.m5.xlarge for endpoint usage' is 0 Instances.",
            ("ml.m5.xlarge for endpoint usage", "Service Quotas", "--instance-type"),
        ),
        (
            "CreateModel",
            "AccessDeniedException",
            f"{DENIED}: sagemaker:CreateModel",
            ("may not call CreateModel", "ask whoever manages the account", "AWS_PROFILE"),
        ),
        ("GetCallerIdentity", "ExpiredToken", "The token has expired", ("ExpiredToken", "aws sso login")),
        ("PutScalingPolicy", "ValidationException", "No.", ("AWS refused PutScalingPolicy", "ValidationException")),
    ],
)
@pytest.mark.usefixtures("pushed")
def test_what_aws_refuses(
    aws: Aws, command: Command, operation: str, code: str, message: str, words: tuple[str, ...]
) -> None:
    aws.refused = {operation: (code, message)}
    assert_paragraph(command("deploy", "--yes"), *words)
    assert operation in aws.calls


@pytest.mark.usefixtures("pushed")
def test_a_failed_endpoint_gives_its_reason_and_log_group(aws: Aws, command: Command) -> None:
    reason = "The primary container for production variant AllTraffic did not pass the ping health check."
    aws.statuses = [*3 * [("Creating", None)], ("Failed", reason), ("Failed", reason), ("Failed", reason)]
    ended = command("deploy", "--yes")
    assert_paragraph(ended, "is Failed", reason, f"aws logs tail /aws/sagemaker/Endpoints/{NAME}")
    assert "Creating" in ended.out
    assert reason in command("status").out
    aws.statuses = list[tuple[str, str | None]]([("Failed", reason)] * 9)
    for what in ("deploy", "update", "rollback"):  # AWS updates no failed endpoint
        assert_paragraph(command(what, "--yes"), "is Failed", reason, "python -m deploy delete, then python -m deploy")
    aws.statuses = []
    assert command("delete", "--yes").status == 0, "what a failed deployment left is deleted as well"
    assert aws.everything() == set()


@pytest.mark.usefixtures("aws")
def test_nothing_was_pushed(command: Command) -> None:
    assert_paragraph(command("deploy", "--yes"), f"ECR has no image {NAME}:serving-…", "then push", "--image URI")


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("what", [("status",), ("update", "--yes"), ("rollback", "--yes"), ("invoke", BOOT)])
def test_there_is_no_endpoint(command: Command, what: tuple[str, ...]) -> None:
    assert_paragraph(command(*what), f"there is no endpoint {NAME} in us-east-1", "python -m deploy deploy")


@pytest.mark.usefixtures("pushed")
def test_there_is_an_endpoint_already(command: Command) -> None:
    assert command("serverless", "--yes").status == 0
    assert_paragraph(command("deploy", "--yes"), "already", "python -m deploy update")


@pytest.mark.usefixtures("pushed")
def test_somebody_elses_endpoint_is_neither_used_nor_deleted(aws: Aws, command: Command) -> None:
    assert command("serverless", "--yes").status == 0
    arn = aws.client("sagemaker").describe_endpoint(EndpointName=NAME)["EndpointArn"]
    aws.client("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "the team next door"}])
    before = aws.everything()
    for what in (("delete", "--yes"), ("update", "--yes"), ("invoke", BOOT)):
        assert_paragraph(command(*what), f"the endpoint {NAME} exists", "somebody else's", "--name NAME")
    assert aws.everything() == before


@pytest.mark.usefixtures("pushed")
def test_a_price_that_is_not_known_is_asked_for(command: Command) -> None:
    kind = ("deploy", "--yes", "--instance-type=ml.m5.2xlarge")
    assert_paragraph(command(*kind), "no price of ml.m5.2xlarge is known", "--price")
    assert "$0.50 to $2.00 an hour" in command(*kind, "--price=0.5").out


@pytest.mark.usefixtures("pushed")
def test_no_bundle(command: Command, tmp_path: Path) -> None:
    assert_paragraph(command("deploy", "--yes", f"--models={tmp_path}"), "holds no bundle.json", "--models DIR")


def test_a_whole_process_ends_without_a_traceback(aws: Aws) -> None:
    """The one test that starts the command as people do; the SDK's telemetry is off."""
    program = [sys.executable, "-m", "deploy", "status"]
    ended = subprocess.run(program, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True)
    assert_paragraph(Ended(ended.returncode, ended.stdout, ended.stderr), "there is no endpoint")
    assert aws.calls == ["DescribeEndpoint"]
    code = "import os, deploy.command_line; print(open(os.environ['SAGEMAKER_ADMIN_CONFIG_OVERRIDE']).read())"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "TelemetryOptOut: true" in found.stdout


@pytest.mark.usefixtures("aws")
def test_an_interruption_says_that_it_may_cost(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "_run", interrupt)
    ended = command("status")
    assert ended.status == 130
    assert "what was made so far is there and costs" in ended.err


def test_help_does_not_wait_for_the_sdk() -> None:
    code = "import sys; sys.argv[1:] = ['--help']\ntry: runpy.run_path('deploy', run_name='__main__')\n"
    code = f"import runpy; {code}except SystemExit: pass\nassert not {{'boto3', 'sagemaker'}} & sys.modules.keys()"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    for name in ("build", "push", "deploy", "update", "serverless", "invoke", "transform", "train", "delete", "plan"):
        assert re.search(rf"^    {name}\b", ended.stdout, re.MULTILINE)


def test_the_service_needs_no_sdk() -> None:
    code = "import sys, service.app; assert not {'boto3', 'botocore', 'sagemaker'} & sys.modules.keys()"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
