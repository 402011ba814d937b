"""A deployment's models and endpoint configurations, deleted when nothing needs them any more."""

from collections.abc import Collection, Iterator
from typing import Any

from deploy.account import Account

TRANSFORM = "transform-"
"""What follows the deployment's name in the name of a transform job's own model."""


def remove(
    account: Account, *, configs: Collection[str] = (), models: Collection[str] = (), jobs: bool = False
) -> Iterator[str]:
    """Delete the configurations and models that have the owner tag; yields a line for each one, or why it stays.

    Args:
        account: whose they are.
        configs: the names of the configurations that stay.
        models: the names of the models that stay.
        jobs: whether the models of transform jobs go, too.

    """
    yield from _remove(account, "endpoint_configs", "EndpointConfig", configs, jobs=jobs)
    yield from _remove(account, "models", "Model", models, jobs=jobs)


def _remove(account: Account, plural: str, resource: str, keep: Collection[str], *, jobs: bool) -> Iterator[str]:
    client = account.client("sagemaker")
    summaries: list[dict[str, Any]] = []
    for page in client.get_paginator(f"list_{plural}").paginate(NameContains=account.name):
        summaries += next(value for value in page.values() if isinstance(value, list))
    for summary in summaries:
        name, arn = summary[f"{resource}Name"], summary[f"{resource}Arn"]
        if not name.startswith(f"{account.name}-") or name in keep:
            continue
        if name.startswith(f"{account.name}-{TRANSFORM}") and not jobs:
            continue
        if not account.owns(client.list_tags(ResourceArn=arn)["Tags"]):
            yield f"left alone {resource} {name}: its owner tag is not this deployment's"
            continue
        getattr(client, f"delete_{plural[:-1]}")(**{f"{resource}Name": name})
        yield f"deleted {resource} {name}"


def remove_of_jobs(account: Account) -> Iterator[str]:
    """Delete the models of transform jobs that no job runs any more; yields a line for each."""
    client = account.client("sagemaker")
    pages = client.get_paginator("list_transform_jobs").paginate(NameContains=account.name, StatusEquals="InProgress")
    running = [job["TransformJobName"] for page in pages for job in page["TransformJobSummaries"]]
    needed = {client.describe_transform_job(TransformJobName=job)["ModelName"] for job in running}
    for page in client.get_paginator("list_models").paginate(NameContains=f"{account.name}-{TRANSFORM}"):
        for summary in page["Models"]:
            name = summary["ModelName"]
            if name not in needed and account.owns(client.list_tags(ResourceArn=summary["ModelArn"])["Tags"]):
                client.delete_model(ModelName=name)
                yield f"deleted Model {name}"
