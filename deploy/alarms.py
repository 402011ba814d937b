"""CloudWatch alarms on answers with 5xx and on slow answers, and whom they tell.

An update that raises one is rolled back. The alarms watch rates: one refused request among thousands raises nothing.
SageMaker's metrics of a variant count both fleets while an update runs (developer guide, "Monitoring Amazon SageMaker
AI with Amazon CloudWatch"); so an alarm that the old fleet has raised before cannot speak for the new one, and is left
out of that update.
"""

from typing import Any

from botocore.exceptions import ClientError

from deploy.account import VARIANT, Account
from deploy.endpoint_config import Instances, Shape
from deploy.errors import is_missing

MAX_ERROR_PER_CENT = 1.0
MIN_REQUESTS = 20
"""Requests in a minute below which a rate says nothing."""
MAX_LATENCY_MS = 500
MAX_WAIT_MINUTES = 30
"""Of the requests in a queue: starting an instance where there is none takes some ten of them."""

_MINUTE = 60


def ensure(account: Account, shape: Shape, *, notify: str | None) -> None:
    """Make the alarms, or bring those there are up to date.

    Args:
        account: whose endpoint they watch.
        shape: what it runs on.
        notify: an e-mail address, which a topic of the deployment's own is made for, or the ARN of an SNS topic.

    """
    actions = [_topic(account, notify)] if notify else []
    client = account.client("cloudwatch")
    for alarm in definitions(account, shape):
        client.put_metric_alarm(**alarm, AlarmActions=actions, OKActions=actions, Tags=account.tags)


def definitions(account: Account, shape: Shape) -> list[dict[str, Any]]:
    """Write the alarms as PutMetricAlarm takes them, without actions and tags."""
    endpoint = {"Name": "EndpointName", "Value": account.name}
    of_variant = {
        "Namespace": "AWS/SageMaker",
        "Dimensions": [endpoint, {"Name": "VariantName", "Value": VARIANT}],
    }
    lasting = {"ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching"}

    def each_minute(identifier: str, metric: str, statistic: str) -> dict[str, Any]:
        stat = {"Metric": of_variant | {"MetricName": metric}, "Period": _MINUTE, "Stat": statistic}
        return {"Id": identifier, "MetricStat": stat, "ReturnData": False}

    queued = isinstance(shape, Instances) and shape.queued
    # SageMaker publishes no Invocations of a queued endpoint (guide, "Monitor asynchronous endpoint").
    requests = ("ModelLatency", "SampleCount") if queued else ("Invocations", "Sum")
    errors: dict[str, Any] = {
        "AlarmName": account.alarms["server-errors"],
        "AlarmDescription": f"More than {MAX_ERROR_PER_CENT:g} % of the answers are 5xx, in 2 of 3 minutes",
        "Metrics": [
            each_minute("errors", "Invocation5XXErrors", "Sum"),
            each_minute("requests", *requests),
            {
                "Id": "rate",
                "Expression": f"IF(requests >= {MIN_REQUESTS}, 100 * errors / requests, 0)",
                "Label": "answers with 5xx, per cent",
                "ReturnData": True,
            },
        ],
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": MAX_ERROR_PER_CENT,
        **lasting,
    }
    latency: dict[str, Any] = {
        "AlarmName": account.alarms["latency"],
        "AlarmDescription": f"One answer in a hundred takes longer than {MAX_LATENCY_MS} ms, for 3 minutes",
        "MetricName": "ModelLatency",
        "ExtendedStatistic": "p99",
        "Period": _MINUTE,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 3,
        "Threshold": MAX_LATENCY_MS * 1000,  # the metric is in microseconds
        **of_variant,
        **lasting,
    }
    if queued:  # how long a file takes is its size's to say
        latency = {
            "AlarmName": account.alarms["latency"],
            "AlarmDescription": f"Requests have been waiting for {MAX_WAIT_MINUTES} minutes",
            "Namespace": "AWS/SageMaker",
            "MetricName": "ApproximateBacklogSize",
            "Dimensions": [endpoint],
            "Statistic": "Minimum",
            "Period": 5 * _MINUTE,
            "EvaluationPeriods": MAX_WAIT_MINUTES // 5,
            "DatapointsToAlarm": MAX_WAIT_MINUTES // 5,
            "Threshold": 0,
            **lasting,
        }
    return [errors, latency]


def states(account: Account) -> dict[str, str]:
    """Look up the alarms there are and their states, by name."""
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in _alarms(account)}


def complete(account: Account) -> bool:
    """Whether every alarm is there: they are the last thing that a deployment makes."""
    return states(account).keys() == set(account.alarms.values())


def remove(account: Account) -> list[str]:
    """Take the alarms away; gives what was there."""
    client = account.client("cloudwatch")
    removed = []
    for alarm in _alarms(account, account.backlog_alarm):
        try:
            tags = client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        except ClientError as error:
            if not is_missing(error):
                raise
            continue
        if account.owns(tags):
            client.delete_alarms(AlarmNames=[alarm["AlarmName"]])
            removed.append(f"alarm {alarm['AlarmName']}")
    return removed


def _topic(account: Account, notify: str) -> str:
    if notify.startswith("arn:"):
        return notify
    sns = account.client("sns")
    # Both calls do nothing that is done already.
    arn: str = sns.create_topic(Name=account.topic, Tags=account.tags)["TopicArn"]
    subscription = sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=notify).get("SubscriptionArn", "")
    if not subscription.startswith("arn:"):  # it is pending
        print(f"AWS writes to {notify}: alarms arrive once the link in that mail was opened", flush=True)
    return arn


def _alarms(account: Account, *more: str) -> list[dict[str, Any]]:
    names = [*account.alarms.values(), *more]
    found: list[dict[str, Any]] = account.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    return found
