"""Each command, interrupted after any of its calls and run again, ends as one that was not interrupted.

The interruption comes when AWS has done what it was asked and its answer is not yet read: the worst moment. Calls that
only look are left out: an interruption there leaves things as the call before them did.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.client
import httpx
import pytest

from tests.deploy.aws import Aws
from tests.deploy.conftest import NAME, Command
from tests.deploy.test_deployment import served

_LOOKS = ("Describe", "List", "Get", "BatchGet")
VERSION = re.compile(r"-\d{8}-\d{6}-\d{6}")


@contextmanager
def interrupted_after(calls: int) -> Iterator[Callable[[], bool]]:
    """Raise KeyboardInterrupt when so many calls that change something were made; gives whether it was raised."""
    call = botocore.client.BaseClient._make_api_call
    made = 0

    def counted(self: Any, operation: str, parameters: Any) -> Any:
        nonlocal made
        answer = call(self, operation, parameters)
        if operation.startswith(_LOOKS):
            return answer
        if threading.current_thread() is not threading.main_thread():
            return answer  # a call of the stand-in for AWS
        made += 1
        if made == calls:
            raise KeyboardInterrupt
        return answer

    botocore.client.BaseClient._make_api_call = counted
    try:
        yield lambda: made >= calls
    finally:
        botocore.client.BaseClient._make_api_call = call


def state(aws: Aws) -> tuple[list[str], str | None]:
    """Name everything there is, without the versions' dates, and the image that is served."""
    names = sorted(VERSION.sub("-VERSION", name) for name in aws.everything())
    return names, served(aws)["PrimaryContainer"]["Image"] if aws.endpoints else None


@pytest.mark.parametrize(
    "what",
    [
        "rollback",
        *(pytest.param(what, marks=pytest.mark.slow) for what in ("deploy", "serverless", "update", "delete")),
    ],
)
def test_interrupted_at_each_call_in_turn(
    aws: Aws, command: Command, push_image: Callable[..., str], what: str, tmp_path: Path
) -> None:
    (tmp_path / "bundle.json").touch()  # deploy packs it, and does not look inside
    bundle = f"--models={tmp_path}"

    def prepare() -> None:
        httpx.post(f"{aws.url}/moto-api/reset").raise_for_status()
        push_image("1")
        if what in ("update", "rollback", "delete"):
            assert command("deploy", "--yes", bundle).status == 0
            push_image("2")
        if what in ("rollback", "delete"):
            assert command("update", "--yes", bundle).status == 0

    options = {
        "deploy": ("deploy", bundle, "--notify=me@example.org"),
        "serverless": ("serverless", bundle, "--notify=me@example.org"),
        "update": ("update", bundle),
    }.get(what, (what,))
    prepare()
    assert command(*options, "--yes").status == 0
    wanted = state(aws)
    for calls in range(1, 200):
        prepare()
        with interrupted_after(calls) as reached:
            ended = command(*options, "--yes")
        if not reached():
            assert calls > 1, "nothing was interrupted"
            return
        assert ended.status == 130
        again = command(*options, "--yes")
        # After the last call of a deployment nothing is left to do, and it says so.
        assert again.status == 0 or "there is an endpoint" in again.err, (calls, again.err)
        assert state(aws) == wanted, f"after call {calls}"
    pytest.fail(f"{what} made 200 calls: {NAME}")
