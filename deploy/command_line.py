"""Runs a command, and ends each failure in one paragraph."""

import argparse
import contextlib
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.errors import DeploymentError
from deploy.options import parse

# The SDK reports its use to AWS unless a configuration file says no. As the administrator's file, ours leaves the
# user's own in force.
os.environ.setdefault("SAGEMAKER_ADMIN_CONFIG_OVERRIDE", str(Path(__file__).parent / "no-telemetry.yaml"))


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parse(arguments)
    from botocore.exceptions import BotoCoreError, ClientError

    from deploy.errors import explain

    try:
        _run(options)
    except DeploymentError as error:
        said = str(error)
    except (ClientError, BotoCoreError) as error:
        said = explain(error)
    except KeyboardInterrupt:
        print(
            "\ninterrupted; what was made so far is there and costs: run the same command again to go on, "
            "or see status, or run delete",
            file=sys.stderr,
        )
        return 130
    else:
        return 0
    print(f"error: {said}", file=sys.stderr)
    return 1


# The SDK takes seconds to load, and --help need not wait for it.


def _run(options: argparse.Namespace) -> None:
    import boto3

    from deploy import isolation, limits, role
    from deploy.account import Account
    from deploy.planning import SITUATIONS, dry_account

    tags = dict(options.tag) if hasattr(options, "tag") else {}
    if options.export:
        _export(options, tags)
        return
    if options.dry:
        there = SITUATIONS.get(options.command, "nothing")
        account = dry_account(options.name, options.region, tags, there=there)
    else:
        account = Account(boto3.Session(region_name=options.region), options.name, extra_tags=tags)
    limits.check_options(account, options)
    if options.policy:
        with contextlib.redirect_stdout(io.StringIO()):  # the planned look-up of the account's number
            policies = {"trust": role.trust(account)} | role.policies(account, isolation.read(options))
        print(json.dumps(policies, indent=2))
    else:
        _command(options.command)(account, options)


def _export(options: argparse.Namespace, tags: dict[str, str]) -> None:
    from deploy import limits
    from deploy.export.recording import Recording
    from deploy.export.writing import write
    from deploy.planning import dry_account

    recording = Recording()
    account = dry_account(options.name, options.region, tags, report=recording)
    limits.check_options(account, options)
    with contextlib.redirect_stdout(io.StringIO()):  # what the command would say of money and progress
        _command(options.command)(account, options)
    print("\n".join(write(account, recording, options.export, options.models, options.to)))


def _command(name: str) -> Callable[[Any, argparse.Namespace], None]:
    from deploy.commands import COMMANDS

    return COMMANDS[name]
