"""Model Monitor: an hourly job that compares what the endpoint answers with the bundle's drift reference.

It reads the captured requests, so that the endpoint has to capture some. Source: Amazon SageMaker AI developer guide,
"Monitor data quality" and "Preprocessing and Postprocessing".
"""

import json
from pathlib import Path
from typing import Any

from sagemaker.core import image_uris

from deploy import archives, endpoint_config, execution_role, guard, hosting, storage, waiting
from deploy.account import Account
from deploy.drift_baseline import constraints, statistics
from deploy.endpoint_config import Instances
from deploy.errors import DeploymentError, if_there
from deploy.isolation import Isolation
from deploy.policies import allow, document, pull_image, put_metrics, write_logs

INSTANCE_TYPE = "ml.m5.large"

_HOURLY = "cron(0 * ? * * *)"
_MAX_SECONDS = 3000  # an hourly job has to end before the next one
_FOLDER = "/opt/ml/processing"
_LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
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
            f"endpoint {account.name} captures no requests, which is what is monitored; make it anew: "
            f"{account.command('delete')}, then {account.command('deploy --capture 10')}"
        )
    at = guard.due(account)
    if at:
        raise DeploymentError(
            f"endpoint {account.name} is to be deleted at {at} UTC, and AWS deletes no endpoint that is monitored: "
            f"deploy it without --until"
        )
    return shape


def files(models: Path) -> dict[str, str]:
    """Write what the job needs of a bundle, by file name.

    Raises:
        DeploymentError: the folder holds no bundle with a drift reference.

    """
    manifest = archives.read_manifest(models)
    entry = manifest["models"][manifest["default_model"]]
    known = f"LABELS = {entry['labels']!r}\nTEMPERATURE = {entry['assessment']['temperature']!r}\n"
    return {
        "statistics.json": json.dumps(statistics(manifest)),
        "constraints.json": json.dumps(constraints(manifest)),
        "preprocessor.py": _PREPROCESSOR.read_text(encoding="utf-8") + "\n\n" + known,
    }


def start(account: Account, files: dict[str, str], shape: Instances) -> str:
    """Monitor the endpoint from now on, every hour; gives the schedule's name.

    Args:
        account: whose endpoint.
        files: what the job needs, by name.
        shape: what the endpoint runs on; its key has encrypted what is captured.

    """
    allowed = execution_role.ensure_role(
        account,
        account.monitor_role,
        f"Runs the jobs that monitor the SageMaker endpoint {account.name}",
        trust=execution_role.trust(account),
        policies={execution_role.BASE: policy(account)} | Isolation(key=shape.key).policies,
    )
    uris = {
        name: storage.put(account, f"monitoring/baseline/{name}", content.encode()) for name, content in files.items()
    }
    client = account.client("sagemaker")
    if _job(account) is None:
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
    return document(
        *pull_image(f"{arn}:ecr:{account.region}:*:repository/sagemaker-model-monitor-analyzer"),
        allow(["s3:ListBucket", "s3:GetBucketLocation"], bucket),
        allow(["s3:GetObject"], [f"{bucket}/captured/*", f"{bucket}/monitoring/*"]),
        allow(["s3:PutObject"], f"{bucket}/monitoring/*"),
        write_logs(f"{arn}:logs:{account.region}:{account.number}:log-group:{_LOG_GROUP}*"),
        put_metrics("aws/sagemaker/Endpoints/*"),
    )


def running(account: Account) -> bool:
    """Whether the endpoint is monitored."""
    return _schedule(account) is not None


def remove(account: Account) -> list[str]:
    """Take schedule and job definition away; gives what was there. AWS deletes no endpoint that is monitored."""
    client = account.client("sagemaker")
    removed = []

    def is_own(arn: str) -> bool:
        return account.owns(client.list_tags(ResourceArn=arn)["Tags"])

    schedule = _schedule(account)
    if schedule is not None and is_own(schedule["MonitoringScheduleArn"]):
        client.delete_monitoring_schedule(MonitoringScheduleName=account.monitor)
        waiting.until(
            lambda: ("Deleting" if running(account) else "Gone", None),
            wanted="Gone",
            what=f"monitoring schedule {account.monitor}",
            log_group=_LOG_GROUP,
        )
        removed.append(f"monitoring schedule {account.monitor}")
    job = _job(account)
    if job is not None and is_own(job["JobDefinitionArn"]):
        client.delete_data_quality_job_definition(JobDefinitionName=account.monitor)
        removed.append(f"monitoring job {account.monitor}")
    return removed


def _schedule(account: Account) -> Any:
    client = account.client("sagemaker")
    return if_there(lambda: client.describe_monitoring_schedule(MonitoringScheduleName=account.monitor))


def _job(account: Account) -> Any:
    client = account.client("sagemaker")
    return if_there(lambda: client.describe_data_quality_job_definition(JobDefinitionName=account.monitor))
