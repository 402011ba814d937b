"""Deploy → invoke → update → delete against a moto server over HTTP, with the real service behind the endpoint."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import pytest
from moto.core.responses import ActionResult
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from deployment import aws as deployment_aws
from deployment import calls, endpoints
from deployment.__main__ import main
from deployment.settings import OWNER, Deployment
from tests.aws import ACCOUNT, REGION
from tests.conftest import DATA, MODELS
from tests.deployment.runtime import runtime

NAME = "clothes"
BUCKET = f"{NAME}-{ACCOUNT}-{REGION}"


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment_aws, "POLL_S", 0.01)


@pytest.fixture
def account(aws: str, monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[str]:
    """An account, with a runtime in front of the started service."""
    # moto has no UpdateEndpoint: what matters of it here is that the configuration is another one.
    monkeypatch.setattr(SageMakerResponse, "update_endpoint", _update_endpoint, raising=False)
    with runtime(url) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", address)
        yield aws


def _update_endpoint(self: SageMakerResponse) -> ActionResult:
    endpoint = sagemaker_backends[ACCOUNT][REGION].endpoints[self._get_param("EndpointName")]
    endpoint.endpoint_config_name = self._get_param("EndpointConfigName")
    return ActionResult({"EndpointArn": endpoint.arn})


def run(*arguments: str) -> None:
    assert main([*arguments, "--name", NAME]) == 0


def everything() -> dict[str, list[str]]:
    """What the account holds, by kind."""
    sagemaker, scaling = boto3.client("sagemaker"), boto3.client("application-autoscaling")
    return {
        "endpoints": [e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]],
        "configs": [e["EndpointConfigName"] for e in sagemaker.list_endpoint_configs()["EndpointConfigs"]],
        "models": [m["ModelName"] for m in sagemaker.list_models()["Models"]],
        "buckets": [b["Name"] for b in boto3.client("s3").list_buckets()["Buckets"]],
        "roles": [r["RoleName"] for r in boto3.client("iam").list_roles()["Roles"]],
        "alarms": [a["AlarmName"] for a in boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "targets": [
            t["ResourceId"] for t in scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        ],
        "repositories": [r["repositoryName"] for r in boto3.client("ecr").describe_repositories()["repositories"]],
    }


@pytest.mark.usefixtures("account")
def test_from_nothing_to_an_answer_and_back(capsys: pytest.CaptureFixture[str]) -> None:
    foreign_role = {"RoleName": "other", "AssumeRolePolicyDocument": "{}"}
    boto3.client("iam").create_role(**foreign_role)
    boto3.client("sagemaker").create_model(
        ModelName=f"{NAME}-20200101-000000", ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/other",
        PrimaryContainer={"Image": "somebody.else/image"},
    )  # fmt: skip
    before = everything()

    run("deploy", "--yes", "--requests-per-second", "100")
    made = everything()
    assert made["endpoints"] == [NAME]
    assert made["alarms"] == [f"{NAME}-5xx", f"{NAME}-latency"]
    assert made["targets"] == [f"endpoint/{NAME}/variant/all"]
    assert f"{NAME}-{REGION}" in made["roles"]
    (config,) = made["configs"]
    described = boto3.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)
    (variant,) = described["ProductionVariants"]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.m5.xlarge", 1)
    assert described["DataCaptureConfig"]["DestinationS3Uri"] == f"s3://{BUCKET}/{NAME}/captured"
    (policy,) = boto3.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="sagemaker")[
        "ScalingPolicies"
    ]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 3000  # 100 a second, half, a minute

    capsys.readouterr()
    run("invoke", str(DATA / "ankle-boot.png"))
    assert capsys.readouterr().out.startswith("Ankle boot (")
    run("invoke", str(DATA / "ankle-boot.png"), "--model", "baseline")
    assert ", baseline version 1)" in capsys.readouterr().out
    run("status")
    assert f"{NAME}: InService, configuration {config}" in capsys.readouterr().out

    monkey = Deployment(NAME, REGION, ACCOUNT, "20990101-000000", "image", None, BUCKET)
    endpoints.update(deployment_aws.Account(), monkey, b"another bundle")
    updated = everything()
    assert updated["configs"] == [f"{NAME}-20990101-000000"]
    assert updated["models"] == [f"{NAME}-20200101-000000", f"{NAME}-20990101-000000"]
    run("invoke", str(DATA / "bag.png"))

    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"{NAME}/captured/x.jsonl", Body=b"captured")
    run("delete", "--yes")
    assert everything() == before, "only what was there before is left"


@pytest.mark.usefixtures("account")
def test_what_others_made_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    run("deploy", "--yes")
    sagemaker = boto3.client("sagemaker")
    arn = sagemaker.describe_endpoint(EndpointName=NAME)["EndpointArn"]
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["owner"])
    assert main(["delete", "--yes", "--name", NAME]) == 1
    assert f"no tag owner={OWNER}); left alone" in capsys.readouterr().err
    assert everything()["endpoints"] == [NAME]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": OWNER}])
    boto3.client("s3").put_object(Bucket=BUCKET, Key="elsewhere/x", Body=b"not ours")
    run("delete", "--yes")
    assert everything()["buckets"] == [BUCKET]


@pytest.mark.usefixtures("account")
def test_the_sdk_invokes_it_too() -> None:
    run("deploy", "--yes")
    # In a process of its own: the SDK keeps the clients it made first, whatever AWS they led to.
    code = f"""
from sagemaker.core.resources import Endpoint
body = open({str(DATA / "sneaker.png")!r}, "rb").read()
answer = Endpoint(endpoint_name={NAME!r}).invoke(body=body, content_type="image/png", accept="application/json")
print(answer.body.read().decode())
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    (probabilities,) = json.loads(ended.stdout)["predictions"]
    assert probabilities.index(max(probabilities)) == 7


