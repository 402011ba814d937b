"""Each thing that goes wrong ends in one paragraph that says what to do, with exit status 1 and no traceback."""

import contextlib
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ConnectTimeoutError, ReadTimeoutError

from deploy import command_line
from deploy.errors import explain
from tests.conftest import DATA, ROOT, slow
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
def test_a_sign_in_that_has_expired(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As IAM Identity Center's do after some hours."""
    config = tmp_path / "config"
    config.write_text(
        "[profile work]\nregion = us-east-1\nsso_start_url = https://example.org/start\nsso_region = us-east-1\n"
        "sso_account_id = 123456789012\nsso_role_name = engineer\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name, value in {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "work", "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    assert_paragraph(command("status"), "the AWS credentials cannot be used", "aws sso login")


@pytest.mark.parametrize("error", [ReadTimeoutError(endpoint_url="x"), ConnectTimeoutError(endpoint_url="x")])
def test_a_network_that_loses_what_is_sent(error: BotoCoreError) -> None:
    assert explain(error).startswith("AWS cannot be reached (")


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
    assert_paragraph(
        command("deploy", "--yes"), f"ECR has no image {NAME}:serving-…", "then python -m deploy push", "--image URI"
    )


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
    # What runs already is described and changed without one.
    assert "no price of ml.m5.2xlarge is known here: --price" in command("status").out
    assert "cost         $0.50 to $2.00 an hour" in command("status", "--price=0.5").out
    changed = command("update", "--yes", "--env=SERVICE_WORKERS=1")
    assert "1 more × ml.m5.2xlarge, whose price is not known here" in changed.out, changed.err


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
@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("deploy", "what was made so far is there and costs: run the same command again"),
        ("status", "nothing was changed on AWS"),
        ("plan", "nothing was changed on AWS"),
    ],
)
def test_an_interruption_says_whether_it_may_cost(
    command: Command, monkeypatch: pytest.MonkeyPatch, what: str, words: str
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "_run", interrupt)
    ended = command(what)
    assert ended.status == 130
    assert words in ended.err


@pytest.mark.parametrize("said", [KeyboardInterrupt, EOFError, "n", "", "yes?"])
@pytest.mark.usefixtures("pushed")
def test_what_is_no_yes_is_a_no(aws: Aws, command: Command, monkeypatch: pytest.MonkeyPatch, said: Any) -> None:
    def answer(_: str) -> str:
        if isinstance(said, str):
            return said
        raise said

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", answer)
    ended = command("deploy")
    assert (ended.status, ended.err) == (1, "error: nothing was done\n")
    assert not {"CreateRole", "CreateModel", "CreateEndpoint"} & set(aws.calls)


@pytest.mark.parametrize("key", [b"\n", *slow(b"\x03", b"\x04", b"n\n")], ids=["Enter", "Ctrl-C", "Ctrl-D", "n"])
@pytest.mark.usefixtures("pushed")
def test_whatever_is_no_yes_does_nothing(aws: Aws, key: bytes) -> None:
    """On a terminal of its own: the question is asked there alone."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "deploy", "deploy"])  # noqa: S606
    said, answered = b"", False
    with contextlib.suppress(OSError):  # as Linux says that the other side is closed
        while True:
            if select.select([terminal], [], [], 1)[0]:
                said += os.read(terminal, 4096)
            elif b"Go on? [y/N]" in said and not answered:  # it waits now: a Ctrl-C that comes before would be lost
                os.write(terminal, key)
                answered = True
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 1
    assert said.splitlines()[-1] == b"error: nothing was done"
    assert not {"CreateRole", "CreateModel", "CreateEndpoint"} & set(aws.calls)


@pytest.mark.usefixtures("aws")
def test_a_reader_that_stops_reading(tmp_path: Path) -> None:
    """As with `python -m deploy plan | head -1`."""
    program = f"{sys.executable} -m deploy plan 2>{tmp_path}/said | head -1"
    assert "DescribeEndpoint" in subprocess.check_output(program, cwd=ROOT, shell=True, text=True)  # noqa: S602
    said = (tmp_path / "said").read_text()
    assert said.count("\n") == 1
    assert said.startswith("nobody reads what this command prints, so it ended; nothing was changed on AWS")


@pytest.mark.usefixtures("aws")
def test_advice_names_the_deployment_that_was_named(command: Command) -> None:
    named = ("--name=shoes", "--region=eu-west-1")
    assert_paragraph(command("status", *named), "python -m deploy deploy --name shoes --region eu-west-1")
    assert_paragraph(
        command("deploy", "--yes", *named),
        "python -m deploy build --target serving --name shoes --region eu-west-1, then python -m deploy push",
    )


def test_every_advice_is_written_by_the_account() -> None:
    """A command that is typed out in a message would mean another deployment than the one spoken of."""
    bare = re.compile(
        r"^(?!.*(?:\"\"\"|``|Description|\"description)).*\"[^\"]*python -m deploy (?!build does|would|plan\{given)\w+"
    )
    found = [
        f"{path.name}: {line.strip()}"
        for path in (ROOT / "deploy").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if bare.match(line)
    ]
    assert found == []


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
