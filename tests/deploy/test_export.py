"""A deployment as code makes what the command makes: the template is linted, made by moto's CloudFormation, compared.

moto's CloudFormation knows no autoscaling and no alarms, and gives endpoints names of its own; these are compared with
the plan alone. ``terraform validate`` needs the provider, which is not here: the arguments are compared with the
provider's schema (``terraform_schema.py``).
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import slow
from tests.deploy.aws import ACCOUNT, REGION, Aws
from tests.deploy.conftest import NAME, RELEASED, Command
from tests.deploy.test_failures import assert_paragraph
from tests.deploy.test_isolation import KEY

EVERYTHING = (
    "--until=8h", "--capture=10", "--notify=me@example.org", f"--kms-key={KEY}", "--env=SERVICE_MAX_BATCH=64",
    "--subnets=subnet-01234567", "--security-groups=sg-01234567", "--tag=team=shoes",
)  # fmt: skip
SHAPES = {
    "deploy": ("deploy",),
    "everything": ("deploy", *EVERYTHING),
    "multi-model": ("deploy", "--multi-model"),
    "async": ("async", f"--kms-key={KEY}"),
    "serverless": ("serverless", "--notify=arn:aws:sns:us-east-1:123456789012:ours"),
}

# What the provider's documentation calls the things that calls make.
MADE = {
    "CreateBucket": ("AWS::S3::Bucket", "aws_s3_bucket"),
    "CreateRole": ("AWS::IAM::Role", "aws_iam_role"),
    "CreateLogGroup": ("AWS::Logs::LogGroup", "aws_cloudwatch_log_group"),
    "CreateModel": ("AWS::SageMaker::Model", "aws_sagemaker_model"),
    "CreateEndpointConfig": ("AWS::SageMaker::EndpointConfig", "aws_sagemaker_endpoint_configuration"),
    "CreateEndpoint": ("AWS::SageMaker::Endpoint", "aws_sagemaker_endpoint"),
    "RegisterScalableTarget": ("AWS::ApplicationAutoScaling::ScalableTarget", "aws_appautoscaling_target"),
    "PutScalingPolicy": ("AWS::ApplicationAutoScaling::ScalingPolicy", "aws_appautoscaling_policy"),
    "PutMetricAlarm": ("AWS::CloudWatch::Alarm", "aws_cloudwatch_metric_alarm"),
    "CreateTopic": ("AWS::SNS::Topic", "aws_sns_topic"),
    "CreateScheduleGroup": ("AWS::Scheduler::ScheduleGroup", "aws_scheduler_schedule_group"),
    "CreateSchedule": ("AWS::Scheduler::Schedule", "aws_scheduler_schedule"),
}


@pytest.fixture(params=["deploy", "everything", *slow("multi-model", "async", "serverless")])
def shape(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return SHAPES[request.param]


@pytest.fixture
def export(aws: Aws, command: Command, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Export a command; gives what was written."""

    def run(form: str, shape: tuple[str, ...]) -> dict[str, Any]:
        ended = command("export", f"--format={form}", f"--to={tmp_path}", *shape)
        assert ended.status == 0, ended.err
        assert aws.calls == []
        name = {"cloudformation": "template.json", "terraform": "main.tf.json"}[form]
        content: dict[str, Any] = json.loads((tmp_path / name).read_text())
        return content

    return run


def planned(command: Command, shape: tuple[str, ...]) -> list[str]:
    """List what a plan makes, as CloudFormation and Terraform call it."""
    out = command("plan", *shape).out
    found = re.findall(r"^[A-Z][\w ]+\.(\w+)\(", out, re.MULTILINE)
    return sorted(call for call in found if call in MADE)


