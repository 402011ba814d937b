"""The user's own network and key: where the containers stand, and what encrypts their disks and their data.

Sources: Amazon SageMaker AI developer guide, "Give SageMaker AI Hosted Endpoints Access to Resources in Your Amazon
VPC" and "Protect Data at Rest Using Encryption".
"""

import argparse
from dataclasses import dataclass, replace
from typing import Any

from deploy import limits
from deploy.errors import DeploymentError
from deploy.policies import allow, document

_NETWORK_ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
]


@dataclass(frozen=True)
class Isolation:
    """Where containers run, and what encrypts what they write.

    Attributes:
        subnets: identifiers of the VPC's subnets; none for SageMaker's own network.
        security_groups: identifiers of the security groups in the same VPC.
        key: the ARN of a KMS key; None for AWS's own keys.

    """

    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    key: str | None = None

    @property
    def network(self) -> "Isolation":
        """The same place without the key, which is the endpoint configuration's, or the job's, to use."""
        return replace(self, key=None)

    @property
    def vpc_config(self) -> dict[str, list[str]]:
        """The network as CreateModel takes it; empty for SageMaker's own."""
        if not self.subnets:
            return {}
        return {"Subnets": list(self.subnets), "SecurityGroupIds": list(self.security_groups)}

    @property
    def policies(self) -> dict[str, dict[str, Any]]:
        """What a role needs beside the rest, by policy: to stand in the VPC, and to use the key.

        Each has a policy of its own, so that a job without them takes nothing from an endpoint that has them.
        """
        found: dict[str, dict[str, Any]] = {}
        if self.subnets:  # these actions know no resources, or SageMaker makes what they would name
            found["network"] = document(allow(_NETWORK_ACTIONS, "*"))
        if self.key:
            actions = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
            found[f"key-{self.key.rpartition('/')[2]}"] = document(allow(actions, self.key))
        return found


def read(options: argparse.Namespace) -> Isolation:
    """Read ``--subnets``, ``--security-groups`` and ``--kms-key``, where a command has them.

    Raises:
        DeploymentError: one of the two network options is missing, or AWS would refuse a value.

    """
    given = vars(options)
    subnets, groups = tuple(given.get("subnets") or ()), tuple(given.get("security_groups") or ())
    if bool(subnets) != bool(groups):
        raise DeploymentError("--subnets and --security-groups go together: name the subnets and the groups of one VPC")
    for option, shape, values in (("subnets", "SubnetId", subnets), ("security-groups", "SecurityGroupId", groups)):
        for value in values:
            like = "subnet-0a1b2c3d" if shape == "SubnetId" else "sg-0a1b2c3d"
            limits.check("sagemaker", shape, value, f"--{option} {value}", like=like)
    key = given.get("kms_key")
    if key:
        like = "arn:aws:kms:us-east-1:123456789012:key/ID"
        limits.check("scheduler", "KmsKeyArn", key, f"--kms-key {key}", like=like)  # SageMaker's shape takes any text
    return Isolation(subnets, groups, key)
