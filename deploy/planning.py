"""A dry run: the same code as the real one, with every call to AWS printed and answered here instead of sent.

For a command that makes something, nothing exists yet; for one that needs an endpoint, a deployment is there.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Literal

import boto3
from botocore.awsrequest import AWSResponse

from deploy import execution_role
from deploy.account import VARIANT, Account
from deploy.endpoint_config import CANDIDATE, PREVIOUS
from deploy.image import MEDIA_TYPE

_NUMBER = "000000000000"  # nobody's: an exported plan has the user's own numbers, too
_PACKAGE = f"arn:aws:sagemaker:us-east-1:{_NUMBER}:model-package/GROUP/1"
_ROLE = f"arn:aws:iam::{_NUMBER}:role/ROLE"
_MANIFEST = json.dumps({"config": {"digest": f"sha256:{64 * '0'}"}})
_RESOURCES = {
    "DataQualityJobDefinition": "JobDefinition",
    "Endpoint": "Endpoint",
    "EndpointConfig": "EndpointConfig",
    "Model": "Model",
    "ModelPackageGroup": "ModelPackageGroup",
    "MonitoringSchedule": "MonitoringSchedule",
    "TransformJob": "TransformJob",
}
"""SageMaker's resources, and the word with which the fields of their names and ARNs begin."""
_SHOWN = 400

Answer = dict[str, Any]


Situation = Literal["nothing", "a deployment", "a trial", "captured requests"]
"""What there is already: nothing, everything that can be, a version that is tried, or an endpoint not monitored yet."""

SITUATIONS: dict[str, Situation] = {
    "update": "a deployment",
    "promote": "a trial",
    "rollback": "a deployment",
    "invoke": "a deployment",
    "monitor": "captured requests",
    "status": "a deployment",
    "delete": "a deployment",
}
"""What a plan takes to be there, by command; nothing for the others."""

Report = Callable[[str, str, Answer], None]
"""Is told of each call: the service, the operation, and what it asks for."""


def show(service: str, operation: str, params: Answer) -> None:
    """Print a call with its parameters, but no values of settings: they may be secret."""
    shown = ", ".join(f"{key}={_short(_without_values(value))}" for key, value in params.items())
    print(f"{service}.{operation}({shown})", flush=True)


def dry_account(
    name: str,
    region: str | None,
    tags: dict[str, str],
    *,
    given: str = "",
    there: Situation = "nothing",
    report: Report = show,
) -> Account:
    """Make an account whose clients never reach AWS, and need no credentials.

    Args:
        name: of the deployment.
        region: the AWS region; where not given, the configured one.
        tags: the user's own.
        given: the options that name the deployment, as they were typed.
        there: what is there already.
        report: is told of each call.

    """
    session = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name=region)  # noqa: S106
    account = Account(session, name, dry=True, given=given, extra_tags=tags)
    planner = _Planner(account, there, report)
    session.events.register_first("before-parameter-build", planner.note)
    session.events.register_first("before-call", planner.answer)
    return account


