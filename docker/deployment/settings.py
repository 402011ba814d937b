"""What is to be deployed, and what everything that belongs to it is called."""

from dataclasses import dataclass
from typing import Any

OWNER = "exploring-convolutional-layers"
"""Value of the tag that marks what these commands made; only that is ever deleted."""

PRICE_PER_HOUR = 0.23
"""List price of one ml.m5.xlarge for real-time inference, US dollars an hour, us-east-1, 2025; other regions differ."""

REQUESTS_PER_SECOND = 850
"""What one worker answered over one connection in ``python -m benchmarks``: 1,000 ms / 1.17 ms a PNG. An instance
with four virtual CPUs does more; measure yours."""

SERVERLESS_MEMORY_MB, SERVERLESS_CONCURRENCY = 2048, 5


@dataclass(frozen=True)
class Deployment:
    """One endpoint and what belongs to it.

    Attributes:
        name: of the endpoint; everything else is named after it.
        region: AWS region.
        account: AWS account id.
        version: tells models and configurations of successive updates apart.
        image: URI of the serving image in ECR.
        role: ARN of the role the endpoint assumes; None to make one that may do just what it needs.
        bucket: S3 bucket for the bundle, captured data and results.
        instance: instance type.
        instances: how many at first.
        largest: how many autoscaling may start.
        requests_per_second: what one instance can answer; decides when another is started.
        serverless: no instances, billed by request.
        capture_percent: share of requests and answers kept in the bucket.

    """

    name: str
    region: str
    account: str
    version: str
    image: str
    role: str | None
    bucket: str
    instance: str = "ml.m5.xlarge"
    instances: int = 1
    largest: int = 4
    requests_per_second: float = REQUESTS_PER_SECOND
    serverless: bool = False
    capture_percent: int = 10

    @property
    def versioned(self) -> str:
        """Name of this version's model and endpoint configuration."""
        return f"{self.name}-{self.version}"

    @property
    def own_role(self) -> str:
        """Name of the role that is made where none is given."""
        return f"{self.name}-{self.region}"

    @property
    def role_arn(self) -> str:
        """The role in use."""
        return self.role or f"arn:aws:iam::{self.account}:role/{self.own_role}"

    @property
    def model_key(self) -> str:
        """Where in the bucket this version's model.tar.gz is."""
        return f"{self.name}/{self.version}/model.tar.gz"

    @property
    def scalable_target(self) -> str:
        """What autoscaling calls the endpoint's only variant."""
        return f"endpoint/{self.name}/variant/all"

    @property
    def tags(self) -> list[dict[str, Any]]:
        """The owner's tag, as most services write it."""
        return [{"Key": "owner", "Value": OWNER}]
