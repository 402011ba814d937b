"""Reads the values of options; each says what it takes."""

import argparse

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
