"""Clients that generators make from /openapi.json: made without a warning, they classify a picture."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import DATA

_CLIENTS = Path(__file__).parent / "clients"
_BOOT = DATA / "ankle-boot.png"
_EMPTY = "the image is empty"

_PYTHON = """
import base64, sys
from io import BytesIO
from pathlib import Path
from generated import Client
from generated.api.predict import predict
from generated.models import ImageAsJSON, ModelName, PredictFilesBody
from generated.types import File

client = Client(base_url=sys.argv[1], timeout=60)
picture = Path(sys.argv[2]).read_bytes()
file = File(payload=BytesIO(picture), file_name="boot.png", mime_type="image/png")
print(predict.sync(client=client, body=ImageAsJSON(image=base64.b64encode(picture).decode())).label)
print(predict.sync(client=client, body=PredictFilesBody(file=file), model=ModelName.CNN_A).label)
print(predict.sync(client=client, body=File(payload=picture)).label)
print(predict.sync(client=client, body=ImageAsJSON(image="")).detail)
"""


def _run(*command: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where the generator finds its formatter
    ended = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def test_a_python_client(url: str, tmp_path: Path) -> None:
    options = ["--config", str(_CLIENTS / "openapi-python-client.json"), "--meta", "none", "--output-path", "generated"]
    made = _run("openapi-python-client", "generate", "--url", f"{url}/openapi.json", *options, folder=tmp_path)
    assert made.strip() == "Generating generated"  # and no warning
    (tmp_path / "ask.py").write_text(_PYTHON)
    labels = _run(sys.executable, "ask.py", url, str(_BOOT), folder=tmp_path).splitlines()
    assert labels[:3] == ["Ankle boot"] * 3
    assert _EMPTY in labels[3]


@pytest.mark.slow
def test_a_typescript_client(url: str, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs Node 20 or later with npm: apt-get install npm")
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    packages = ["openapi-typescript@7", "openapi-fetch@0.17", "typescript@5", "@types/node@20"]
    installed = subprocess.run([npm, "install", "--silent", *packages], cwd=tmp_path, check=False, timeout=300)
    if installed.returncode != 0:
        pytest.skip("needs npm's registry, for the generator")
    made = _run("npx", "openapi-typescript", f"{url}/openapi.json", "-o", "api.d.ts", folder=tmp_path)
    assert "warn" not in made.lower(), made
    shutil.copy(_CLIENTS / "generated.ts", tmp_path)
    _run("npx", "tsc", "--strict", "--module", "nodenext", "--target", "es2022", "generated.ts", folder=tmp_path)
    label, refused = _run("node", "generated.js", url, str(_BOOT), folder=tmp_path).splitlines()
    assert label == "Ankle boot"
    assert _EMPTY in refused
