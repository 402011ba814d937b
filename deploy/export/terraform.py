"""A plan as a Terraform configuration, in Terraform's JSON syntax (``main.tf.json``).

The AWS provider's arguments are mostly the calls' own parameters in snake case. What differs is here. Source: the
provider's documentation at registry.terraform.io/providers/hashicorp/aws.
"""

import re
from typing import Any

from deploy.export.translation import Translation

Arguments = dict[str, Any]

PROVIDER_VERSION = ">= 6.0"  # where a region's name is called region
_MAPS = {"environment", "tags"}
"""Arguments whose keys are the user's."""


class Configuration(Translation):
    """A configuration under construction."""

    _ACCOUNT = "${data.aws_caller_identity.current.account_id}"
    _REGION = "${data.aws_region.current.region}"
    _PARTITION = "${data.aws_partition.current.partition}"

    def _written(self) -> dict[str, Any]:
        return {
            "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": PROVIDER_VERSION}}},
            "variable": {"image": {"type": "string", "description": "URI in ECR, as python -m deploy push prints it"}},
            "provider": {"aws": {"region": self._account.region}},
            "data": {kind: {"current": {}} for kind in ("aws_caller_identity", "aws_region", "aws_partition")},
            "resource": self._resolved(self._resources),
            "output": {"endpoint_name": {"value": "${aws_sagemaker_endpoint.this.name}"}},
        }

    def _add(self, kind: str, name: str, arguments: Arguments, *, after: list[str] | None = None) -> None:
        order = {"depends_on": after} if after else {}
        self._resources.setdefault(kind, {})[name] = arguments | order

    def _bucket(self) -> None:
        made = self._plan.first("CreateBucket")
        bucket = "${aws_s3_bucket.this.bucket}"
        whole = {"bucket": made["Bucket"], "force_destroy": True, "tags": self._account.tag_map}
        self._add("aws_s3_bucket", "this", whole)
        blocked = _snake(self._plan.first("PutPublicAccessBlock")["PublicAccessBlockConfiguration"])
        self._add("aws_s3_bucket_public_access_block", "this", {"bucket": bucket} | blocked)
        rules = self._plan.first("PutBucketLifecycleConfiguration")["LifecycleConfiguration"]["Rules"]
        self._add("aws_s3_bucket_lifecycle_configuration", "this", {"bucket": bucket, "rule": _snake(rules)})
        encryption = self._plan.first("PutBucketEncryption").get("ServerSideEncryptionConfiguration")
        if encryption:
            (rule,) = encryption["Rules"]
            by_default = rule["ApplyServerSideEncryptionByDefault"]
            self._add(
                "aws_s3_bucket_server_side_encryption_configuration",
                "this",
                {
                    "bucket": bucket,
                    "rule": {
                        "apply_server_side_encryption_by_default": {
                            "sse_algorithm": by_default["SSEAlgorithm"],
                            "kms_master_key_id": by_default["KMSMasterKeyID"],
                        },
                        "bucket_key_enabled": rule["BucketKeyEnabled"],
                    },
                },
            )
        for put in self._plan.all("PutObject"):
            file = put["Key"].rpartition("/")[2]
            name = _label(file.removesuffix(".tar.gz"))
            source = f"${{path.module}}/{file}"
            self._add("aws_s3_object", name, {"bucket": bucket, "key": put["Key"], "source": source})

    def _roles(self) -> None:
        for made in self._plan.all("CreateRole"):
            name = "containers" if made["RoleName"] == self._account.role else "schedule"
            arguments = {
                "name": made["RoleName"],
                "description": made["Description"],
                "assume_role_policy": made["AssumeRolePolicyDocument"],
                "tags": self._account.tag_map,
            }
            self._add("aws_iam_role", name, arguments)
            for put in self._plan.all("PutRolePolicy"):
                if put["RoleName"] == made["RoleName"]:
                    policy = {
                        "name": put["PolicyName"],
                        "role": f"${{aws_iam_role.{name}.name}}",
                        "policy": put["PolicyDocument"],
                    }
                    self._add("aws_iam_role_policy", f"{name}_{_label(put['PolicyName'])}", policy)
            self._references[self._role_arn(made)] = f"${{aws_iam_role.{name}.arn}}"

    def _logs(self) -> None:
        made, kept = self._plan.first("CreateLogGroup"), self._plan.first("PutRetentionPolicy")
        arguments = {"name": made["logGroupName"], "retention_in_days": kept["retentionInDays"], "tags": made["tags"]}
        self._add("aws_cloudwatch_log_group", "endpoint", arguments)

    def _topic(self) -> None:
        made = self._plan.first("CreateTopic")
        if made:
            self._add("aws_sns_topic", "alarms", {"name": made["Name"], "tags": self._account.tag_map})
            self._references[self._account.topic_arn] = "${aws_sns_topic.alarms.arn}"
        for number, asked in enumerate(self._plan.all("Subscribe")):
            self._add("aws_sns_topic_subscription", f"alarms_{number}", _snake(asked))

    def _endpoint(self) -> None:
        model = _snake(self._plan.first("CreateModel"))
        self._references[model.pop("model_name")] = "${aws_sagemaker_model.this.name}"
        model["primary_container"]["image"] = "${var.image}"
        model |= {"tags": self._account.tag_map}
        policies = self._resources.get("aws_iam_role_policy", {})
        ready = [f"aws_iam_role_policy.{name}" for name in policies if name.startswith("containers_")]
        ready += [f"aws_s3_object.{name}" for name in self._resources.get("aws_s3_object", {})]
        self._add("aws_sagemaker_model", "this", model, after=ready)
        config = _snake(self._plan.first("CreateEndpointConfig")) | {"tags": self._account.tag_map}
        del config["endpoint_config_name"]
        if "kms_key_id" in config:
            config["kms_key_arn"] = config.pop("kms_key_id")
        replaced = {"lifecycle": {"create_before_destroy": True}}  # an endpoint cannot be without one
        self._add("aws_sagemaker_endpoint_configuration", "this", config | replaced)
        endpoint = {
            "name": self._plan.first("CreateEndpoint")["EndpointName"],
            "endpoint_config_name": "${aws_sagemaker_endpoint_configuration.this.name}",
            "tags": self._account.tag_map,
        }
        self._add("aws_sagemaker_endpoint", "this", endpoint, after=["aws_cloudwatch_log_group.endpoint"])

    def _guard(self) -> None:
        made = self._plan.first("CreateSchedule")
        if made:
            group = {"name": made["GroupName"], "tags": self._account.tag_map}
            self._add("aws_scheduler_schedule_group", "until", group)
            arguments = _snake(made) | {"group_name": "${aws_scheduler_schedule_group.until.name}"}
            self._add("aws_scheduler_schedule", "until", arguments, after=["aws_sagemaker_endpoint.this"])

    def _scaling(self) -> None:
        for target in self._plan.all("RegisterScalableTarget"):
            arguments = _snake(target) | {"tags": self._account.tag_map}
            self._add("aws_appautoscaling_target", "this", arguments, after=["aws_sagemaker_endpoint.this"])
        for policy in self._plan.all("PutScalingPolicy"):
            name = _label(policy["PolicyName"])
            arguments = _snake(policy)
            arguments["name"] = arguments.pop("policy_name")
            steps = arguments.get("step_scaling_policy_configuration", {})
            if steps:
                steps["step_adjustment"] = steps.pop("step_adjustments")
            self._add("aws_appautoscaling_policy", name, arguments, after=["aws_appautoscaling_target.this"])
            self._references[f"POLICY {policy['PolicyName']}"] = f"${{aws_appautoscaling_policy.{name}.arn}}"

    def _alarms(self) -> None:
        for alarm in self._plan.all("PutMetricAlarm"):
            name = _label(alarm["AlarmName"].removeprefix(f"{self._account.name}-"))
            arguments = _snake(alarm) | {"tags": self._account.tag_map}
            _dimensions_by_name(arguments)
            arguments["metric_query"] = [_query(metric) for metric in arguments.pop("metrics", [])]
            given = {key: value for key, value in arguments.items() if value != []}
            self._add("aws_cloudwatch_metric_alarm", name, given)


def _query(metric: Arguments) -> Arguments:
    """Write a metric of an alarm's expression as the provider has it."""
    stat = metric.pop("metric_stat", None)
    if stat is None:
        return metric
    of = stat.pop("metric")
    _dimensions_by_name(of)
    return metric | {"metric": of | stat}


def _dimensions_by_name(metric: Arguments) -> None:
    if "dimensions" in metric:
        metric["dimensions"] = {one["name"]: one["value"] for one in metric["dimensions"]}


def _label(text: str) -> str:
    """Name a resource in the configuration."""
    return re.sub(r"\W", "_", text)


def _snake(value: Any) -> Any:
    """Write a call's parameters in snake case, but for maps whose keys are the user's."""
    if isinstance(value, list):
        return [_snake(member) for member in value]
    if not isinstance(value, dict):
        return value
    named = {_snake_name(key): member for key, member in value.items()}
    return {key: dict(member) if key in _MAPS and isinstance(member, dict) else _snake(member)
            for key, member in named.items()}  # fmt: skip


def _snake_name(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
