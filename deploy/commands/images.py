"""``build`` and ``push``."""

import argparse

from deploy import image
from deploy.account import Account


def build(account: Account, options: argparse.Namespace) -> None:
    """Build an image; prints its name."""
    print(image.build(account, options.target, options.platform))


def push(account: Account, options: argparse.Namespace) -> None:
    """Push a built image; prints its URI."""
    print(image.push(account, options.target))
