"""What docs/training.md says to type works in the order in which it stands there, down to the service that answers."""

from pathlib import Path

import httpx
import pytest

from tests.conftest import DATA, StartServer
from tests.test_docs import shell_commands
from training.__main__ import main
from training.data import fashion_mnist
from training.data.fashion_mnist import FashionMNIST

COMMANDS = [
    arguments
    for page, program, arguments in shell_commands()
    if (page, program) == ("training.md", "training") and "--on" not in arguments
]


@pytest.mark.slow
def test_the_commands_of_the_page_follow_one_another(
    tiny: FashionMNIST, tmp_path: Path, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fashion_mnist, "load", lambda folder: tiny)  # noqa: ARG005
    assert [command for command, *_ in COMMANDS] == ["run", "probe", "release"]
    for arguments in COMMANDS:
        assert main([str(tmp_path / Path(word).name) if word.startswith("/") else word for word in arguments]) == 0
    url = start_server(SERVICE_MODEL_DIR=str(tmp_path / "bundle"))
    report = httpx.get(f"{url}/experiments", timeout=60).json()
    assert [row["name"] for row in report["experiments"]] == ["baseline", "cnn_a", "cnn_b"]
    sent = {"file": (DATA / "ankle-boot.png").read_bytes()}
    assert len(httpx.post(f"{url}/compare", files=sent, timeout=60).json()["predictions"]) == 3
