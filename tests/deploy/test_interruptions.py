"""Each command, interrupted after any of its calls and run again, ends as one that was not interrupted.

The interruption comes when AWS has done what it was asked and its answer is not yet read: the worst moment. Calls that
only look are left out: an interruption there leaves things as the call before them did.
"""

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.client
import httpx
import pytest

from tests.conftest import slow
from tests.deploy.aws import ACCOUNT, REGION, Aws
from tests.deploy.conftest import NAME, Command, Docker, Ended
from tests.deploy.test_deployment import served
from training.data.fashion_mnist import FashionMNIST
from training.experiments.registry import EXPERIMENTS
from training.experiments.runs import RunFolder

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


def interruptions(prepare: Callable[[], None], command: Callable[[], Ended], *, least: int, most: int) -> Iterator[int]:
    """Interrupt a command after each of its calls in turn; gives the call's number, for a look at what then is there.

    Args:
        prepare: puts things as they were before the command.
        command: runs it.
        least: so many calls it makes at least.
        most: and so many at most.

    """
    for calls in range(1, most):
        prepare()
        with interrupted_after(calls) as reached:
            ended = command()
        if not reached():
            assert calls > least, "it makes more calls"
            return
        assert ended.status == 130, ended.err
        yield calls
    pytest.fail(f"it made {most} calls")


def state(aws: Aws) -> tuple[list[str], str | None]:
    """Name everything there is, without the versions' dates, and the image that is served."""
    names = sorted(VERSION.sub("-VERSION", name) for name in aws.everything())
    return names, served(aws)["PrimaryContainer"]["Image"] if aws.endpoints else None


OPTIONS = {
    "deploy": ("deploy", "--notify=me@example.org", "--until=8h"),
    "async": ("async",),
    "serverless": ("serverless", "--notify=me@example.org"),
    "update": ("update",),
    "try": ("update", "--weight=50%"),
}


@pytest.mark.parametrize(
    "what", ["rollback", "push", *slow("promote", "deploy", "async", "serverless", "update", "try", "delete")]
)
def test_interrupted_at_each_call_in_turn(
    aws: Aws, command: Command, push_image: Callable[..., str], what: str, docker: Docker
) -> None:
    docker.behaves()

    def prepare() -> None:
        httpx.post(f"{aws.url}/moto-api/reset", timeout=60).raise_for_status()
        if what == "push":
            return
        push_image("1")
        if what in ("update", "try", "promote", "rollback", "delete"):
            assert command("deploy", "--yes").status == 0
            push_image("2")
        if what in ("rollback", "delete"):
            assert command("update", "--yes").status == 0
        if what == "promote":
            assert command("update", "--weight=50%", "--yes").status == 0

    sure = () if what == "push" else ("--yes",)
    options = (*OPTIONS.get(what, (what,)), *sure)
    prepare()
    done = command(*options)
    assert done.status == int(what == "push"), done.err  # the client pushes nothing, so that the image is not there
    wanted = state(aws)
    for calls in interruptions(prepare, lambda: command(*options), least=1, most=200):
        again = command(*options)
        # After the last call of a deployment nothing is left to do, and it says so.
        assert again.status == done.status or "there is an endpoint" in again.err, (calls, again.err)
        assert state(aws) == wanted, f"after call {calls}"


@pytest.mark.slow
def test_a_transform_interrupted_at_each_call_in_turn_leaves_no_model(
    aws: Aws, command: Command, push_image: Callable[..., str], tmp_path: Path
) -> None:
    """Its job goes on, as AWS's do; the next run takes the model away that this one could not."""
    (tmp_path / "in.csv").write_text("0" + ",0" * 783 + "\n")
    options = ("transform", str(tmp_path / "in.csv"), "--yes", f"--output={tmp_path / 'out'}")

    def prepare() -> None:
        httpx.post(f"{aws.url}/moto-api/reset", timeout=60).raise_for_status()
        push_image("1")

    for calls in interruptions(prepare, lambda: command(*options), least=5, most=50):
        assert command(*options).status == 0
        assert aws.client("sagemaker").list_models()["Models"] == [], f"after call {calls}"


@pytest.mark.slow
def test_training_interrupted_at_each_call_in_turn_submits_each_job_once(
    aws: Aws,
    command: Command,
    push_image: Callable[..., str],
    dataset: FashionMNIST,
    job_output: bytes,
    tmp_path: Path,
) -> None:
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{NAME}:serving-1"
    aws.job_output = job_output
    runs = tmp_path / "runs"
    options = (
        "train",
        "baseline",
        "--yes",
        f"--image={image}",
        "--seeds=1",
        f"--runs={runs}",
        f"--data={dataset.source}",
    )

    def prepare() -> None:
        httpx.post(f"{aws.url}/moto-api/reset", timeout=60).raise_for_status()
        shutil.rmtree(runs, ignore_errors=True)
        push_image("1")

    for calls in interruptions(prepare, lambda: command(*options), least=5, most=50):
        again = command(*options)
        assert again.status == 0, again.err
        assert len(aws.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]) == 1, f"after call {calls}"
        assert RunFolder(runs).finished(EXPERIMENTS["baseline"], 0) is not None
