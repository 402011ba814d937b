"""AWS for tests: a real moto server over HTTP, and at its boundary the little that moto lacks.

moto 5.2 has no UpdateEndpoint, no downloads from ECR, no monitoring schedules and no shadow variants, and deletes
nothing from the registry; it makes buckets without the tags they are to have, and confirms subscriptions by itself; its
endpoints are in service at once and never fail; its answers have empty structures (``"VpcConfig": {}``), which AWS
leaves out, and lack fields of an endpoint's data capture, which AWS has: the SDK's strict models refuse both. ``Aws``
puts these right in front of moto, notes the calls, and can refuse one as AWS would.
"""

import json
import re
import threading
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sagemaker.models import sagemaker_backends
from werkzeug.serving import make_server
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

ACCOUNT, REGION = "123456789012", "us-east-1"
_LAYER = "/layer-of-an-image"


class Aws:
    """A started server.

    Attributes:
        url: for AWS_ENDPOINT_URL.
        calls: the operations asked for, such as CreateModel, in order; S3's are not among them.
        refused: by operation, the code and message it is refused with.
        statuses: what the endpoint's status will be, one a look; with the reason of a failure.
        asked: by operation, what its last call asked for; moto does not keep all of it.
        rolls_back: whether an update ends with the old configuration.
        architecture: what the images in ECR are built for; moto keeps no configurations of images.
        job_output: what a training job leaves as output.tar.gz; moto's jobs leave nothing.

    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.refused: dict[str, tuple[str, str]] = {}
        self.statuses: list[tuple[str, str | None]] = []
        self.asked: dict[str, dict[str, Any]] = {}
        self.rolls_back = False
        self.job_output: bytes | None = None
        self.architecture = "amd64"
        self._clients: dict[str, Any] = {}
        self._shadows: dict[str, Any] = {}
        self.schedules: dict[str, dict[str, Any]] = {}
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            "127.0.0.1", 0, Request.application(self._answer), threaded=True, request_handler=MotoRequestHandler
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()

    def client(self, service: str) -> Any:
        """Make a boto3 client of this server, with another owner's credentials."""
        if service not in self._clients:
            self._clients[service] = self._connect(service)
        return self._clients[service]

    def _connect(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="other",
            aws_secret_access_key="other",  # noqa: S106
            # moto imports what a call needs within its first; for CloudFormation that is dozens of services.
            config=Config(read_timeout=60, retries={"max_attempts": 1}),
        )

    @property
    def endpoints(self) -> dict[str, Any]:
        """moto's endpoints, by name."""
        found: dict[str, Any] = sagemaker_backends[ACCOUNT][REGION].endpoints
        return found

    def endpoint_config(self, endpoint: str) -> dict[str, Any]:
        """Describe what an endpoint runs on."""
        sagemaker = self.client("sagemaker")
        name = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
        found: dict[str, Any] = sagemaker.describe_endpoint_config(EndpointConfigName=name)
        return found

    def everything(self) -> set[str]:
        """Name everything there is."""
        asked: list[tuple[str, str, str, Callable[[dict[str, Any]], str]]] = [
            ("sagemaker", "list_endpoints", "Endpoints", lambda found: found["EndpointName"]),
            ("sagemaker", "list_endpoint_configs", "EndpointConfigs", lambda found: found["EndpointConfigName"]),
            ("sagemaker", "list_models", "Models", lambda found: found["ModelName"]),
            ("s3", "list_buckets", "Buckets", lambda found: found["Name"]),
            ("iam", "list_roles", "Roles", lambda found: found["RoleName"]),
            ("ecr", "describe_repositories", "repositories", lambda found: found["repositoryName"]),
            ("cloudwatch", "describe_alarms", "MetricAlarms", lambda found: found["AlarmName"]),
            ("sns", "list_topics", "Topics", lambda found: found["TopicArn"]),
            ("logs", "describe_log_groups", "logGroups", lambda found: found["logGroupName"]),
            (
                "sagemaker",
                "list_model_package_groups",
                "ModelPackageGroupSummaryList",
                lambda found: found["ModelPackageGroupName"],
            ),
            (
                "sagemaker",
                "list_data_quality_job_definitions",
                "JobDefinitionSummaries",
                lambda found: found["MonitoringJobDefinitionName"],
            ),
            ("scheduler", "list_schedules", "Schedules", lambda found: found["Name"]),
        ]
        names = {f"schedule {name}" for name in self.schedules} | {
            f"{operation} {name(found)}"
            for service, operation, key, name in asked
            for found in getattr(self.client(service), operation)()[key]
        }
        scaling = self.client("application-autoscaling")
        targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        return names | {f"scaling {found['ResourceId']}" for found in (*targets, *policies)}

    def _answer(self, request: Request) -> Response:
        body = request.get_data()
        request.environ["wsgi.input"] = BytesIO(body)  # moto reads it again
        if request.path == _LAYER:
            return Response(json.dumps({"architecture": self.architecture}))
        operation = _operation(request)
        if operation:
            self.calls.append(operation)
            if request.headers.get("X-Amz-Target", "").startswith("SageMaker."):
                self.asked[operation] = json.loads(body)
        if operation in self.refused:
            return _refusal(request, *self.refused[operation])
        if operation == "GetDownloadUrlForLayer":
            found = {"downloadUrl": f"{self.url}{_LAYER}", "layerDigest": json.loads(body)["layerDigest"]}
            return Response(json.dumps(found), content_type="application/x-amz-json-1.1")
        if operation in ("CreateMonitoringSchedule", "DescribeMonitoringSchedule", "DeleteMonitoringSchedule"):
            return self._monitor(operation, json.loads(body))
        if operation == "ListTags" and ":monitoring-schedule/" in json.loads(body)["ResourceArn"]:
            asked = self.schedules[json.loads(body)["ResourceArn"].rpartition("/")[2]]
            return Response(json.dumps({"Tags": asked["Tags"]}), content_type="application/x-amz-json-1.1")
        if operation in ("DeleteModelPackage", "DeleteModelPackageGroup"):
            return self._deregister(json.loads(body))
        if operation == "UpdateEndpoint":
            return self._update(request)
        if operation == "CreateEndpointConfig":
            self._shadows[json.loads(body)["EndpointConfigName"]] = json.loads(body).get("ShadowProductionVariants")
        if operation == "DescribeEndpoint" and self.statuses and self.endpoints:
            (endpoint,) = self.endpoints.values()
            endpoint.endpoint_status, endpoint.failure_reason = self.statuses.pop(0)
        if operation == "CreateTrainingJob" and self.job_output is not None:
            job = json.loads(body)
            bucket, _, prefix = job["OutputDataConfig"]["S3OutputPath"].removeprefix("s3://").partition("/")
            key = f"{prefix}/{job['TrainingJobName']}/output/output.tar.gz"
            self.client("s3").put_object(Bucket=bucket, Key=key, Body=self.job_output)
        if request.method == "PUT" and b"<CreateBucketConfiguration" in body:
            return self._create_bucket(request, body.decode())
        content, status, headers = run_wsgi_app(self._moto, request.environ, buffered=True)
        response = Response(b"".join(content), status, headers)
        if operation == "Subscribe":  # moto confirms at once what a person has to
            confirmed = re.sub(rb"(?<=<SubscriptionArn>).*?(?=<)", b"pending confirmation", response.get_data())
            response.set_data(confirmed)
        if request.headers.get("X-Amz-Target", "").startswith("SageMaker.Describe"):
            described = _without_empty(json.loads(response.get_data()))
            if operation == "DescribeEndpointConfig":
                shadows = self._shadows.get(described.get("EndpointConfigName", ""))
                described |= {"ShadowProductionVariants": shadows} if shadows else {}
            if operation == "DescribeEndpoint" and "DataCaptureConfig" in described:
                described["DataCaptureConfig"] |= {"CaptureStatus": "Started", "CurrentSamplingPercentage": 25}
            response.set_data(json.dumps(described))
        return response

    def _create_bucket(self, request: Request, asked: str) -> Response:
        """Make a bucket with its tags, in one call as S3 does."""
        if REGION == "us-east-1":  # where moto wants no configuration
            request.environ |= {"wsgi.input": BytesIO(), "CONTENT_LENGTH": "0"}
        content, status, headers = run_wsgi_app(self._moto, request.environ, buffered=True)
        tags = re.findall(r"<Key>(.*?)</Key><Value>(.*?)</Value>", asked)
        if status.startswith("200"):
            tagging = {"TagSet": [{"Key": key, "Value": value} for key, value in tags]}
            self.client("s3").put_bucket_tagging(Bucket=request.path.strip("/"), Tagging=tagging)
        return Response(b"".join(content), status, headers)

    def _monitor(self, operation: str, asked: dict[str, Any]) -> Response:
        """Keep monitoring schedules."""
        name = asked["MonitoringScheduleName"]
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:monitoring-schedule/{name}"
        if operation == "CreateMonitoringSchedule":
            self.schedules[name] = asked
        elif name not in self.schedules:
            message = f"Could not find MonitoringSchedule: {name}"
            content = json.dumps({"__type": "ResourceNotFound", "message": message})
            return Response(content, 400, content_type="application/x-amz-json-1.1")
        elif operation == "DeleteMonitoringSchedule":
            del self.schedules[name]
        described = {
            "MonitoringScheduleArn": arn,
            "MonitoringScheduleName": name,
            "MonitoringScheduleStatus": "Scheduled",
        }
        return Response(json.dumps(described), content_type="application/x-amz-json-1.1")

    def _deregister(self, asked: dict[str, Any]) -> Response:
        """Delete from the model registry."""
        backend = sagemaker_backends[ACCOUNT][REGION]
        if "ModelPackageName" in asked:
            del backend.model_packages[asked["ModelPackageName"]]
        else:
            del backend.model_package_groups[asked["ModelPackageGroupName"]]
        return Response("{}", content_type="application/x-amz-json-1.1")

    def _update(self, request: Request) -> Response:
        asked = request.get_json(force=True)
        endpoint = self.endpoints[asked["EndpointName"]]
        if self.rolls_back:
            endpoint.failure_reason = "CloudWatch alarm raised during the bake period"
        else:
            endpoint.endpoint_config_name = asked["EndpointConfigName"]
        return Response(json.dumps({"EndpointArn": endpoint.arn}), content_type="application/x-amz-json-1.1")


