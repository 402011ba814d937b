"""What the pages say to type works in the order in which it stands there: each page's commands, one after the other."""

from collections.abc import Callable

import pytest
from moto.sagemaker.models import FakeEndpointConfig

from deploy.options import parse
from tests.deploy.aws import Aws
from tests.deploy.conftest import Command, Docker
from tests.test_docs import shell_commands

COMMANDS = [(page, arguments) for page, program, arguments in shell_commands() if program == "deploy"]


@pytest.mark.parametrize("page", sorted({page for page, _ in COMMANDS}))
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
    for number, arguments in enumerate(arguments for of, arguments in COMMANDS if of == page):
        if arguments[0] == "build":
            image = f"{number:012}"
            docker.behaves(f'[ "$1" = image ] && echo sha256:{image}; exit 0')
            aws.architecture = "arm64" if "linux/arm64" in arguments else "amd64"
        if arguments[0] == "push":
            push_image(image)
        asked = parse(arguments)
        ended = command(*arguments, *(["--yes"] if "yes" in asked and not asked.dry else []))
        assert ended.status == 0, f"{' '.join(arguments)}: {ended.err}"
