"""Model Monitor: an hourly job that compares what the endpoint answers with the bundle's drift reference.

It reads the captured requests, so that the endpoint has to capture some. Source: Amazon SageMaker AI developer guide,
"Monitor data quality" and "Preprocessing and Postprocessing".
"""

import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from sagemaker.core import image_uris

from deploy import archives, endpoint_config, guard, hosting, role, waiting
from deploy.account import Account
from deploy.baseline import constraints, statistics
from deploy.endpoint_config import Instances
from deploy.errors import DeploymentError, is_missing
from deploy.isolation import Isolation

INSTANCE_TYPE = "ml.m5.large"

_HOURLY = "cron(0 * ? * * *)"
_MAX_SECONDS = 3000  # an hourly job has to end before the next one
_FOLDER = "/opt/ml/processing"
_PREPROCESSOR = Path(__file__).parent / "monitoring_preprocessor.py"


def require_capture(account: Account) -> Instances:
    """Refuse an endpoint that Model Monitor would find nothing of, or would keep from being deleted; gives its shape.

    Raises:
        DeploymentError: there is no endpoint, it captures nothing, or its deletion is scheduled.

    """
    endpoint = hosting.require(account)
    shape = endpoint_config.describe(account, endpoint.endpoint_config_name).shape
    if not isinstance(shape, Instances) or not shape.capture:
        raise DeploymentError(
            f"endpoint {account.name} captures no requests, which is what is monitored; deploy it with --capture 10"
        )
    at = guard.due(account)
    if at:
        raise DeploymentError(
            f"endpoint {account.name} is to be deleted at {at} UTC, and AWS deletes no endpoint that is monitored: "
            f"deploy it without --until"
        )
    return shape


def start(account: Account, models: Path, shape: Instances) -> str:
    """Monitor the endpoint from now on, every hour; gives the schedule's name.

    Args:
        account: whose endpoint.
        models: the bundle's folder.
        shape: what the endpoint runs on; its key has encrypted what is captured.

    Raises:
        DeploymentError: the folder holds no bundle with a drift reference.

    """
    manifest = archives.read_manifest(models)
    allowed = role.ensure_role(
        account,
        account.monitor_role,
        f"Runs the jobs that monitor the SageMaker endpoint {account.name}",
        trust=role.trust(account),
        policies={role.BASE: policy(account)} | Isolation(key=shape.key).policies,
    )
    uris = _upload(account, manifest)
    client = account.client("sagemaker")
    if not _exists(lambda: client.describe_data_quality_job_definition(JobDefinitionName=account.monitor)):
        client.create_data_quality_job_definition(**definition(account, uris, allowed), Tags=account.tags)
    if not running(account):
        client.create_monitoring_schedule(
            MonitoringScheduleName=account.monitor,
            MonitoringScheduleConfig={
                "ScheduleConfig": {"ScheduleExpression": _HOURLY},
                "MonitoringJobDefinitionName": account.monitor,
                "MonitoringType": "DataQuality",
            },
            Tags=account.tags,
        )
    return account.monitor


def definition(account: Account, uris: dict[str, str], allowed: str) -> dict[str, Any]:
    """Write the job as CreateDataQualityJobDefinition takes it, without tags.

    Args:
        account: whose endpoint is monitored.
        uris: where in S3 statistics, constraints and preprocessor are.
        allowed: the ARN of the job's role.

    """
    output = {"S3Uri": f"s3://{account.bucket}/monitoring", "LocalPath": f"{_FOLDER}/output"}
    cluster = {"InstanceCount": 1, "InstanceType": INSTANCE_TYPE, "VolumeSizeInGB": 20}
    return {
        "JobDefinitionName": account.monitor,
        "DataQualityBaselineConfig": {
            "StatisticsResource": {"S3Uri": uris["statistics.json"]},
            "ConstraintsResource": {"S3Uri": uris["constraints.json"]},
        },
        "DataQualityAppSpecification": {
            "ImageUri": image_uris.retrieve("model-monitor", account.region),
            "RecordPreprocessorSourceUri": uris["preprocessor.py"],
        },
        "DataQualityJobInput": {
            "EndpointInput": {"EndpointName": account.name, "LocalPath": f"{_FOLDER}/input/endpoint"}
        },
        "DataQualityJobOutputConfig": {"MonitoringOutputs": [{"S3Output": output | {"S3UploadMode": "EndOfJob"}}]},
        "JobResources": {"ClusterConfig": cluster},
        "RoleArn": allowed,
        "StoppingCondition": {"MaxRuntimeInSeconds": _MAX_SECONDS},
    }


