"""What AWS would refuse is refused before anything is asked, spoken of or made."""

import pytest

from tests.deploy.aws import Aws
from tests.deploy.conftest import Command
from tests.deploy.test_failures import assert_paragraph


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("deploy", "--name=under_score"), ("--name 'under_score'", "matches")),
        (("deploy", "--name=" + "a" * 64), ("--name", "from 0 to 63 characters, not 64")),
        (("deploy", "--name=" + "a" * 50), ("with a version's date", "from 0 to 63 characters, not 73")),
        (("deploy", "--name=Upper"), ("as an ECR repository's", "matches")),
        (("deploy", "--name=" + "a" * 40, "--region=ap-southeast-1"), ("the bucket would be called", "3 to 63")),
        (("deploy", "--instance-type=ml.m5.xxlarge"), ("knows no such type", "did you mean ml.m5.")),
        (("deploy", "--instance-type=t2.micro"), ("knows no such type", "ml.m5.xlarge")),
        (("transform", "x.csv", "--instance-type=ml.t2.medium"), ("knows no such type for this",)),
        (("deploy", "--instances=3", "--max-instances=2"), ("--max-instances 2 is less than --instances 3",)),
        (("deploy", "--role=me"), ("--role me", "from 20 to 2048 characters, not 2")),
        (("deploy", "--role=arn:aws:iam::12:role/name"), ("--role", "matches arn:aws")),
        (("deploy", "--tag=a=!"), ("--tag a=!: the value", "matches")),
        (("serverless", "--concurrency=201"), ("--concurrency 201", "from 1 to 200, not 201")),
        (("deploy", "--models=/nowhere"), ("/nowhere holds no bundle.json", "--models DIR")),
        (("transform", "/nowhere.csv"), ("there is no /nowhere.csv",)),
        (("transform", "README.md"), ("must be a file that ends in one of .csv",)),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_refused_before_anything_is_asked(
    aws: Aws, command: Command, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    ended = command(*options)
    assert_paragraph(ended, *words)
    assert ended.out == "", "no word of money"
    assert aws.calls == []


@pytest.mark.parametrize("name", ["update", "deploy"])
def test_help_shows_what_to_type(command: Command, capsys: pytest.CaptureFixture[str], name: str) -> None:
    with pytest.raises(SystemExit):
        command(name, "--help")
    assert "%%" not in capsys.readouterr().out
