"""IAM policies, and the statements that more than one role has."""

from typing import Any

Statement = dict[str, Any]


def document(*statements: Statement) -> dict[str, Any]:
    """Put statements together as a policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], resource: str | list[str], **more: Any) -> Statement:
    """Allow actions on resources."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource} | more


def pull_image(repository: str) -> tuple[Statement, Statement]:
    """Allow to pull the images of an ECR repository, named by its ARN."""
    return (
        allow(["ecr:GetAuthorizationToken"], "*"),  # knows no resources
        allow(["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"], repository),
    )


def write_logs(groups: str | list[str]) -> Statement:
    """Allow to write to log groups, or to some of their streams, named by their ARNs."""
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    return allow(actions, groups)


def put_metrics(*namespaces: str) -> Statement:
    """Allow to publish metrics in namespaces of CloudWatch."""
    where = {"StringLike": {"cloudwatch:namespace": list(namespaces)}}
    return allow(["cloudwatch:PutMetricData"], "*", Condition=where)