def policy(account: Account) -> dict[str, Any]:
    """What the jobs' role allows: AWS's image, the captured requests and the baseline to read, reports to write."""
    arn, bucket = f"arn:{account.partition}", f"arn:{account.partition}:s3:::{account.bucket}"

    def allow(actions: list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:
        return {"Effect": "Allow", "Action": actions, "Resource": resource} | more

    return {
        "Version": "2012-10-17",
        "Statement": [
            allow(["ecr:GetAuthorizationToken"], "*"),  # knows no resources
            allow(
                ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"],
                f"{arn}:ecr:{account.region}:*:repository/sagemaker-model-monitor-analyzer",
            ),
            allow(["s3:ListBucket", "s3:GetBucketLocation"], bucket),
            allow(["s3:GetObject"], [f"{bucket}/captured/*", f"{bucket}/monitoring/*"]),
            allow(["s3:PutObject"], f"{bucket}/monitoring/*"),
            allow(
                ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                f"{arn}:logs:{account.region}:{account.number}:log-group:/aws/sagemaker/ProcessingJobs*",
            ),
            allow(
                ["cloudwatch:PutMetricData"],
                "*",
                Condition={"StringLike": {"cloudwatch:namespace": ["aws/sagemaker/Endpoints/*"]}},
            ),
        ],
    }


def running(account: Account) -> bool:
    """Whether the endpoint is monitored."""
    client = account.client("sagemaker")
    return _exists(lambda: client.describe_monitoring_schedule(MonitoringScheduleName=account.monitor))


def remove(account: Account) -> list[str]:
    """Take schedule and job definition away; gives what was there. AWS deletes no endpoint that is monitored."""
    client = account.client("sagemaker")
    removed = []

    def schedule() -> Any:
        return client.describe_monitoring_schedule(MonitoringScheduleName=account.monitor)

    def job() -> Any:
        return client.describe_data_quality_job_definition(JobDefinitionName=account.monitor)

    if _exists(schedule) and account.owns(client.list_tags(ResourceArn=schedule()["MonitoringScheduleArn"])["Tags"]):
        client.delete_monitoring_schedule(MonitoringScheduleName=account.monitor)
        waiting.until(
            lambda: ("Deleting" if _exists(schedule) else "Gone", None),
            wanted="Gone",
            what=f"monitoring schedule {account.monitor}",
            log_group="/aws/sagemaker/ProcessingJobs",
        )
        removed.append(f"monitoring schedule {account.monitor}")
    if _exists(job) and account.owns(client.list_tags(ResourceArn=job()["JobDefinitionArn"])["Tags"]):
        client.delete_data_quality_job_definition(JobDefinitionName=account.monitor)
        removed.append(f"monitoring job {account.monitor}")
    return removed


def _upload(account: Account, manifest: dict[str, Any]) -> dict[str, str]:
    """Put what the job needs into the bucket; gives the URIs by file name."""
    entry = manifest["models"][manifest["default_model"]]
    known = f"LABELS = {entry['labels']!r}\nTEMPERATURE = {entry['assessment']['temperature']!r}\n"
    files = {
        "statistics.json": json.dumps(statistics(manifest)),
        "constraints.json": json.dumps(constraints(manifest)),
        "preprocessor.py": _PREPROCESSOR.read_text(encoding="utf-8") + "\n\n" + known,
    }
    uris = {}
    for name, content in files.items():
        key = f"monitoring/baseline/{name}"
        account.client("s3").put_object(Bucket=account.bucket, Key=key, Body=content.encode())
        uris[name] = f"s3://{account.bucket}/{key}"
    return uris


def _exists(look: Any) -> bool:
    try:
        look()
    except ClientError as error:
        if is_missing(error):
            return False
        raise
    return True
