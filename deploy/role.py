"""The IAM role the containers run with: what they need, on what this deployment made, and nothing else.

Source: Amazon SageMaker AI developer guide, "How to use SageMaker AI execution roles": the permissions of CreateModel,
CreateTrainingJob and CreateTransformJob.
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from deploy.account import Account
from deploy.errors import is_missing

POLICY = "containers"

# Where the containers, or SageMaker on their behalf, write: captured requests, answers, and what training leaves.
_WRITTEN = ("captured", "transform", "async", "ecl")


def trust(account: Account) -> dict[str, Any]:
    """Who may assume the role: SageMaker, and only on behalf of this account.

    Source: IAM user guide, "The confused deputy problem".
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": account.number}},
            }
        ],
    }


def policy(account: Account) -> dict[str, Any]:
    """What the role allows: pull the image, read the bucket, write answers, its own logs, and metrics."""
    arn = f"arn:{account.partition}"
    here = f"{account.region}:{account.number}"

    def allow(actions: list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:
        return {"Effect": "Allow", "Action": actions, "Resource": resource} | more

    return {
        "Version": "2012-10-17",
        "Statement": [
            allow(["ecr:GetAuthorizationToken"], "*"),  # knows no resources
            allow(
                ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"],
                f"{arn}:ecr:{here}:repository/{account.repository}",
            ),
            allow(["s3:ListBucket"], f"{arn}:s3:::{account.bucket}"),
            allow(["s3:GetObject"], f"{arn}:s3:::{account.bucket}/*"),
            allow(["s3:PutObject"], [f"{arn}:s3:::{account.bucket}/{prefix}/*" for prefix in _WRITTEN]),
            allow(
                ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                # Jobs write to groups that the account shares; the stream begins with the job's name.
                [
                    f"{arn}:logs:{here}:log-group:{account.log_group}",
                    f"{arn}:logs:{here}:log-group:{account.log_group}:*",
                    f"{arn}:logs:{here}:log-group:/aws/sagemaker/TransformJobs",
                    f"{arn}:logs:{here}:log-group:/aws/sagemaker/TransformJobs:log-stream:{account.name}-*",
                    f"{arn}:logs:{here}:log-group:/aws/sagemaker/TrainingJobs",
                    f"{arn}:logs:{here}:log-group:/aws/sagemaker/TrainingJobs:log-stream:ecl-*",
                ],
            ),
            # An update that raises one of them is rolled back.
            allow(["cloudwatch:DescribeAlarms"], f"{arn}:cloudwatch:{here}:alarm:{account.name}-*"),
            allow(
                ["cloudwatch:PutMetricData"],
                "*",
                Condition={"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "aws/sagemaker/*"]}},
            ),
        ],
    }


def ensure(account: Account) -> str:
    """Make the role, or bring the policies of the one there is up to date; gives its ARN."""
    iam = account.client("iam")
    try:
        found = iam.get_role(RoleName=account.role)["Role"]
        account.require_own(f"the role {account.role}", iam.list_role_tags(RoleName=account.role)["Tags"])
        iam.update_assume_role_policy(RoleName=account.role, PolicyDocument=json.dumps(trust(account)))
    except ClientError as error:
        if not is_missing(error):
            raise
        found = iam.create_role(
            RoleName=account.role,
            AssumeRolePolicyDocument=json.dumps(trust(account)),
            Description="Runs the containers of the SageMaker endpoint " + account.name,
            Tags=account.tags,
        )["Role"]
    document = json.dumps(policy(account))
    iam.put_role_policy(RoleName=account.role, PolicyName=POLICY, PolicyDocument=document)
    arn: str = found["Arn"]
    return arn
