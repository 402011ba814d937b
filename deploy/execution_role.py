"""The IAM role the containers run with: what they need, on what this deployment made, and nothing else.

Source: Amazon SageMaker AI developer guide, "How to use SageMaker AI execution roles": the permissions of CreateModel,
CreateTrainingJob and CreateTransformJob.
"""

import json
from typing import Any

from deploy.account import Account
from deploy.errors import if_there
from deploy.isolation import Isolation
from deploy.policies import allow, document, pull_image, put_metrics, write_logs

BASE = "permissions"
"""The policy that every role of a deployment has."""

# Where the containers, or SageMaker on their behalf, write: captured requests, answers, and what training leaves.
_WRITTEN = ("captured", "transform", "async", "ecl")


def trust(account: Account, service: str = "sagemaker.amazonaws.com") -> dict[str, Any]:
    """Who may assume the role: a service of AWS, and only on behalf of this account.

    Source: IAM user guide, "The confused deputy problem".
    """
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account.number}},
        }
    )


def policies(account: Account, isolation: Isolation) -> dict[str, dict[str, Any]]:
    """What the containers' role allows, by policy: the base, and what the user's network and key ask for."""
    return {BASE: _base(account)} | isolation.policies


def _base(account: Account) -> dict[str, Any]:
    """Allow to pull the image, read the bucket, write answers, its own logs, and metrics."""
    arn = f"arn:{account.partition}"
    here = f"{account.region}:{account.number}"
    return document(
        *pull_image(f"{arn}:ecr:{here}:repository/{account.repository}"),
        allow(["s3:ListBucket"], f"{arn}:s3:::{account.bucket}"),
        allow(["s3:GetObject"], f"{arn}:s3:::{account.bucket}/*"),
        allow(["s3:PutObject"], [f"{arn}:s3:::{account.bucket}/{prefix}/*" for prefix in _WRITTEN]),
        # Jobs write to groups that the account shares; the stream begins with the job's name.
        write_logs(
            [
                account.log_group_arn,
                f"{account.log_group_arn}:*",
                f"{arn}:logs:{here}:log-group:/aws/sagemaker/TransformJobs",
                f"{arn}:logs:{here}:log-group:/aws/sagemaker/TransformJobs:log-stream:{account.name}-*",
                f"{arn}:logs:{here}:log-group:/aws/sagemaker/TrainingJobs",
                f"{arn}:logs:{here}:log-group:/aws/sagemaker/TrainingJobs:log-stream:ecl-*",
            ]
        ),
        # An update that raises one of them is rolled back.
        allow(["cloudwatch:DescribeAlarms"], f"{arn}:cloudwatch:{here}:alarm:{account.name}-*"),
        put_metrics("/aws/sagemaker/*", "aws/sagemaker/*"),
    )


def ensure(account: Account, isolation: Isolation) -> str:
    """Make the containers' role, or bring the policies of the one there is up to date; gives its ARN."""
    description = f"Runs the containers of the SageMaker endpoint {account.name}"
    return ensure_role(account, account.role, description, trust=trust(account), policies=policies(account, isolation))


def ensure_role(
    account: Account, name: str, description: str, *, trust: dict[str, Any], policies: dict[str, dict[str, Any]]
) -> str:
    """Make a role of the deployment's own, or bring the one there is up to date; gives its ARN.

    Args:
        account: whose it is.
        name: the role's.
        description: what it is for.
        trust: who may assume it.
        policies: what it allows, by name; others that it has stay.

    Raises:
        DeploymentError: there is a role of this name that is somebody else's.

    """
    iam = account.client("iam")
    found = if_there(lambda: iam.get_role(RoleName=name))
    if found is None:
        found = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Description=description, Tags=account.tags
        )
    else:
        account.require_own(f"the role {name}", iam.list_role_tags(RoleName=name)["Tags"])
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    for policy, content in policies.items():
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(content))
    arn: str = found["Role"]["Arn"]
    return arn
