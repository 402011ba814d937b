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
from deploy.options import DEFAULT_NAME, parse

# The SDK reports its use to AWS unless a configuration file says no. As the administrator's file, ours leaves the
# user's own in force.
os.environ.setdefault("SAGEMAKER_ADMIN_CONFIG_OVERRIDE", str(Path(__file__).parent / "no-telemetry.yaml"))


_ONLY_LOOK = ("plan", "export", "status", "invoke", "build")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parse(arguments)
    try:
        _explained(options)
        sys.stdout.flush()
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\ninterrupted; {_after_interruption(options)}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter fails at its end
        print(f"nobody reads what this command prints, so it ended; {_after_interruption(options)}", file=sys.stderr)
        return 1
    return 0


def _after_interruption(options: argparse.Namespace) -> str:
    if options.dry or options.command in _ONLY_LOOK:
        return "nothing was changed on AWS"
    return "what was made so far is there and costs: run the same command again to go on, or see status, or run delete"


def _explained(options: argparse.Namespace) -> None:
    """Run a command; the errors of AWS come out as ``DeploymentError``."""
    from botocore.exceptions import BotoCoreError, ClientError

    from deploy.errors import explain

    try:
        _run(options)
    except (ClientError, BotoCoreError) as error:
        raise DeploymentError(explain(error, given=_given(options))) from error


def _given(options: argparse.Namespace) -> str:
    """Write the options that name the deployment, as far as they were typed."""
    name = "" if options.name == DEFAULT_NAME else f" --name {options.name}"
    return f"{name} --region {options.region}" if options.region else name


# The SDK takes seconds to load, and --help need not wait for it.


def _run(options: argparse.Namespace) -> None:
    import boto3

    from deploy import execution_role, isolation, limits
    from deploy.account import Account
    from deploy.planning import SITUATIONS, dry_account

    tags = dict(options.tag) if hasattr(options, "tag") else {}
    if options.export:
        _export(options, tags)
        return
    if options.dry:
        there = SITUATIONS.get(options.command, "nothing")
        account = dry_account(options.name, options.region, tags, given=_given(options), there=there)
    else:
        session = boto3.Session(region_name=options.region)
        account = Account(session, options.name, given=_given(options), extra_tags=tags)
    limits.check_options(account, options)
    if options.policy:
        with contextlib.redirect_stdout(io.StringIO()):  # the planned look-up of the account's number
            policies = {"trust": execution_role.trust(account)} | execution_role.policies(
                account, isolation.read(options)
            )
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
