"""Reads the values of options; each says what it takes."""

import argparse
import re
from datetime import timedelta

from deploy.traffic import Traffic
from deploy.traffic import parse as parse_traffic


def positive(text: str) -> int:
    """Read a whole number, 1 or more."""
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"must be a whole number, 1 or more, not {text!r}")
    return int(text)


def per_cent(text: str) -> int:
    """Read a whole number from 0 to 100."""
    if not (text.isdecimal() and int(text) <= 100):
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 100, not {text!r}")
    return int(text)


def over_zero(text: str) -> float:
    """Read a number over 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number over 0, not {text!r}")
    return number


def pair(text: str) -> tuple[str, str]:
    """Read ``KEY=VALUE``."""
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"must be KEY=VALUE, not {text!r}")
    return key, value


def tag(text: str) -> tuple[str, str]:
    """Read a tag; the owner's is the deployment's own."""
    key, value = pair(text)
    if key == "owner" or key.lower().startswith("aws:"):
        raise argparse.ArgumentTypeError(f"the tag {key!r} is taken: owner by this deployment, aws:… by AWS")
    return key, value


def bake_minutes(text: str) -> int:
    """Read how long the alarms are watched; AWS takes an hour at most."""
    if not (text.isdecimal() and 1 <= int(text) <= 60):
        raise argparse.ArgumentTypeError(f"must be a whole number of minutes from 1 to 60, not {text!r}")
    return int(text)


def after(text: str) -> timedelta:
    """Read how long from now: minutes, hours or days."""
    found = re.fullmatch(r"(\d{1,3})([mhd])", text)
    time = timedelta(**{{"m": "minutes", "h": "hours", "d": "days"}[found[2]]: int(found[1])}) if found else timedelta()
    if time < timedelta(minutes=15):  # making an endpoint takes up to ten minutes
        raise argparse.ArgumentTypeError(f"must be a time such as 45m, 8h or 2d, 15m at least, not {text!r}")
    return time


def share(text: str) -> int:
    """Read a share of the requests in per cent, with or without the sign."""
    number = text.removesuffix("%")
    if not (number.isdecimal() and 1 <= int(number) <= 100):
        raise argparse.ArgumentTypeError(f"must be a share from 1% to 100%, not {text!r}")
    return int(number)


def part(text: str) -> int:
    """Read a share of the requests that leaves some for the version that serves."""
    per_cent = share(text)
    if per_cent == 100:
        raise argparse.ArgumentTypeError("must leave requests for the version that serves: 99% at most")
    return per_cent


def names(text: str) -> list[str]:
    """Read identifiers with commas between them."""
    found = [name.strip() for name in text.split(",")]
    if not all(found):
        raise argparse.ArgumentTypeError(f"must be identifiers with commas between them, not {text!r}")
    return found


def notify(text: str) -> str:
    """Read an e-mail address, or the ARN of an SNS topic."""
    if not (text.startswith("arn:") and ":sns:" in text) and "@" not in text:
        raise argparse.ArgumentTypeError(f"must be an e-mail address or the ARN of an SNS topic, not {text!r}")
    return text


def traffic(text: str) -> Traffic:
    """Read how an update moves the traffic."""
    try:
        return parse_traffic(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
