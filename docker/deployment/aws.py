"""Makes calls, waits, and puts AWS's errors into words."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.exceptions

from deployment.calls import Call

POLL_S = 10.0
ROLE_PATIENCE_S = 60.0


class DeploymentError(Exception):
    """Something the user can put right; the message says what and how, and the command exits with 1."""


class Account:
    """Clients of one account and region."""

    def __init__(self) -> None:
        self._session = boto3.Session()
        if self._session.region_name is None:
            raise DeploymentError("no AWS region is set; set AWS_DEFAULT_REGION, or region in ~/.aws/config")
        self.region: str = self._session.region_name
        self._clients: dict[str, Any] = {}

    @property
    def id(self) -> str:
        """The account's number."""
        identity: str = self.client("sts").get_caller_identity()["Account"]
        return identity

    def client(self, service: str) -> Any:
        """Give the client of a service, made once."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]

    def make(self, call: Call) -> None:
        """Make a call; that the thing is there already is no error, where the call says so.

        A role that was made a moment ago cannot be assumed at once everywhere, so that is tried again for a minute.
        """
        print(f"  {call.service}.{call.operation}", flush=True)
        method = getattr(self.client(call.service), call.operation)
        until = time.monotonic() + ROLE_PATIENCE_S
        while True:
            try:
                method(**call.parameters)
                break
            except botocore.exceptions.ClientError as error:
                if error.response["Error"]["Code"] in call.exists:
                    return
                not_yet = "assume" in error.response["Error"]["Message"].lower()
                if call.operation != "create_model" or not not_yet or time.monotonic() > until:
                    raise
                time.sleep(POLL_S)
        for following in call.then:
            self.make(following)


def wait(what: str, describe: Any, status_key: str, *, good: str, pending: tuple[str, ...], log_group: str) -> Any:
    """Poll until a thing is as it should be, a line whenever its status changes; returns its description.

    Raises:
        DeploymentError: it failed; says why, and where its log is.

    """
    began, last = time.monotonic(), None
    while True:
        found = describe()
        status = found[status_key]
        if status != last:
            print(f"  {what}: {status} ({time.monotonic() - began:.0f} s)", flush=True)
            last = status
        if status == good:
            return found
        if status not in pending:
            reason = found.get("FailureReason", "AWS gives no reason")
            raise DeploymentError(
                f"{what} ended as {status}: {reason} Its log is in CloudWatch under {log_group}. What was made so far "
                "is still there: look at it, then run delete"
            )
        time.sleep(POLL_S)


_ADVICE = {
    "AccessDenied": "The credentials in use lack that permission: ask for it, or use others (AWS_PROFILE).",
    "AccessDeniedException": "The credentials in use lack that permission: ask for it, or use others (AWS_PROFILE).",
    "UnrecognizedClientException": "The credentials in use are not valid: run aws configure or aws sso login.",
    "InvalidClientTokenId": "The credentials in use are not valid: run aws configure or aws sso login.",
    "ExpiredToken": "The credentials in use have expired: run aws sso login.",
    "ResourceLimitExceeded": "Ask AWS for a higher quota of that instance type, or name another with --instance.",
    "BucketAlreadyExists": "Another account has a bucket of that name: name another with --bucket.",
    "RepositoryNotFoundException": "Push the image first: python docker/deployment push.",
}


@contextmanager
def explained() -> Iterator[None]:
    """Turn AWS's errors into a paragraph that says what was wrong and what to do.

    Raises:
        DeploymentError: with that paragraph.

    """
    try:
        yield
    except (botocore.exceptions.NoCredentialsError, botocore.exceptions.TokenRetrievalError) as error:
        raise DeploymentError(
            f"AWS knows no credentials of yours ({error}). Run aws configure or aws sso login, or set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from error
    except botocore.exceptions.EndpointConnectionError as error:
        raise DeploymentError(f"AWS cannot be reached ({error}). Check the network and the region.") from error
    except botocore.exceptions.ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        advice = _ADVICE.get(code, "What was made so far is still there: delete takes it away.")
        raise DeploymentError(f"AWS refused {error.operation_name} with {code}: {message} {advice}") from error


def ask(question: str, *, yes: bool) -> None:
    """Ask before spending or deleting.

    Raises:
        DeploymentError: the answer is no, or nobody is there to give one.

    """
    print(question)
    if yes:
        return
    try:
        answer = input("Go on? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise DeploymentError("nothing was done; --yes goes on without asking")
