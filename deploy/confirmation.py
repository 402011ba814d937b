"""Says what is about to happen, and asks."""

import argparse
import sys

from deploy.account import Account
from deploy.errors import DeploymentError


def confirm(account: Account, options: argparse.Namespace, what: str) -> None:
    """Say what is about to happen, and ask whether it is meant.

    Raises:
        DeploymentError: the answer is no, or nobody is there to ask.

    """
    print(what, flush=True)
    if options.yes or account.dry:
        return
    if not sys.stdin.isatty():
        raise DeploymentError("nobody is there to ask whether to go on; pass --yes if that is meant")
    try:
        answer = input("Go on? [y/N] ").strip().lower()
    except (EOFError, KeyboardInterrupt):  # Ctrl-D and Ctrl-C are a no as well
        print()
        answer = ""
    if answer not in ("y", "yes"):
        raise DeploymentError("nothing was done")