@pytest.mark.usefixtures("account")
def test_serverless_has_no_instances(capsys: pytest.CaptureFixture[str]) -> None:
    run("serverless", "--yes")
    (config,) = everything()["configs"]
    (variant,) = boto3.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    assert "InstanceType" not in variant
    assert everything()["targets"] == []
    run("status")
    assert "billed by request" in capsys.readouterr().out


@pytest.mark.usefixtures("account")
def test_jobs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(",".join(["0"] * 784) + "\n")
    run("transform", str(rows), "--yes")
    (job,) = boto3.client("sagemaker").list_transform_jobs()["TransformJobSummaries"]
    described = boto3.client("sagemaker").describe_transform_job(TransformJobName=job["TransformJobName"])
    assert described["TransformInput"]["ContentType"] == "text/csv"
    key = described["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"].removeprefix(f"s3://{BUCKET}/")
    assert boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read() == rows.read_bytes()
    assert capsys.readouterr().out.strip().endswith(described["TransformOutput"]["S3OutputPath"])
    assert everything()["models"] == []

    run("train", "--experiments", "cnn_a", "--epochs", "2", "--yes")
    (job,) = boto3.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    described = boto3.client("sagemaker").describe_training_job(TrainingJobName=job["TrainingJobName"])
    assert described["HyperParameters"] == {"experiments": "cnn_a", "seeds": "1", "epochs": "2"}
    assert described["AlgorithmSpecification"]["TrainingImage"].endswith(f"/{OWNER}:training")


def test_the_bundle_is_packed_as_sagemaker_unpacks_it(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(endpoints.pack(MODELS))) as archive:
        assert all(member.isfile() for member in archive.getmembers()), "no links, no folders"
        archive.extractall(tmp_path, filter="data")
    assert (tmp_path / "bundle.json").read_bytes() == (MODELS / "bundle.json").read_bytes()
    assert endpoints.pack(MODELS) == endpoints.pack(MODELS)


def test_plan_prints_every_call_of_deploy_and_makes_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(boto3, "Session", None)
    run("plan")
    printed = capsys.readouterr().out
    d = Deployment(NAME, REGION, ACCOUNT, "1", "image", None, BUCKET)
    for part in calls.deploy(d, b""):
        for call in part:
            assert f"\n{call.service}.{call.operation} " in printed


def test_the_role_may_do_no_more_than_it_must() -> None:
    d = Deployment(
        NAME, REGION, ACCOUNT, "1", f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{OWNER}:serving", None, BUCKET
    )
    _, policy = calls.role(d)
    for statement in json.loads(policy.parameters["PolicyDocument"])["Statement"]:
        anywhere = statement["Resource"] == "*"
        assert "*" not in "".join(statement["Action"])
        # These two cannot be limited to a resource.
        assert not anywhere or statement["Action"] in (["ecr:GetAuthorizationToken"], ["cloudwatch:PutMetricData"])


def _refused(code: str, message: str) -> Any:
    error = botocore.exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "CreateEndpoint")

    def refuse(*_: object, **__: object) -> None:
        raise error

    return refuse


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        ("AccessDeniedException", "User is not authorized.", "lack that permission: ask for it"),
        ("ResourceLimitExceeded", "The account-level limit is 0.", "Ask AWS for a higher quota"),
        ("ExpiredToken", "The token has expired.", "run aws sso login"),
    ],
)
def test_what_aws_refuses_is_a_paragraph(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: str, message: str, words: str
) -> None:
    monkeypatch.setattr(endpoints, "_wait", _refused(code, message))
    assert main(["deploy", "--yes", "--name", NAME]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith(f"error: AWS refused CreateEndpoint with {code}: {message} ")
    assert words in said


@pytest.mark.usefixtures("account")
def test_a_failed_endpoint_says_why_and_where_its_log_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backend = sagemaker_backends[ACCOUNT][REGION]
    original = backend.create_endpoint

    def fails(**arguments: Any) -> Any:
        endpoint = original(**arguments)
        endpoint.endpoint_status = "Failed"
        endpoint.failure_reason = "The primary container did not pass the ping check."  # type: ignore[assignment]
        return endpoint

    monkeypatch.setattr(backend, "create_endpoint", fails)
    assert main(["deploy", "--yes", "--name", NAME]) == 1
    said = capsys.readouterr().err
    assert "ended as Failed: The primary container did not pass the ping check." in said
    assert f"/aws/sagemaker/Endpoints/{NAME}" in said
    assert everything()["targets"] == []


@pytest.mark.usefixtures("account")
def test_other_mistakes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def fails(*arguments: str) -> str:
        assert main([*arguments, "--name", NAME]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    monkeypatch.setattr("builtins.input", lambda _: "no")
    assert "nothing was done; --yes" in fails("deploy")
    assert everything()["endpoints"] == []
    assert f"there is no endpoint {NAME}; make it with deploy" in fails("update", "--yes")
    assert "holds no bundle.json" in fails("deploy", "--bundle", str(tmp_path), "--yes")
    run("deploy", "--yes")
    assert "already; update it, or choose another --name" in fails("deploy", "--yes")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert "the model answered 400: the 10 bytes are not a picture that can be read" in fails(
        "invoke", str(tmp_path / "broken.png")
    )
    assert "the model answered 404" in fails("invoke", str(DATA / "bag.png"), "--model", "vgg")
    assert "has no picture's name" in fails("invoke", str(MODELS / "bundle.json"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "Run aws configure" in fails("status")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "set AWS_DEFAULT_REGION" in fails("status")


def test_build_without_docker(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["build"]) == 1
    assert "this needs docker, which is not installed here" in capsys.readouterr().err