class _Planner:
    def __init__(self, account: Account, there: Situation, report: Report) -> None:
        self._account, self._there, self._report = account, there, report
        self._made: dict[str, Answer] = {}
        self._params: Answer = {}
        if there != "nothing":
            self._seed()

    def _seed(self) -> None:
        name = self._account.name
        self._make("Endpoint", name, {"EndpointName": name, "EndpointConfigName": f"{name}-VERSION"})
        for version in (f"{name}-BEFORE", f"{name}-VERSION"):
            machines: Answer = {"InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1, "InitialVariantWeight": 0.5}
            names = [VARIANT, *([CANDIDATE] if self._there == "a trial" else [])]
            variants = [{"VariantName": variant, "ModelName": version} | machines for variant in names]
            config: Answer = {"EndpointConfigName": version, "ProductionVariants": variants}
            if self._there == "captured requests":
                config["DataCaptureConfig"] = {"InitialSamplingPercentage": 10}
            self._make("EndpointConfig", version, config)
            container = {"Image": "IMAGE", "ModelDataUrl": "BUNDLE"}
            model = {"ModelName": version, "ExecutionRoleArn": _ROLE, "PrimaryContainer": container}
            self._make("Model", version, model)
        self._make("ModelPackageGroup", name, {})
        if self._there == "a deployment":
            self._make("MonitoringSchedule", self._account.monitor, {})
            self._make("DataQualityJobDefinition", self._account.monitor, {})

    def note(self, params: Answer, model: Any, **_: object) -> None:
        """Keep a call's parameters for its answer, and report it."""
        self._params = params
        self._report(str(model.service_model.service_id), model.name, params)

    def answer(self, model: Any, **_: object) -> tuple[Any, Answer]:
        """Answer a call as AWS would."""
        operation: str = model.name
        answered = self._answer(operation, self._params)
        status = 200
        if answered is None:
            status = 400
            # SageMaker's wording; for other services the word NotFound in the code is enough.
            answered = {"Error": {"Code": "ValidationException:NotFound", "Message": "Could not find it"}}
        answered["ResponseMetadata"] = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}
        return AWSResponse("", status, {}, None), answered

    def _make(self, kind: str, name: str, params: Answer) -> None:
        now = datetime.now(UTC)
        self._made[f"{kind} {name}"] = params | {
            f"{_RESOURCES[kind]}Arn": f"arn:aws:sagemaker:{self._account.region}:{_NUMBER}:{kind.lower()}/{name}",
            "CreationTime": now,
            "LastModifiedTime": now,
            f"{kind}Status": "Completed" if kind.endswith("Job") else "InService",
        }

    def _answer(self, operation: str, params: Answer) -> Answer | None:
        for verb in ("Create", "Update", "Describe", "Delete"):
            kind = operation.removeprefix(verb)
            if operation.startswith(verb) and kind in _RESOURCES:
                return self._resource(verb, kind, params)
        if operation.startswith("List") and operation.removeprefix("List") in ("Models", "EndpointConfigs"):
            kind = operation.removeprefix("List").removesuffix("s")
            return {f"{kind}s": [made for key, made in self._made.items() if key.startswith(f"{kind} ")]}
        return self._other(operation, params)

    def _resource(self, verb: str, kind: str, params: Answer) -> Answer | None:
        """Answer a call about one of SageMaker's resources, named by its ``…Name``."""
        name = params[f"{_RESOURCES[kind]}Name"]
        key = f"{kind} {name}"
        if verb == "Create":
            self._make(kind, name, params)
        elif verb == "Update" and key in self._made:
            self._made[key] |= params
        elif verb == "Delete":
            return self._made.pop(key, {}) and {}
        found = self._made.get(key)
        return None if found is None else dict(found)

    def _other(self, operation: str, params: Answer) -> Answer | None:
        """Answer what is not one of SageMaker's resources; None where it is looked for and not there."""
        tags, now = self._account.tags, datetime.now(UTC)
        always: dict[str, Answer] = {
            "GetCallerIdentity": {"Account": _NUMBER},
            "ListTags": {"Tags": tags + self._previous(params)},
            "CreateRole": {
                "Role": {"Arn": f"arn:{self._account.partition}:iam::{_NUMBER}:role/{params.get('RoleName')}"}
            },
            "DescribeImages": {
                "imageDetails": [
                    {
                        "imageDigest": "sha256:DIGEST",
                        "imageTags": ["serving-IDENTIFIER", "training-IDENTIFIER"],
                        "imagePushedAt": now,
                        "imageManifestMediaType": MEDIA_TYPE,
                    }
                ]
            },
            "BatchGetImage": {"images": [{"imageManifestMediaType": MEDIA_TYPE, "imageManifest": _MANIFEST}]},
            "GetDownloadUrlForLayer": {"downloadUrl": ""},
            "CreateTopic": {
                "TopicArn": f"arn:{self._account.partition}:sns:{self._account.region}:{_NUMBER}:{self._account.topic}"
            },
            "CreateModelPackage": {"ModelPackageArn": _PACKAGE},
            "ListModelPackages": {"ModelPackageSummaryList": [{"ModelPackageArn": _PACKAGE, "ModelPackageVersion": 1}]},
            "ListTransformJobs": {"TransformJobSummaries": []},
            "GetAuthorizationToken": {"authorizationData": [{"authorizationToken": "QVdTOg=="}]},
            "DescribeScalableTargets": {"ScalableTargets": []},
            "PutScalingPolicy": {"PolicyARN": f"POLICY {params.get('PolicyName')}"},
            "DescribeAlarms": {"MetricAlarms": []},
            "ListObjectsV2": {"Contents": []},
            "DescribeLogGroups": {"logGroups": []},
            "InvokeEndpointAsync": {"OutputLocation": "s3://BUCKET/OUT", "FailureLocation": "s3://BUCKET/FAILED"},
            "InvokeEndpoint": {"Body": BytesIO(b'{"label": "LABEL", "confidence": 0, "model": "MODEL"}')},
        }
        deployed: dict[str, Answer] = {
            "ListTagsForResource": {"Tags": tags, "tags": self._tags_of(params)},
            "GetBucketTagging": {"TagSet": tags},
            "ListRoleTags": {"Tags": tags},
            "ListRolePolicies": {"PolicyNames": [execution_role.BASE]},
            "GetRole": {"Role": {"Arn": _ROLE}},
            "DescribeRepositories": {"repositories": [{"repositoryArn": "REPOSITORY"}]},
            "DescribeScalableTargets": {"ScalableTargets": [{"MinCapacity": 1, "MaxCapacity": 4}]},
            "DescribeAlarms": {
                "MetricAlarms": [
                    {"AlarmName": name, "AlarmArn": name, "StateValue": "OK", "StateUpdatedTimestamp": now}
                    for name in params.get("AlarmNames", [])
                    if name != self._account.backlog_alarm
                ]
            },
            "ListObjectsV2": {"Contents": [{"Key": "KEY"}]},
            "DescribeLogGroups": {"logGroups": [{"logGroupName": self._account.log_group}]},
            "GetObject": {"Body": BytesIO()},
            "GetScheduleGroup": {"Arn": f"arn:aws:scheduler:us-east-1:{_NUMBER}:schedule-group/GROUP"},
            "GetSchedule": {"ScheduleExpression": "at(TIME)"},
        }
        looked_for = {*deployed, "HeadObject"}
        if self._there == "captured requests":  # and no monitoring, nor what would be in its way
            deployed = {key: value for key, value in deployed.items() if key not in ("GetRole", "GetSchedule")}
        if self._there != "nothing":
            always |= deployed
        if operation in looked_for and operation not in always:
            return None
        return always.get(operation, {})

    def _previous(self, params: Answer) -> list[dict[str, str]]:
        name = self._account.name
        current = str(params.get("ResourceArn", "")).endswith(f"endpointconfig/{name}-VERSION")
        return [{"Key": PREVIOUS, "Value": f"{name}-BEFORE"}] if current else []

    def _tags_of(self, params: Answer) -> object:
        """The owner tag as the asked service has it: CloudWatch Logs a mapping, ECR a list."""
        return self._account.tag_map if ":logs:" in params.get("resourceArn", "") else self._account.tags


def _without_values(params: Any) -> Any:
    """Replace the values of settings, which may be secret; their names are shown."""
    if isinstance(params, dict):
        return {
            key: dict.fromkeys(value, "…") if key == "Environment" else _without_values(value)
            for key, value in params.items()
        }
    return [_without_values(value) for value in params] if isinstance(params, list) else params


def _short(value: object) -> str:
    if hasattr(value, "read"):
        return "<content>"
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
