"""Deploy, ask, update, delete: against moto, and our started server behind SageMaker's runtime."""

import json
import re
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.exceptions import ClientError

from service.models.bundle import Bundle
from tests.conftest import DATA, ROOT, unpack
from tests.deploy.aws import ACCOUNT, REGION, Aws
from tests.deploy.conftest import NAME, RELEASED, Command
from tests.deploy.runtime import MAX_BODY_BYTES, Runtime
from training.data.fashion_mnist import FashionMNIST
from training.experiments.registry import EXPERIMENTS
from training.experiments.runs import RunFolder

PushImage = Callable[..., str]
BOOT = DATA / "ankle-boot.png"


@pytest.fixture
def deployed(command: Command, push_image: PushImage) -> str:
    """An endpoint in service; gives its image's digest."""
    digest = push_image("1")
    ended = command("deploy", "--yes", "--max-instances=3", "--capacity=100", "--capture=25", RELEASED)
    assert ended.status == 0, ended.err
    return digest


def served(aws: Aws) -> dict[str, Any]:
    """Describe the model behind the endpoint; the one that serves, where another is tried."""
    sagemaker = aws.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=NAME)["EndpointConfigName"]
    variant, *_ = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    model: dict[str, Any] = sagemaker.describe_model(ModelName=variant["ModelName"])
    return model


def test_deploy_says_what_it_costs_and_how_far_it_is(aws: Aws, command: Command, push_image: PushImage) -> None:
    push_image("1")
    aws.statuses = [("Creating", None), ("Creating", None), ("Creating", None), ("InService", None)]
    ended = command("deploy", "--yes")
    assert ended.status == 0, ended.err
    assert "This costs money" in ended.out
    assert "1 to 4 × ml.m5.xlarge: $0.23 to $0.92 an hour" in ended.out
    assert ended.out.count("Creating") == 1, "each change is one line"
    assert "InService" in ended.out
    assert "python -m deploy delete" in ended.out


def test_what_deploy_makes(aws: Aws, deployed: str, tmp_path: Path) -> None:
    sagemaker = aws.client("sagemaker")
    model = served(aws)
    assert model["PrimaryContainer"]["Image"] == f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{NAME}@{deployed}"

    config = sagemaker.describe_endpoint_config(
        EndpointConfigName=sagemaker.describe_endpoint(EndpointName=NAME)["EndpointConfigName"]
    )
    (variant,) = config["ProductionVariants"]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.m5.xlarge", 1)
    assert variant["ContainerStartupHealthCheckTimeoutInSeconds"] == 300
    capture = config["DataCaptureConfig"]
    assert capture["EnableCapture"]
    assert capture["InitialSamplingPercentage"] == 25
    assert [option["CaptureMode"] for option in capture["CaptureOptions"]] == ["Input", "Output"]

    scaling = aws.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 3)
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    assert tracking["TargetValue"] == 3000  # 100 a second × 0.5 × 60
    metric = tracking["PredefinedMetricSpecification"]["PredefinedMetricType"]
    assert metric == "SageMakerVariantInvocationsPerInstance"
    found = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    alarms = {alarm["AlarmName"].removeprefix(f"{NAME}-"): alarm for alarm in found}
    assert alarms["latency"]["Threshold"] == 500_000
    assert alarms["server-errors"]["Threshold"] == 1  # per cent: one answer in thousands raises nothing
    metrics = {metric["Id"]: metric for metric in alarms["server-errors"]["Metrics"]}
    assert metrics["rate"]["Expression"] == "IF(requests >= 20, 100 * errors / requests, 0)"
    errors = metrics["errors"]["MetricStat"]["Metric"]
    assert errors["MetricName"] == "Invocation5XXErrors"
    dimensions = {"EndpointName": NAME, "VariantName": "AllTraffic"}
    for watched in (errors, alarms["latency"]):
        assert {dimension["Name"]: dimension["Value"] for dimension in watched["Dimensions"]} == dimensions
    assert aws.asked["CreateModel"]["EnableNetworkIsolation"] is True
    rules = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=f"{NAME}-{ACCOUNT}-{REGION}")["Rules"]
    assert {rule["Filter"]["Prefix"]: rule["Expiration"]["Days"] for rule in rules} == {
        "captured/": 30,
        "transform/": 7,
        "async/": 7,
    }

    bucket, _, key = model["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").partition("/")
    content = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        assert all(entry.isfile() for entry in archive), "SageMaker refuses links"
        unpack(archive, tmp_path)
    assert "cnn_a" in Bundle(tmp_path).manifest.models


