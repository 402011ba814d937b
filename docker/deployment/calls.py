"""What a deployment is, as a list of AWS calls: made one by one by ``deploy``, only printed by ``plan``."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deployment.settings import SERVERLESS_CONCURRENCY, SERVERLESS_MEMORY_MB, Deployment


@dataclass(frozen=True)
class Call:
    """One call of the AWS API.

    Attributes:
        service: boto3's name of the client.
        operation: boto3's name of its method.
        parameters: its arguments.
        exists: error codes that say the thing is there already, which is as good.
        then: further calls where it was not.

    """

    service: str
    operation: str
    parameters: dict[str, Any]
    exists: tuple[str, ...] = ()
    then: tuple["Call", ...] = ()

    def __str__(self) -> str:
        shown = {k: f"<{len(v):,} bytes>" if isinstance(v, bytes) else v for k, v in self.parameters.items()}
        condition = f"  (unless {' or '.join(self.exists)})" if self.exists else ""
        return "\n".join(
            [f"{self.service}.{self.operation}{condition} {json.dumps(shown, indent=2)}", *map(str, self.then)]
        )


def bucket(d: Deployment) -> Iterator[Call]:
    """A bucket, marked as ours where it is new."""
    parameters: dict[str, Any] = {"Bucket": d.bucket}
    if d.region != "us-east-1":  # the one region that must not be named
        parameters["CreateBucketConfiguration"] = {"LocationConstraint": d.region}
    owner = Call("s3", "put_bucket_tagging", {"Bucket": d.bucket, "Tagging": {"TagSet": d.tags}})
    yield Call("s3", "create_bucket", parameters, exists=("BucketAlreadyOwnedByYou",), then=(owner,))


def storage(d: Deployment, bundle: bytes) -> Iterator[Call]:
    """A bucket, and the bundle in it as model.tar.gz."""
    yield from bucket(d)
    yield Call("s3", "put_object", {"Bucket": d.bucket, "Key": d.model_key, "Body": bundle})


def role(d: Deployment) -> Iterator[Call]:
    """A role that SageMaker may assume, and that may do what an endpoint, and a job, of this deployment needs."""
    if d.role is not None:
        return
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    yield Call(
        "iam",
        "create_role",
        {"RoleName": d.own_role, "AssumeRolePolicyDocument": json.dumps(trust), "Tags": d.tags},
        exists=("EntityAlreadyExists",),
    )
    logs = f"arn:aws:logs:{d.region}:{d.account}:log-group:/aws/sagemaker/*"
    repository = d.image.split("/", 1)[-1].split(":")[0]
    allowed = [
        (["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{d.bucket}/{d.name}/*"),
        (["s3:ListBucket"], f"arn:aws:s3:::{d.bucket}"),
        (["ecr:GetAuthorizationToken"], "*"),
        (
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            f"arn:aws:ecr:{d.region}:{d.account}:repository/{repository}",
        ),
        (["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], logs),
        (["cloudwatch:PutMetricData"], "*"),
    ]
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": on} for actions, on in allowed],
    }
    yield Call(
        "iam",
        "put_role_policy",
        {"RoleName": d.own_role, "PolicyName": "endpoint", "PolicyDocument": json.dumps(policy)},
    )


def model(d: Deployment) -> Iterator[Call]:
    """A model: the image, and the bundle that SageMaker unpacks to /opt/ml/model."""
    yield Call(
        "sagemaker",
        "create_model",
        {
            "ModelName": d.versioned,
            "PrimaryContainer": {"Image": d.image, "ModelDataUrl": f"s3://{d.bucket}/{d.model_key}"},
            "ExecutionRoleArn": d.role_arn,
            "Tags": d.tags,
        },
    )


def endpoint_config(d: Deployment) -> Iterator[Call]:
    """An endpoint configuration: one variant of the model, on instances or serverless."""
    variant: dict[str, Any] = {"VariantName": "all", "ModelName": d.versioned}
    parameters: dict[str, Any] = {"EndpointConfigName": d.versioned, "ProductionVariants": [variant], "Tags": d.tags}
    if d.serverless:
        variant["ServerlessConfig"] = {
            "MemorySizeInMB": SERVERLESS_MEMORY_MB,
            "MaxConcurrency": SERVERLESS_CONCURRENCY,
        }
    else:
        variant |= {
            "InstanceType": d.instance,
            "InitialInstanceCount": d.instances,
            "InitialVariantWeight": 1.0,
            # The image starts in seconds; what takes long is fetching it.
            "ContainerStartupHealthCheckTimeoutInSeconds": 300,
        }
        parameters["DataCaptureConfig"] = {
            "EnableCapture": True,
            "InitialSamplingPercentage": d.capture_percent,
            "DestinationS3Uri": f"s3://{d.bucket}/{d.name}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {
                "CsvContentTypes": ["text/csv"],
                "JsonContentTypes": ["application/json", "application/jsonlines"],
            },
        }
    yield Call("sagemaker", "create_endpoint_config", parameters)


def endpoint(d: Deployment) -> Iterator[Call]:
    """The endpoint itself."""
    yield Call(
        "sagemaker",
        "create_endpoint",
        {"EndpointName": d.name, "EndpointConfigName": d.versioned, "Tags": d.tags},
    )


def update(d: Deployment) -> Iterator[Call]:
    """The endpoint with another configuration: SageMaker starts new instances before it stops the old ones."""
    yield Call(
        "sagemaker",
        "update_endpoint",
        # What autoscaling has set since stays.
        {"EndpointName": d.name, "EndpointConfigName": d.versioned, "RetainAllVariantProperties": not d.serverless},
    )


def autoscaling(d: Deployment) -> Iterator[Call]:
    """Target tracking: AWS advises half of what an instance can do, as invocations a minute."""
    if d.serverless:
        return
    scaled = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": d.scalable_target,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    yield Call(
        "application-autoscaling",
        "register_scalable_target",
        {**scaled, "MinCapacity": d.instances, "MaxCapacity": max(d.instances, d.largest)},
    )
    yield Call(
        "application-autoscaling",
        "put_scaling_policy",
        {
            **scaled,
            "PolicyName": f"{d.name}-invocations",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": round(d.requests_per_second * 0.5 * 60, 1),
                "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
                "ScaleOutCooldown": 60,
                "ScaleInCooldown": 300,
            },
        },
    )


def alarms(d: Deployment) -> Iterator[Call]:
    """Alarms on what users notice: answers that are errors, and slow ones."""
    dimensions = [{"Name": "EndpointName", "Value": d.name}, {"Name": "VariantName", "Value": "all"}]
    for name, metric, statistic, threshold in (
        ("5xx", "Invocation5XXErrors", {"Statistic": "Sum"}, 5.0),
        ("latency", "ModelLatency", {"ExtendedStatistic": "p99"}, 500_000.0),  # microseconds
    ):
        yield Call(
            "cloudwatch",
            "put_metric_alarm",
            {
                "AlarmName": f"{d.name}-{name}",
                "Namespace": "AWS/SageMaker",
                "MetricName": metric,
                "Dimensions": dimensions,
                **statistic,
                "Period": 60,
                "EvaluationPeriods": 3,
                "Threshold": threshold,
                "ComparisonOperator": "GreaterThanThreshold",
                "TreatMissingData": "notBreaching",
                "Tags": d.tags,
            },
        )


def deploy(d: Deployment, bundle: bytes) -> list[list[Call]]:
    """Everything a deployment makes; the endpoint must be in service before the last part."""
    first = [*storage(d, bundle), *role(d), *model(d), *endpoint_config(d), *endpoint(d)]
    return [first, [*autoscaling(d), *alarms(d)]]
