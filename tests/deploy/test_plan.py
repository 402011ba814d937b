"""The dry run prints the calls that the real command makes, and makes none."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import DATA
from tests.deploy.aws import Aws
from tests.deploy.conftest import Command

NO_S3 = re.compile(r"^(?!S3\.)[A-Z][\w ]+\.(\w+)\(", re.MULTILINE)


@pytest.mark.parametrize("what", ["deploy", "serverless"])
def test_plan_is_what_is_done(aws: Aws, command: Command, push_image: Callable[[str], str], what: str) -> None:
    planned = command("plan", what)
    assert planned.status == 0, planned.err
    assert aws.calls == []
    assert "This costs money" in planned.out
    push_image("1")
    aws.calls.clear()
    done = command(what, "--yes")
    assert done.status == 0, done.err
    assert NO_S3.findall(planned.out) == aws.calls
    assert planned.out.count("S3.PutObject(") == 1


def test_plan_of_an_update_and_of_a_deletion(aws: Aws, command: Command, push_image: Callable[[str], str]) -> None:
    push_image("1")
    planned = {what: NO_S3.findall(command("plan", what).out) for what in ("update", "delete")}
    assert command("deploy", "--yes", "--notify=somebody@example.org").status == 0
    for image in ("2", "3"):  # the plan's endpoint has a version before, too
        push_image(image)
        aws.calls.clear()
        assert command("update", "--yes").status == 0
    assert planned["update"] == aws.calls
    aws.calls.clear()
    assert command("delete", "--yes").status == 0
    done = iter(planned["delete"])  # which expects everything that can be there
    assert [call for call in aws.calls if call not in done] == [], "the same calls in the same order"


@pytest.mark.parametrize(
    "what",
    [
        ("status",),
        ("invoke", str(DATA / "bag.png")),
        ("push",),
        ("build",),
        ("rollback",),
        ("transform", str(DATA / "bag.png")),
    ],
    ids=lambda what: what[0],
)
def test_every_other_plan_calls_nothing(
    aws: Aws,
    command: Command,
    what: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    ended = command("plan", "--name=mine", *what)
    assert ended.status == 0, ended.err
    assert "mine" in ended.out
    assert aws.calls == []
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("line", ["plan --name=mine delete", "plan delete --name=mine"])
def test_options_may_stand_on_either_side_of_the_planned_command(command: Command, line: str) -> None:
    assert "DescribeEndpoint(EndpointName='mine')" in command(*line.split()).out


@pytest.mark.usefixtures("aws")
def test_training_jobs_are_not_planned(command: Command) -> None:
    ended = command("plan", "train")
    assert (ended.status, "cannot be planned" in ended.err) == (1, True)
