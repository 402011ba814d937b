"""What the pages say to type works: each page's commands in its ``sh`` blocks, then those in its text, one by one."""

from collections.abc import Callable
from functools import partial

import pytest
from moto.sagemaker.models import FakeEndpointConfig

from deploy import image
from deploy.account import Account
from deploy.options import parse
from tests.deploy.aws import Aws
from tests.deploy.conftest import Command, Docker
from tests.test_docs import PAGES, shell_commands

COMMANDS = [(page, arguments) for page, program, arguments in shell_commands() if program == "deploy"]
FULLEST = "deployment.md"
"""Has all commands that the other pages have."""


@pytest.mark.parametrize(
    "page",
    [page if page == FULLEST else pytest.param(page, marks=pytest.mark.slow) for page in dict(COMMANDS)],
)
@pytest.mark.usefixtures("runtime")
def test_the_commands_of_a_page_follow_one_another(
    page: str,
    aws: Aws,
    command: Command,
    docker: Docker,
    push_image: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Docker's client is a script here: what it would push is put into ECR for it."""
    # moto's list of instance types is older than Graviton.
    monkeypatch.setattr(FakeEndpointConfig, "validate_instance_type", lambda *_: None)
    monkeypatch.setattr(image, "_docker", partial(_run_docker, image._docker, push_image))
    (content,) = (file.read_text(encoding="utf-8") for file in PAGES if file.name == page)
    for number, arguments in enumerate(arguments for of, arguments in COMMANDS if of == page):
        if arguments[0] == "build":
            docker.behaves(f'[ "$1" = image ] && echo sha256:{number:012}; exit 0')
            aws.architecture = "arm64" if "linux/arm64" in arguments else "amd64"
        asked = parse(arguments)
        ended = command(*arguments, *(["--yes"] if "yes" in asked and not asked.dry else []))
        assert ended.status == 0, f"{' '.join(arguments)}: {ended.err}"
        if arguments[0] == "invoke":
            assert f"# {ended.out.strip()}\n" in content


def _run_docker(
    real: Callable[..., None], push_image: Callable[[str], str], account: Account, *arguments: str, **options: str
) -> None:
    real(account, *arguments, **options)
    if arguments[0] == "push":
        push_image(arguments[1].rpartition("serving-")[2])
