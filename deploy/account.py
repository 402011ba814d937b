"""Where a deployment lives: the AWS account and region, and the names and the tag of everything made there."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import NoRegionError

from deploy.errors import DeploymentError

VARIANT = "AllTraffic"

_TAG = "owner"


@dataclass(frozen=True)
class Account:
    """One deployment's place in AWS.

    Attributes:
        session: whose credentials are used.
        name: of the deployment; the endpoint is called so, and everything else after it.
        dry: nothing is really called; see ``planning``.
        given: the options that name this deployment, as they were typed; advice repeats them.
        extra_tags: the user's own, put on everything made beside the owner tag.

    """

    session: boto3.Session
    name: str
    dry: bool = False
    given: str = ""
    extra_tags: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def command(self, words: str) -> str:
        """Write a command about this deployment, as the user would type it."""
        return f"python -m deploy {words}{self.given}"

    @property
    def region(self) -> str:
        """The AWS region, such as us-east-1."""
        region: str | None = self.session.region_name
        if region is None:
            raise NoRegionError
        return region

    @cached_property
    def number(self) -> str:
        """The account's twelve digits; the first call that needs credentials."""
        number: str = self.client("sts").get_caller_identity()["Account"]
        return number

    def client(self, service: str) -> Any:
        """Look up the boto3 client of a service; made once, since that takes a tenth of a second."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service, region_name=self.region)
        return self._clients[service]

    @property
    def sdk(self) -> dict[str, Any]:
        """What every call of the SageMaker SDK's resources is told."""
        return {"session": self.session, "region": self.region}

    @property
    def repository(self) -> str:
        """The ECR repository."""
        return self.name

    @property
    def registry(self) -> str:
        """The host name of the account's ECR registry."""
        suffix = ".cn" if self.region.startswith("cn-") else ""
        return f"{self.number}.dkr.ecr.{self.region}.amazonaws.com{suffix}"

    @property
    def bucket(self) -> str:
        """The S3 bucket, whose name no other account may have."""
        return f"{self.name}-{self.number}-{self.region}"

    @property
    def role(self) -> str:
        """The IAM role; IAM knows no regions."""
        return f"{self.name}-{self.region}"

    @property
    def partition(self) -> str:
        """The first part of an ARN: aws, aws-cn or aws-us-gov."""
        partition: str = self.session.get_partition_for_region(self.region)
        return partition

    @property
    def log_group(self) -> str:
        """Where SageMaker writes the endpoint's logs."""
        return f"/aws/sagemaker/Endpoints/{self.name}"

    @property
    def log_group_arn(self) -> str:
        """The log group's ARN."""
        return f"arn:{self.partition}:logs:{self.region}:{self.number}:log-group:{self.log_group}"

    @property
    def alarms(self) -> dict[str, str]:
        """The names of the CloudWatch alarms, by what they watch."""
        return {what: f"{self.name}-{what}" for what in ("server-errors", "latency")}

    @property
    def backlog_alarm(self) -> str:
        """The name of the alarm that wakes a queued endpoint."""
        return f"{self.name}-backlog"

    @property
    def guard(self) -> str:
        """The group of the schedule that deletes the endpoint, and the schedule in it."""
        return f"{self.name}-until"

    @property
    def guard_role(self) -> str:
        """The IAM role that the schedule deletes the endpoint with."""
        return f"{self.role}-until"

    @property
    def monitor(self) -> str:
        """The job that monitors the endpoint, and its schedule."""
        return f"{self.name}-quality"

    @property
    def monitor_role(self) -> str:
        """The IAM role of the jobs that monitor the endpoint."""
        return f"{self.role}-quality"

    @property
    def endpoint_arn(self) -> str:
        """The endpoint's ARN."""
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.number}:endpoint/{self.name}"

    @property
    def variant(self) -> str:
        """What application autoscaling calls the endpoint's instances."""
        return f"endpoint/{self.name}/variant/{VARIANT}"

    @property
    def owner(self) -> str:
        """The value of the tag ``owner`` on everything this deployment made."""
        return f"deploy {self.name}"

    @property
    def topic(self) -> str:
        """The SNS topic that alarms are sent to."""
        return f"{self.name}-alarms"

    @property
    def topic_arn(self) -> str:
        """The topic's ARN."""
        return f"arn:{self.partition}:sns:{self.region}:{self.number}:{self.topic}"

    @property
    def tag_map(self) -> dict[str, str]:
        """The tags of everything made."""
        return self.extra_tags | {_TAG: self.owner}

    @property
    def tags(self) -> list[dict[str, str]]:
        """The tags as most services take them."""
        return [{"Key": key, "Value": value} for key, value in self.tag_map.items()]

    @property
    def sdk_tags(self) -> list[dict[str, str]]:
        """The tags as the SageMaker SDK takes them."""
        return [{"key": key, "value": value} for key, value in self.tag_map.items()]

    def owns(self, tags: list[dict[str, str]] | dict[str, str]) -> bool:
        """Whether tags, in either form, have this deployment's owner tag."""
        found = tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
        return found.get(_TAG) == self.owner

    def inherit(self, tags: list[dict[str, str]]) -> None:
        """Put the user's tags of what is there on what is made for it, too; those given now win."""
        for tag in tags:
            if tag["Key"] != _TAG and not tag["Key"].startswith("aws:"):
                self.extra_tags.setdefault(tag["Key"], tag["Value"])

    def require_own(self, what: str, tags: list[dict[str, str]] | dict[str, str]) -> None:
        """Refuse to use what has this deployment's name and another owner.

        Raises:
            DeploymentError: the owner tag is missing or another.

        """
        if not self.owns(tags):
            raise DeploymentError(
                f"{what} exists, and its tag {_TAG!r} is not {self.owner!r}: it is somebody else's and is left "
                f"alone; choose another name for this deployment: --name NAME"
            )
