"""A plan as a CloudFormation template.

CloudFormation's properties are mostly the calls' own parameters. What differs is here. Source: AWS CloudFormation
template reference. Models and endpoint configurations get no names: CloudFormation replaces them on a change, and a
name of the user's would stand in its way.
"""

import json
from typing import Any

from deploy.export.translation import Translation

Properties = dict[str, Any]

BUNDLE_BUCKET, IMAGE, DELETE_AT = "BundleBucket", "Image", "DeleteAt"
"""The template's parameters."""

_PARAMETER_MARK = "BUNDLE-BUCKET"
"""Stands for the bundle's bucket until references are resolved."""


class Template(Translation):
    """A template under construction."""

    _ACCOUNT, _REGION, _PARTITION = "${AWS::AccountId}", "${AWS::Region}", "${AWS::Partition}"

    def _written(self) -> dict[str, Any]:
        return {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": f"The SageMaker endpoint {self._account.name}, as python -m deploy would make it",
            "Parameters": self._parameters(),
            "Resources": self._resolved(self._resources),
            "Outputs": {"EndpointName": {"Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}}},
        }

    def _add(
        self, name: str, kind: str, properties: Properties, *, after: str | None = None, keeps_data: bool = False
    ) -> None:
        order = {"DependsOn": after} if after else {}
        # As python -m deploy delete does; linters want it said.
        end = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"} if keeps_data else {}
        self._resources[name] = {"Type": kind, **order, **end, "Properties": properties}

    def _parameters(self) -> dict[str, Any]:
        parameters = {
            IMAGE: {"Type": "String", "Description": "The image's URI in ECR, as python -m deploy push prints it"},
            BUNDLE_BUCKET: {
                "Type": "String",
                "Description": f"A bucket of yours with the bundle at {self.bundle_key}",
            },
        }
        schedule = self._plan.first("CreateSchedule")
        if schedule:
            parameters[DELETE_AT] = {
                "Type": "String",
                "Description": "When the endpoint is deleted, in UTC",
                "Default": schedule["ScheduleExpression"].removeprefix("at(").removesuffix(")"),
            }
        return parameters

    @property
    def bundle_key(self) -> str:
        """Where in the bundle's bucket the bundle has to be: a key, or a folder that ends in a slash."""
        url: str = self._plan.first("CreateModel")["PrimaryContainer"]["ModelDataUrl"]
        return url.removeprefix(f"s3://{self._account.bucket}/")

    def _bucket(self) -> None:
        made = self._plan.first("CreateBucket")
        rules = self._plan.first("PutBucketLifecycleConfiguration")["LifecycleConfiguration"]["Rules"]
        encryption = self._plan.first("PutBucketEncryption").get("ServerSideEncryptionConfiguration")
        properties = {
            "BucketName": made["Bucket"],
            "Tags": made["CreateBucketConfiguration"]["Tags"],
            **_only(self._plan.first("PutPublicAccessBlock"), "PublicAccessBlockConfiguration"),
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": rule["ID"],
                        "Status": rule["Status"],
                        "Prefix": rule["Filter"]["Prefix"],
                        "ExpirationInDays": rule["Expiration"]["Days"],
                        "AbortIncompleteMultipartUpload": rule["AbortIncompleteMultipartUpload"],
                    }
                    for rule in rules
                ]
            },
        }
        if encryption:
            properties["BucketEncryption"] = {
                "ServerSideEncryptionConfiguration": [
                    {
                        "ServerSideEncryptionByDefault": rule["ApplyServerSideEncryptionByDefault"],
                        "BucketKeyEnabled": rule["BucketKeyEnabled"],
                    }
                    for rule in encryption["Rules"]
                ]
            }
        self._add("Bucket", "AWS::S3::Bucket", properties, keeps_data=True)

    def _roles(self) -> None:
        for made in self._plan.all("CreateRole"):
            logical = "ContainersRole" if made["RoleName"] == self._account.role else "ScheduleRole"
            policies = [
                {"PolicyName": put["PolicyName"], "PolicyDocument": _json(put["PolicyDocument"])}
                for put in self._plan.all("PutRolePolicy")
                if put["RoleName"] == made["RoleName"]
            ]
            if logical == "ContainersRole":
                self._let_read_bundle(policies[0]["PolicyDocument"])
            self._add(
                logical,
                "AWS::IAM::Role",
                {
                    "RoleName": made["RoleName"],
                    "Description": made["Description"],
                    "AssumeRolePolicyDocument": _json(made["AssumeRolePolicyDocument"]),
                    "Policies": policies,
                    "Tags": made["Tags"],
                },
            )
            self._references[self._role_arn(made)] = {"Fn::GetAtt": [logical, "Arn"]}

    def _let_read_bundle(self, document: dict[str, Any]) -> None:
        """Let the containers' role read the bundle, which a stack finds in a bucket of the user's."""
        bucket = f"arn:{self._account.partition}:s3:::{_PARAMETER_MARK}"
        folder = "*" if self.bundle_key.endswith("/") else ""
        for statement in document["Statement"]:
            more = {"s3:GetObject": f"{bucket}/{self.bundle_key}{folder}", "s3:ListBucket": bucket}
            (action, *_) = statement["Action"]
            if action in more:
                statement["Resource"] = [statement["Resource"], more[action]]

    def _logs(self) -> None:
        made = self._plan.first("CreateLogGroup")
        self._add(
            "LogGroup",
            "AWS::Logs::LogGroup",
            {
                "LogGroupName": made["logGroupName"],
                "RetentionInDays": self._plan.first("PutRetentionPolicy")["retentionInDays"],
                "Tags": self._account.tags,
            },
            keeps_data=True,
        )

    def _topic(self) -> None:
        made = self._plan.first("CreateTopic")
        if made:
            subscriptions = [_only(asked, "Protocol", "Endpoint") for asked in self._plan.all("Subscribe")]
            properties = {"TopicName": made["Name"], "Subscription": subscriptions, "Tags": made["Tags"]}
            self._add("Topic", "AWS::SNS::Topic", properties)
            self._references[self._account.topic_arn] = {"Ref": "Topic"}

    def _endpoint(self) -> None:
        model = dict(self._plan.first("CreateModel"))
        self._references[model.pop("ModelName")] = {"Fn::GetAtt": ["Model", "ModelName"]}
        container = model["PrimaryContainer"] | {
            "Image": {"Ref": IMAGE},
            "ModelDataUrl": {"Fn::Sub": f"s3://${{{BUNDLE_BUCKET}}}/{self.bundle_key}"},
        }
        self._add("Model", "AWS::SageMaker::Model", model | {"PrimaryContainer": container})
        config = dict(self._plan.first("CreateEndpointConfig"))
        del config["EndpointConfigName"]
        self._add("EndpointConfig", "AWS::SageMaker::EndpointConfig", config)
        endpoint = self._plan.first("CreateEndpoint") | {
            "EndpointConfigName": {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]}
        }
        self._add("Endpoint", "AWS::SageMaker::Endpoint", endpoint, after="LogGroup")

    def _guard(self) -> None:
        made = self._plan.first("CreateSchedule")
        if made:
            self._add("ScheduleGroup", "AWS::Scheduler::ScheduleGroup", self._plan.first("CreateScheduleGroup"))
            # Without ActionAfterCompletion: a stack takes its own schedule away.
            properties = _only(made, "Name", "FlexibleTimeWindow", "Target") | {
                "GroupName": {"Ref": "ScheduleGroup"},
                "ScheduleExpression": {"Fn::Sub": f"at(${{{DELETE_AT}}})"},
            }
            self._add("Schedule", "AWS::Scheduler::Schedule", properties, after="Endpoint")

    def _scaling(self) -> None:
        for target in self._plan.all("RegisterScalableTarget"):
            properties = {key: value for key, value in target.items() if key != "Tags"}
            self._add("ScalableTarget", "AWS::ApplicationAutoScaling::ScalableTarget", properties, after="Endpoint")
        for policy in self._plan.all("PutScalingPolicy"):
            logical = f"{policy['PolicyType']}Policy"
            where = ("ServiceNamespace", "ScalableDimension", "ResourceId")
            properties = {key: value for key, value in policy.items() if key not in where}
            properties["ScalingTargetId"] = {"Ref": "ScalableTarget"}
            self._add(logical, "AWS::ApplicationAutoScaling::ScalingPolicy", properties)
            self._references[f"POLICY {policy['PolicyName']}"] = {"Ref": logical}

    def _alarms(self) -> None:
        for alarm in self._plan.all("PutMetricAlarm"):
            what = alarm["AlarmName"].removeprefix(f"{self._account.name}-")
            logical = "".join(word.capitalize() for word in what.split("-")) + "Alarm"
            self._add(logical, "AWS::CloudWatch::Alarm", alarm)

    def _resolved_text(self, text: str) -> Any:
        resolved = super()._resolved_text(text.replace(_PARAMETER_MARK, f"${{{BUNDLE_BUCKET}}}"))
        return {"Fn::Sub": resolved} if resolved != text else text


def _only(params: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: params[key] for key in keys if key in params}


def _json(text: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(text)
    return content
