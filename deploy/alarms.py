"""CloudWatch alarms on answers with 5xx and on slow answers, and whom they tell.

An update that raises one is rolled back. The alarms watch rates: one refused request among thousands raises nothing.
SageMaker's metrics of a variant count both fleets while an update runs (developer guide, "Monitoring Amazon SageMaker
AI with Amazon CloudWatch"); so an alarm that the old fleet has raised before cannot speak for the new one, and is left
out of that update.
"""

from typing import Any

from botocore.exceptions import ClientError

from deploy.account import VARIANT, Account
from deploy.errors import is_missing

MAX_ERROR_PER_CENT = 1.0
MIN_REQUESTS = 20
"""Requests in a minute below which a rate says nothing."""
MAX_LATENCY_MS = 500

_MINUTE = 60


def ensure(account: Account, *, notify: str | None) -> None:
    """Make the alarms, or bring those there are up to date.

    Args:
        account: whose endpoint they watch.
        notify: an e-mail address, which a topic of the deployment's own is made for, or the ARN of an SNS topic.

    """
    actions = [_topic(account, notify)] if notify else []
    client = account.client("cloudwatch")
    for alarm in definitions(account):
        client.put_metric_alarm(**alarm, AlarmActions=actions, OKActions=actions, Tags=account.tags)


def definitions(account: Account) -> list[dict[str, Any]]:
    """Write the alarms as PutMetricAlarm takes them, without actions and tags."""
    metric = {
        "Namespace": "AWS/SageMaker",
        "Dimensions": [
            {"Name": "EndpointName", "Value": account.name},
            {"Name": "VariantName", "Value": VARIANT},
        ],
    }

    def summed(identifier: str, name: str) -> dict[str, Any]:
        stat = {"Metric": metric | {"MetricName": name}, "Period": _MINUTE, "Stat": "Sum"}
        return {"Id": identifier, "MetricStat": stat, "ReturnData": False}

    lasting = {
        "EvaluationPeriods": 3,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    rate = f"IF(requests >= {MIN_REQUESTS}, 100 * errors / requests, 0)"
    return [
        {
            "AlarmName": account.alarms["server-errors"],
            "AlarmDescription": f"More than {MAX_ERROR_PER_CENT:g} % of the answers are 5xx, in 2 of 3 minutes",
            "Metrics": [
                summed("errors", "Invocation5XXErrors"),
                summed("requests", "Invocations"),
                {"Id": "rate", "Expression": rate, "Label": "answers with 5xx, per cent", "ReturnData": True},
            ],
            "DatapointsToAlarm": 2,
            "Threshold": MAX_ERROR_PER_CENT,
            **lasting,
        },
        {
            "AlarmName": account.alarms["latency"],
            "AlarmDescription": f"One answer in a hundred takes longer than {MAX_LATENCY_MS} ms, for 3 minutes",
            "MetricName": "ModelLatency",
            "ExtendedStatistic": "p99",
            "Period": _MINUTE,
            "DatapointsToAlarm": 3,
            "Threshold": MAX_LATENCY_MS * 1000,  # the metric is in microseconds
            **metric,
            **lasting,
        },
    ]


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
    for alarm in _alarms(account):
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
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=notify)
    return arn


def _alarms(account: Account) -> list[dict[str, Any]]:
    names = list(account.alarms.values())
    found: list[dict[str, Any]] = account.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    return found