def test_the_template_has_what_the_plan_makes_and_cfn_lint_finds_nothing(
    command: Command, export: Callable[..., dict[str, Any]], shape: tuple[str, ...], tmp_path: Path
) -> None:
    template = export("cloudformation", shape)
    kinds = sorted(resource["Type"] for resource in template["Resources"].values())
    assert kinds == sorted(MADE[call][0] for call in planned(command, shape))
    linter = Path(sys.executable).with_name("cfn-lint")
    linted = [str(linter), "--include-checks", "I", "--", str(tmp_path / "template.json")]
    ended = subprocess.run(linted, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout
    assert "000000000000" not in json.dumps(template), "the plan's account has become the stack's own"


def test_the_configuration_has_what_the_plan_makes_and_fits_the_provider(
    command: Command, export: Callable[..., dict[str, Any]], shape: tuple[str, ...]
) -> None:
    resources = export("terraform", shape)["resource"]
    ours = {kind for _, kind in MADE.values()}
    kinds = sorted(kind for kind, named in resources.items() if kind in ours for _ in named)
    assert kinds == sorted(MADE[call][1] for call in planned(command, shape))
    schema = json.loads((Path(__file__).parent / "terraform_schema.json").read_text())["resources"]
    broken = [
        problem
        for kind, named in resources.items()
        for name, arguments in named.items()
        for problem in misfits(schema[kind], arguments, f"{kind}.{name}")
    ]
    assert broken == []


def misfits(block: dict[str, Any], given: Any, where: str) -> list[str]:
    """Name the arguments that a block of the provider's does not know, or misses."""
    if isinstance(given, list):
        return [problem for one in given for problem in misfits(block, one, where)]
    unknown = [f"{where}: no argument {name}" for name in given if name not in block and name not in _ANYWHERE]
    missing = [f"{where}: misses {name}" for name, one in block.items() if one["required"] and name not in given]
    nested = [
        problem
        for name, value in given.items()
        if (inner := block.get(name, {}).get("block"))
        for problem in misfits(inner, value, f"{where}.{name}")
    ]
    return unknown + missing + nested


_ANYWHERE = {"depends_on", "lifecycle"}
"""What every resource may have."""


def test_every_reference_of_the_configuration_leads_somewhere(
    export: Callable[..., dict[str, Any]], shape: tuple[str, ...]
) -> None:
    configuration = export("terraform", shape)
    text = json.dumps(configuration)
    there = {f"{kind}.{name}" for kind, named in configuration["resource"].items() for name in named}
    there |= {f"data.{kind}.current" for kind in configuration["data"]} | {"var.image", "path.module"}
    for expression in re.findall(r"\$\{([\w.]+)\}", text):
        assert any(expression == one or expression.startswith(f"{one}.") for one in there), expression
    for named in configuration["resource"].values():
        for arguments in named.values():
            assert set(arguments.get("depends_on", [])) <= there


def test_the_template_names_machine_endpoint_and_account(export: Callable[..., dict[str, Any]]) -> None:
    resources = export("cloudformation", ("deploy",))["Resources"]
    (variant,) = resources["EndpointConfig"]["Properties"]["ProductionVariants"]
    assert (variant["VariantName"], variant["InstanceType"], variant["InitialInstanceCount"]) == (
        "AllTraffic",
        "ml.m5.xlarge",
        1,
    )
    assert resources["Endpoint"]["Properties"]["EndpointName"] == NAME
    trusted = resources["ContainersRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Fn::Sub": "${AWS::AccountId}"}}}


@pytest.mark.slow
def test_a_stack_makes_what_the_command_makes(
    aws: Aws, command: Command, export: Callable[..., dict[str, Any]], push_image: Callable[..., str]
) -> None:
    template = export("cloudformation", ("deploy", "--notify=me@example.org"))
    push_image("1")
    before = aws.everything()
    assert command("deploy", "--yes", "--notify=me@example.org").status == 0
    by_hand = aws.everything() - before
    sagemaker = aws.client("sagemaker")
    config = aws.endpoint_config(NAME)
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    assert command("delete", "--yes").status == 0
    skipped = ("AWS::ApplicationAutoScaling::", "AWS::CloudWatch::Alarm")
    template["Resources"] = {
        name: resource for name, resource in template["Resources"].items() if not resource["Type"].startswith(skipped)
    }
    aws.client("cloudformation").create_stack(
        StackName="mine",
        TemplateBody=json.dumps(template),
        Parameters=[
            {"ParameterKey": "Image", "ParameterValue": model["PrimaryContainer"]["Image"]},
            {"ParameterKey": "BundleBucket", "ParameterValue": "bundles"},
        ],
    )
    version = re.compile(r"(list_models|list_endpoint_configs|list_endpoints) .*")
    comparable = [
        {version.sub(r"\1", name) for name in names if not name.startswith(("scaling", "describe_alarms"))}
        for names in (by_hand - {f"describe_repositories {NAME}"}, aws.everything())
    ]
    assert comparable[0] == comparable[1]
    assert template["Resources"]["Endpoint"]["Properties"]["EndpointName"] == NAME
    (endpoint,) = sagemaker.list_endpoints()["Endpoints"]
    stacked = aws.endpoint_config(endpoint["EndpointName"])
    for key in ("VariantName", "InstanceType", "InitialInstanceCount"):
        assert stacked["ProductionVariants"][0][key] == config["ProductionVariants"][0][key]
    role = aws.client("iam").get_role(RoleName=f"{NAME}-{REGION}")["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"] == {
        "aws:SourceAccount": ACCOUNT
    }


def test_the_bundle_is_written_beside_it(export: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    export("terraform", ("deploy", RELEASED))
    assert (tmp_path / "model.tar.gz").stat().st_size > 100_000
    export("cloudformation", ("deploy", "--multi-model", RELEASED))
    assert (tmp_path / "cnn_b.tar.gz").is_file()


@pytest.mark.usefixtures("aws")
def test_what_cannot_be_exported_is_refused(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command("export", "--format=terraform", "update")
    assert "one of deploy, async, serverless" in capsys.readouterr().err
    (tmp_path / "file").touch()
    ended = command("export", "--format=terraform", f"--to={tmp_path / 'file'}", "deploy")
    assert_paragraph(ended, "cannot be written to", "--to DIR")
    assert_paragraph(command("export", "--format=terraform", "--name=a_b", "deploy"), "--name 'a_b'")
