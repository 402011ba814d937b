"""What AWS would refuse is refused before anything is asked, spoken of or made."""

import pytest

from tests.deploy.aws import Aws
from tests.deploy.conftest import Command
from tests.deploy.test_failures import assert_paragraph


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ("deploy", "--name=under_score"),
            ("--name 'under_score'", "lower-case letters and digits", "such as shoes-2"),
        ),
        (("deploy", "--name=s"), ("--name 's'", "two or more")),
        (("deploy", "--name=" + "a" * 50), ("with a version's date", "from 0 to 63 characters, not 73")),
        (("deploy", "--name=Upper"), ("--name 'Upper'", "lower-case letters and digits")),
        (("deploy", "--name=" + "a" * 40, "--region=ap-southeast-1"), ("the bucket would be called", "3 to 63")),
        (("deploy", "--instance-type=ml.m5.xxlarge"), ("knows no such type", "did you mean ml.m5.")),
        (("deploy", "--instance-type=t2.micro"), ("knows no such type", "ml.m5.xlarge")),
        (("transform", "x.csv", "--instance-type=ml.t2.medium"), ("knows no such type for this",)),
        (("deploy", "--instances=3", "--max-instances=2"), ("--max-instances 2 is less than --instances 3",)),
        (("deploy", "--role=me"), ("--role me", "not 2, such as arn:aws:iam::123456789012:role/NAME")),
        (("deploy", "--role=arn:aws:iam::12:role/name"), ("--role", "matches arn:aws")),
        (("deploy", "--tag=a=!"), ("--tag a=!: the value", "matches")),
        (("serverless", "--concurrency=201"), ("--concurrency 201", "from 1 to 200, not 201")),
        (("deploy", "--region=moon-1"), ("--region moon-1: AWS has no such region", "did you mean")),
        (("plan", "--region=eu-wst1"), ("--region eu-wst1", "did you mean eu-west-1")),
        (("deploy", "--subnets=a_b", "--security-groups=y"), ("--subnets a_b", "such as subnet-0a1b2c3d")),
        (("deploy", "--kms-key=abc"), ("--kms-key abc", "such as arn:aws:kms:")),
        (("deploy", "--models=README.md"), ("README.md holds no bundle.json", "--models DIR")),
        (("deploy", "--env=SERVICE_WORKRES=2"), ("no setting SERVICE_WORKRES; did you mean SERVICE_WORKERS?",)),
        (("update", "--env=SERVICE_WORKERS=two"), ("SERVICE_WORKERS=two", "valid integer", "docs/settings.md")),
        (("transform", "tests/data/bag.png", "--env=SERVICE_PRECISION=int4"), ("SERVICE_PRECISION=int4", "'int8'")),
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


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("deploy --instancetype ml.m5.large", "deploy takes no --instancetype; did you mean --instance-type?"),
        ("plan deploy --unitl=8h", "deploy takes no --unitl; did you mean --until?"),
        ("delete --force", "delete takes no --force; see python -m deploy delete --help"),
        ("delete --y", "delete takes no --y; did you mean --yes?"),
        ("deploy here", "deploy takes no here; see python -m deploy deploy --help"),
        ("plan plan", "plan takes a command that calls AWS, not 'plan'"),
        ("plan export", "plan takes a command that calls AWS, not 'export'"),
    ],
)
def test_an_option_that_a_command_does_not_have(
    command: Command, capsys: pytest.CaptureFixture[str], line: str, words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        command(*line.split())
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