@pytest.mark.usefixtures("deployed")
def test_the_role_allows_what_is_needed_and_no_more(aws: Aws) -> None:
    iam = aws.client("iam")
    role = iam.get_role(RoleName=f"{NAME}-{REGION}")["Role"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName="permissions")["PolicyDocument"]
    assert iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"] == []
    everywhere = {action for one in policy["Statement"] if one["Resource"] == "*" for action in one["Action"]}
    assert everywhere == {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"}
    assert not any("*" in action for one in policy["Statement"] for action in one["Action"])
    (written,) = [one["Resource"] for one in policy["Statement"] if "s3:PutObject" in one["Action"]]
    bucket = f"arn:aws:s3:::{NAME}-{ACCOUNT}-{REGION}"
    assert written == [f"{bucket}/{prefix}/*" for prefix in ("captured", "transform", "async", "ecl")]
    (logs,) = [one["Resource"] for one in policy["Statement"] if "logs:PutLogEvents" in one["Action"]]
    assert not any(resource.endswith("/aws/sagemaker/*") for resource in logs)
    assert served(aws)["ExecutionRoleArn"] == role["Arn"]


@pytest.mark.usefixtures("aws")
def test_the_policy_can_be_read_before_anything_is_made(aws: Aws, command: Command) -> None:
    ended = command("plan", "--policy")
    printed = json.loads(ended.out)
    assert aws.calls == []
    assert printed["trust"]["Statement"][0]["Condition"]
    assert len(printed["permissions"]["Statement"]) > 5


@pytest.mark.usefixtures("aws", "deployed")
def test_invoke(runtime: Runtime, command: Command) -> None:
    ended = command("invoke", str(BOOT))
    assert ended.status == 0, ended.err
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"deploy invoke tests/data/ankle-boot.png     # {ended.out}" in readme
    ended = command("invoke", str(BOOT), "--model", "cnn_b")
    assert re.fullmatch(r"Ankle boot \(9\d\.\d%, cnn_b\)\n", ended.out)
    assert runtime.forwarded[-1] == {
        "Content-Type": "image/png",
        "Accept": "application/json",
        "X-Amzn-SageMaker-Custom-Attributes": "verbose=true,tfs-model-name=cnn_b",
    }


@pytest.mark.usefixtures("aws", "deployed", "runtime")
def test_invoke_with_boto3() -> None:
    client = boto3.client("sagemaker-runtime")
    answer = client.invoke_endpoint(EndpointName=NAME, Body=BOOT.read_bytes(), ContentType="image/png")
    (probabilities,) = json.load(answer["Body"])["predictions"]
    assert int(np.argmax(probabilities)) == 9
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    with pytest.raises(ClientError) as refused:
        client.invoke_endpoint(EndpointName=NAME, Body=b"{", ContentType="application/json")
    error = refused.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("ModelError", 424)
    assert error["OriginalStatusCode"] == 400
    assert "JSON" in json.loads(error["OriginalMessage"])["detail"]
    with pytest.raises(ClientError, match="too large"):
        client.invoke_endpoint(EndpointName=NAME, Body=bytes(MAX_BODY_BYTES + 1), ContentType="text/csv")
    with pytest.raises(ClientError, match="Endpoint nothing of account"):
        client.invoke_endpoint(EndpointName="nothing", Body=b"", ContentType="text/csv")


@pytest.mark.usefixtures("aws", "deployed", "runtime")
def test_invoke_passes_on_what_the_container_says(command: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    ended = command("invoke", str(tmp_path / "broken.png"))
    assert ended.status == 1
    assert "the container answered 400" in ended.err
    assert "not a picture that can be read" in ended.err


@pytest.mark.usefixtures("deployed")
def test_update_replaces_image_and_bundle_and_keeps_the_version_before(
    aws: Aws, command: Command, push_image: PushImage
) -> None:
    before = served(aws)
    digest = push_image("2")
    ended = command("update", "--yes")
    assert ended.status == 0, ended.err
    after = served(aws)
    assert after["PrimaryContainer"]["Image"].endswith(digest)
    assert after["ExecutionRoleArn"] == before["ExecutionRoleArn"]
    sagemaker = aws.client("sagemaker")
    kept = {before["ModelName"], after["ModelName"]}
    assert {model["ModelName"] for model in sagemaker.list_models()["Models"]} == kept
    assert {found["EndpointConfigName"] for found in sagemaker.list_endpoint_configs()["EndpointConfigs"]} == kept
    config = sagemaker.describe_endpoint_config(EndpointConfigName=after["ModelName"])
    assert config["DataCaptureConfig"]["InitialSamplingPercentage"] == 25


def test_an_update_that_is_rolled_back_is_a_failure(
    aws: Aws, deployed: str, command: Command, push_image: PushImage
) -> None:
    push_image("2")
    aws.rolls_back = True
    ended = command("update", "--yes")
    assert ended.status == 1
    assert "rolled back, and the endpoint serves what it served before: CloudWatch alarm raised" in ended.err
    assert f"/aws/sagemaker/Endpoints/{NAME}" in ended.err
    assert served(aws)["PrimaryContainer"]["Image"].endswith(deployed)


@pytest.mark.usefixtures("aws")
def test_status(deployed: str, command: Command) -> None:
    ended = command("status", "--price", "1")
    assert ended.status == 0, ended.err
    for words in ("InService", deployed, "1 × ml.m5.xlarge, between 1 and 3", "$1.00 to $3.00 an hour", "your --price"):
        assert words in ended.out
    assert "at least $0.00, of 0.0 hours" in ended.out
    assert f"alarm        {NAME}-latency: INSUFFICIENT_DATA" in ended.out or f"{NAME}-latency: OK" in ended.out


@pytest.mark.usefixtures("runtime")
def test_serverless(aws: Aws, push_image: PushImage, command: Command) -> None:
    push_image("1")
    ended = command("serverless", "--yes", "--memory=3072", "--concurrency=7")
    assert ended.status == 0, ended.err
    assert "$0.000060 a second of answering" in ended.out
    sagemaker = aws.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=NAME)["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 3072, "MaxConcurrency": 7}
    assert "Ankle boot" in command("invoke", str(BOOT)).out
    assert "3072 MB, 7 requests at a time" in command("status").out
    assert len(aws.client("cloudwatch").describe_alarms()["MetricAlarms"]) == 2
    push_image("2")
    updated = command("update", "--yes")
    assert updated.status == 0, updated.err
    config = sagemaker.describe_endpoint(EndpointName=NAME)["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 3072, "MaxConcurrency": 7}
    assert command("delete", "--yes").status == 0
    assert aws.everything() == set()


@pytest.mark.parametrize("what", ["deploy", "update", "serverless", "delete"])
def test_without_yes_nothing_happens_when_nobody_can_be_asked(
    aws: Aws, push_image: PushImage, command: Command, what: str, request: pytest.FixtureRequest
) -> None:
    if what in ("update", "delete"):
        request.getfixturevalue("deployed")
    else:
        push_image("1")
    before = aws.everything()
    ended = command(what)
    assert ended.status == 1
    assert "pass --yes" in ended.err
    assert aws.everything() == before


def test_train_collects_the_jobs_records(
    aws: Aws, push_image: PushImage, command: Command, dataset: FashionMNIST, job_output: bytes, tmp_path: Path
) -> None:
    """How jobs are submitted is ``training``'s, and tested there; here, that they get what this deployment made."""
    push_image("1")
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{NAME}:serving-1"
    aws.job_output = job_output
    options = (f"--image={image}", "--seeds=1", f"--runs={tmp_path}", f"--data={dataset.source}", "--spot")
    ended = command("train", "baseline", "--yes", *options)
    assert ended.status == 0, ended.err
    assert "1 training jobs on ml.m5.xlarge, each $0.23 an hour" in ended.out
    (summary,) = aws.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    job = aws.client("sagemaker").describe_training_job(TrainingJobName=summary["TrainingJobName"])
    assert job["AlgorithmSpecification"]["TrainingImage"] == image
    assert job["RoleArn"].endswith(f"role/{NAME}-{REGION}")
    assert job["OutputDataConfig"]["S3OutputPath"].startswith(f"s3://{NAME}-{ACCOUNT}-{REGION}/")
    assert RunFolder(tmp_path).finished(EXPERIMENTS["baseline"], 0) is not None
    assert "no experiment is called vgg" in command("train", "vgg", "--yes", f"--runs={tmp_path}").err
