"""What a deployment costs, by list prices that the user may replace (``--price``)."""

from deploy.errors import DeploymentError

LIST_PRICES = {"ml.m5.large": 0.115, "ml.m5.xlarge": 0.23}
"""US dollars an hour of one instance, for hosting, batch transform and training alike.

On-demand list prices of us-east-1 (N. Virginia) as of 2025; today's are at aws.amazon.com/sagemaker/ai/pricing. Other
regions cost more, and prices change: an estimate, which ``--price`` replaces.
"""

SERVERLESS_GB_SECOND = 0.00002
"""US dollars for one GB of memory during one second of answering; the same region, year and source."""

PRICED = "us-east-1 list price of 2025; pass --price for yours"
HOURS_A_MONTH = 730


def hourly(instance_type: str, price: float | None) -> float:
    """US dollars an hour of one instance.

    Raises:
        DeploymentError: no price was given and none is known.

    """
    if price is not None:
        return price
    if not is_known(instance_type, price):
        raise DeploymentError(
            f"no price of {instance_type} is known here; look it up and pass it: --price DOLLARS_AN_HOUR"
        )
    return LIST_PRICES[instance_type]


def is_known(instance_type: str, price: float | None) -> bool:
    """Whether an instance's price was given, or is in the list."""
    return price is not None or instance_type in LIST_PRICES


def estimate_more(instance_type: str, count: int, *, price: float | None) -> str:
    """Say what instances cost that an endpoint has in addition, for a while."""
    what = f"{count} more × {instance_type}"
    if not is_known(instance_type, price):
        return f"{what}, whose price is not known here (--price DOLLARS_AN_HOUR)"
    return f"{what}, ${hourly(instance_type, price) * count:.2f} an hour ({_source(price)})"


def estimate_instances(instance_type: str, *, smallest: int, largest: int, price: float | None) -> str:
    """Say what an endpoint costs between its fewest and its most instances."""
    each = hourly(instance_type, price)
    low, high = each * smallest, each * largest
    hour = f"${low:.2f}" if low == high else f"${low:.2f} to ${high:.2f}"
    month = (
        f"${low * HOURS_A_MONTH:.0f}" if low == high else f"${low * HOURS_A_MONTH:.0f} to ${high * HOURS_A_MONTH:.0f}"
    )
    when = "asked or not" if smallest else "by what waits in its queue"
    return f"{hour} an hour, {month} a month, {when}, until deleted ({_source(price)})"


def estimate_serverless(memory_mb: int, *, price: float | None) -> str:
    """Say what a serverless endpoint costs: by the second it works, nothing between requests.

    Args:
        memory_mb: its memory.
        price: dollars for one GB during one second.

    """
    each = SERVERLESS_GB_SECOND if price is None else price
    return f"${each * memory_mb / 1024:.6f} a second of answering, nothing between requests ({_source(price)})"


def estimate_job(instance_type: str, *, price: float | None) -> str:
    """Say what a job costs: its instance by the second, from start to end."""
    return f"${hourly(instance_type, price):.2f} an hour, billed by the second until it ends ({_source(price)})"


def _source(price: float | None) -> str:
    return PRICED if price is None else "your --price"