def _operation(request: Request) -> str | None:
    target = request.headers.get("X-Amz-Target")
    if target:
        return target.rpartition(".")[2]
    if "/operation/" in request.path:  # Smithy RPC
        return request.path.rpartition("/")[2]
    if "/scheduler/" in request.headers.get("Authorization", ""):
        return _scheduler_operation(request)
    form = parse_qs(request.get_data(as_text=True)) if request.mimetype.endswith("urlencoded") else {}
    return form.get("Action", [None])[0]


def _scheduler_operation(request: Request) -> str:
    """Name a call of EventBridge Scheduler, whose protocol has no names but methods and paths."""
    if request.path.startswith("/tags"):
        return "ListTagsForResource"
    verb = {"GET": "Get", "POST": "Create", "PUT": "Update", "DELETE": "Delete"}[request.method]
    return f"{verb}ScheduleGroup" if request.path.startswith("/schedule-groups") else f"{verb}Schedule"


def _refusal(request: Request, code: str, message: str) -> Response:
    if request.headers.get("X-Amz-Target"):
        return Response(json.dumps({"__type": code, "message": message}), 400, content_type="application/json")
    error = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    return Response(error, 403, content_type="text/xml")


def _without_empty(content: Any) -> Any:
    if isinstance(content, dict):
        cleaned = {key: _without_empty(value) for key, value in content.items()}
        return {key: value for key, value in cleaned.items() if value not in ({}, None)}
    if isinstance(content, Iterable) and not isinstance(content, str):
        return [_without_empty(value) for value in content]
    return content
