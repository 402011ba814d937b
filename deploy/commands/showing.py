"""``invoke``, ``status`` and ``delete``."""

import argparse

from deploy import invocation, overview, removal
from deploy.account import Account
from deploy.confirmation import confirm


def invoke(account: Account, options: argparse.Namespace) -> None:
    """Send a picture; prints its label."""
    answer = invocation.ask(account, options.picture, model=options.model)
    if not account.dry:
        # An archive of a multi-model endpoint does not know its network's name.
        print(f"{answer['label']} ({answer['confidence']:.1%}, {options.model or answer['model']})")


def status(account: Account, options: argparse.Namespace) -> None:
    """Print what is there, and what it costs."""
    print("\n".join(overview.lines(account, price=options.price)))


def delete(account: Account, options: argparse.Namespace) -> None:
    """Delete what the deployment made."""
    confirm(
        account,
        options,
        f"Everything in {account.region} with the tag owner={account.owner!r} will be deleted: endpoint, images, "
        f"bundles, captured requests and answers, outputs of jobs, registered versions, alarms, logs and roles.",
    )
    nothing = True
    for line in removal.remove(account):
        print(line, flush=True)
        nothing = False
    if nothing:
        print(f"there is nothing of {account.name} in {account.region}")
