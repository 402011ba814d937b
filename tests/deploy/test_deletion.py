"""Delete takes what the deployment made, and nothing else."""

from collections.abc import Callable

import pytest

from tests.deploy.aws import ACCOUNT, REGION, Aws
from tests.deploy.conftest import NAME, Command
from tests.deploy.test_deployment import BOOT

PushImage = Callable[..., str]


@pytest.mark.usefixtures("runtime")
def test_delete_takes_everything_it_made_and_nothing_else(aws: Aws, push_image: PushImage, command: Command) -> None:
    """Somebody else's things, some of them called almost or exactly like ours."""
    aws.client("s3").create_bucket(Bucket=f"{NAME}-of-somebody-else")
    aws.client("iam").create_role(RoleName=f"{NAME}-other", AssumeRolePolicyDocument="{}")
    container = {"Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/x:1"}
    foreign_role = f"arn:aws:iam::{ACCOUNT}:role/other"
    aws.client("sagemaker").create_model(
        ModelName=f"{NAME}-20200101-000000", PrimaryContainer=container, ExecutionRoleArn=foreign_role
    )
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="other", MetricName="m", Namespace="n", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    before = aws.everything()
    push_image("1")
    assert command("deploy", "--yes").status == 0
    assert command("invoke", str(BOOT)).status == 0
    push_image("2")
    assert command("update", "--yes").status == 0
    made = aws.everything() - before
    assert {name.split()[0] for name in made} == {
        "list_endpoints", "list_endpoint_configs", "list_models", "list_buckets", "list_roles",
        "describe_repositories", "describe_alarms", "describe_log_groups", "scaling",
    }  # fmt: skip
    ended = command("delete", "--yes")
    assert ended.status == 0, ended.err
    assert aws.everything() == before
    assert f"left alone Model {NAME}-20200101-000000: its owner tag is not this deployment's" in ended.out
    assert "there is nothing of" in command("delete", "--yes", "--name=never-made").out


def test_delete_spares_what_has_our_names_and_another_owner(aws: Aws, command: Command) -> None:
    aws.client("s3").create_bucket(Bucket=f"{NAME}-{ACCOUNT}-{REGION}")
    aws.client("iam").create_role(RoleName=f"{NAME}-{REGION}", AssumeRolePolicyDocument="{}")
    aws.client("ecr").create_repository(repositoryName=NAME, tags=[{"Key": "owner", "Value": "the team next door"}])
    aws.client("logs").create_log_group(logGroupName=f"/aws/sagemaker/Endpoints/{NAME}")
    before = aws.everything()
    ended = command("delete", "--yes")
    assert ended.status == 0, ended.err
    assert aws.everything() == before
    assert ended.out.count("left alone") == 4
