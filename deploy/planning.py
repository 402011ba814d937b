"""A dry run: the same code as the real one, with every call to AWS printed and answered here instead of sent.

For a command that makes something, nothing exists yet; for one that needs an endpoint, a deployment is there.
"""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

from deploy.account import VARIANT, Account
from deploy.endpoint_config import PREVIOUS
from deploy.image import MEDIA_TYPE

_NUMBER = "123456789012"
_ROLE = f"arn:aws:iam::{_NUMBER}:role/ROLE"
_RESOURCES = {"Endpoint", "EndpointConfig", "Model", "TransformJob", "TrainingJob"}
_SHOWN = 400

Answer = dict[str, Any]


def dry_account(name: str, region: str | None, tags: dict[str, str], *, deployed: bool) -> Account:
    """Make an account whose clients never reach AWS, and need no credentials.

    Args:
        name: of the deployment.
        region: the AWS region; where not given, the configured one.
        tags: the user's own.
        deployed: whether the deployment is there already.

    """
    session = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name=region)  # noqa: S106
    account = Account(session, name, dry=True, extra_tags=tags)
    planner = _Planner(account, deployed=deployed)
    session.events.register_first("before-parameter-build", planner.show)
    session.events.register_first("before-call", planner.answer)
    return account


class _Planner:
    def __init__(self, account: Account, *, deployed: bool) -> None:
        self._account = account
        self._made: dict[str, Answer] = {}
        self._params: Answer = {}
        self._tagged = deployed
        if deployed:
            self._seed()

    def _seed(self) -> None:
        name = self._account.name
        self._make("Endpoint", name, {"EndpointName": name, "EndpointConfigName": f"{name}-VERSION"})
        for version in (f"{name}-BEFORE", f"{name}-VERSION"):
            machines = {"InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}
            variants = [{"VariantName": VARIANT, "ModelName": version} | machines]
            config = {"EndpointConfigName": version, "ProductionVariants": variants}
            self._make("EndpointConfig", version, config)
            container = {"Image": "IMAGE", "ModelDataUrl": "BUNDLE"}
            model = {"ModelName": version, "ExecutionRoleArn": _ROLE, "PrimaryContainer": container}
            self._make("Model", version, model)

    def show(self, params: Answer, model: Any, **_: object) -> None:
        """Print a call with its parameters."""
        self._params = params
        shown = ", ".join(f"{key}={self._short(_without_values(value))}" for key, value in params.items())
        print(f"{model.service_model.service_id}.{model.name}({shown})", flush=True)

    @staticmethod
    def _short(value: object) -> str:
        if hasattr(value, "read"):
            return "<content>"
        text = repr(value)
        return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"

    def answer(self, model: Any, **_: object) -> tuple[Any, Answer]:
        """Answer a call as AWS would."""
        operation: str = model.name
        answered = self._answer(operation, self._params)
        status = 200
        if answered is None:
            status = 400
            # What SageMaker says; the other services' codes are found by the word in them.
            answered = {"Error": {"Code": "ValidationException:NotFound", "Message": "Could not find it"}}
        answered["ResponseMetadata"] = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}
        return AWSResponse("", status, {}, None), answered

    def _make(self, kind: str, name: str, params: Answer) -> None:
        now = datetime.now(UTC)
        self._made[f"{kind} {name}"] = params | {
            f"{kind}Arn": f"arn:aws:sagemaker:{self._account.region}:{_NUMBER}:{kind.lower()}/{name}",
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
        key = f"{kind} {params[f'{kind}Name']}"
        if verb == "Create":
            self._make(kind, params[f"{kind}Name"], params)
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
            "CreateRole": {"Role": {"Arn": _ROLE}},
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
            "BatchGetImage": {"images": [{"imageManifestMediaType": MEDIA_TYPE}]},
            "CreateTopic": {"TopicArn": "TOPIC"},
            "ListTransformJobs": {"TransformJobSummaries": []},
            "GetAuthorizationToken": {"authorizationData": [{"authorizationToken": "QVdTOg=="}]},
            "DescribeScalableTargets": {"ScalableTargets": []},
            "DescribeAlarms": {"MetricAlarms": []},
            "ListObjectsV2": {"Contents": []},
            "DescribeLogGroups": {"logGroups": []},
            "InvokeEndpoint": {"Body": BytesIO(b'{"label": "LABEL", "confidence": 0, "model": "MODEL"}')},
        }
        deployed: dict[str, Answer] = {
            "ListTagsForResource": {"Tags": tags, "tags": self._tags_of(params)},
            "GetBucketTagging": {"TagSet": tags},
            "ListRoleTags": {"Tags": tags},
            "GetRole": {"Role": {"Arn": _ROLE}},
            "DescribeRepositories": {"repositories": [{"repositoryArn": "REPOSITORY"}]},
            "DescribeScalableTargets": {"ScalableTargets": [{"MinCapacity": 1, "MaxCapacity": 4}]},
            "DescribeAlarms": {
                "MetricAlarms": [
                    {"AlarmName": name, "AlarmArn": name, "StateValue": "OK", "StateUpdatedTimestamp": now}
                    for name in params.get("AlarmNames", [])
                ]
            },
            "ListObjectsV2": {"Contents": [{"Key": "KEY"}]},
            "DescribeLogGroups": {"logGroups": [{"logGroupName": self._account.log_group}]},
            "GetObject": {"Body": BytesIO()},
        }
        missing = deployed.keys() - always.keys()
        if self._tagged:
            always |= deployed
        elif operation in missing:
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
