"""The user's own network and key reach what is made, and what the role may do with them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.aws import ACCOUNT, REGION, Aws
from tests.deploy.conftest import BUCKET, NAME, Command
from tests.deploy.test_deployment import served
from tests.deploy.test_failures import assert_paragraph
from tests.deploy.test_transform import only_job

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
NETWORK = ("--subnets=subnet-1a,subnet-1b", "--security-groups=sg-1")


def allowed_to(aws: Aws) -> dict[str, Any]:
    """Look up what the containers' role may do, and with what."""
    iam, role = aws.client("iam"), f"{NAME}-{REGION}"
    policies = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    statements = [one for policy in policies for one in policy["Statement"]]
    return {action: one["Resource"] for one in statements for action in one["Action"]}


@pytest.mark.parametrize("what", ["deploy", "async"])
def test_an_endpoint_in_a_network_with_a_key(
    aws: Aws, command: Command, push_image: Callable[..., str], what: str, tmp_path: Path
) -> None:
    push_image("1")
    capture = ("--capture=10",) if what == "deploy" else ()
    made = command(what, "--yes", f"--kms-key={KEY}", *NETWORK, *capture)
    assert made.status == 0, made.err
    push_image("2")
    assert command("update", "--yes").status == 0, "an update keeps both"
    assert served(aws)["VpcConfig"] == {"Subnets": ["subnet-1a", "subnet-1b"], "SecurityGroupIds": ["sg-1"]}
    config = aws.endpoint_config(NAME)
    assert config["KmsKeyId"] == KEY
    if what == "deploy":
        assert config["DataCaptureConfig"]["KmsKeyId"] == KEY
    else:
        assert config["AsyncInferenceConfig"]["OutputConfig"]["KmsKeyId"] == KEY
    (rule,) = aws.client("s3").get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    by = rule["ApplyServerSideEncryptionByDefault"]
    assert (by["SSEAlgorithm"], by["KMSMasterKeyID"]) == ("aws:kms", KEY)
    allowed = allowed_to(aws)
    assert allowed["kms:Decrypt"] == KEY
    assert "ec2:CreateNetworkInterface" in allowed
    (tmp_path / "in.csv").write_text("0" + ",0" * 783 + "\n")
    assert command("transform", str(tmp_path / "in.csv"), "--yes", f"--output={tmp_path}").status == 0
    assert allowed_to(aws) == allowed, "a job without them takes nothing away"
    assert command("delete", "--yes").status == 0
    assert aws.everything() == set()


def test_a_transform_job_in_a_network_with_a_key(
    aws: Aws, command: Command, push_image: Callable[..., str], tmp_path: Path
) -> None:
    push_image("1")
    (tmp_path / "in.csv").write_text("0" + ",0" * 783 + "\n")
    ended = command(
        "transform", str(tmp_path / "in.csv"), "--yes", f"--output={tmp_path}", f"--kms-key={KEY}", *NETWORK
    )
    assert ended.status == 0, ended.err
    assert only_job(aws)["TransformResources"]["VolumeKmsKeyId"] == KEY
    assert aws.asked["CreateModel"]["VpcConfig"]["SecurityGroupIds"] == ["sg-1"]


@pytest.mark.usefixtures("aws")
def test_the_policy_says_what_they_ask_for(command: Command) -> None:
    shown = json.loads(command("plan", "--policy", "deploy", f"--kms-key={KEY}", *NETWORK).out)
    assert list(shown) == ["trust", "permissions", "network", f"key-{KEY.rpartition('/')[2]}"]
    assert list(json.loads(command("plan", "--policy").out)) == ["trust", "permissions"]


@pytest.mark.usefixtures("aws")
def test_half_a_network_or_no_key_is_refused(command: Command) -> None:
    assert_paragraph(command("deploy", "--subnets=subnet-1"), "--subnets and --security-groups go together")
    assert_paragraph(command("async", "--security-groups=sg-1"), "--subnets and --security-groups go together")
    assert_paragraph(command("deploy", "--kms-key=mine"), "--kms-key mine", "matches arn:aws")
    with pytest.raises(SystemExit):
        command("deploy", "--subnets=a,,b")
