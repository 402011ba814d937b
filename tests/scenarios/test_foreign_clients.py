"""Clients as people have them: a picture in the three ways that /predict takes, from each."""

import asyncio
import base64
import http.client
import json
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import numpy as np
import pytest
import requests
from PIL import Image

from tests.conftest import DATA
from tests.packages import run_with_packages
from training.data.fashion_mnist import CLASS_NAMES

_LABELS = {name.lower().replace("/", "-").replace(" ", "-"): name for name in CLASS_NAMES}
"""By the name of a picture in tests/data."""
_PROGRAMS = Path(__file__).parent / "clients"
_BOOT = DATA / "ankle-boot.png"
_PICTURE = _BOOT.read_bytes()
_JSON = json.dumps({"image": base64.b64encode(_PICTURE).decode()}).encode()
# As clients without a form of their own have it written by hand.
_FORM = b"".join(
    (
        b"--edge\r\n",
        b'Content-Disposition: form-data; name="file"; filename="boot.png"\r\nContent-Type: image/png\r\n\r\n',
        _PICTURE,
        b"\r\n--edge--\r\n",
    )
)
_WAYS = [("image/png", _PICTURE), ("multipart/form-data; boundary=edge", _FORM), ("application/json", _JSON)]

Answers = list[dict[str, Any]]


def _http_client(address: str) -> Answers:
    connection, answers = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60), []
    for kind, body in _WAYS:  # all three over one connection
        connection.request("POST", urlsplit(address).path, body, {"Content-Type": kind})
        answers.append(json.load(connection.getresponse()))
    connection.close()
    return answers


def _urllib(address: str) -> Answers:
    answers = []
    for kind, body in _WAYS:
        request = urllib.request.Request(address, body, {"Content-Type": kind})  # noqa: S310 (our own server)
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            answers.append(json.load(response))
    return answers


def _requests(address: str) -> Answers:
    kinds: list[dict[str, Any]] = [
        {"data": _PICTURE, "headers": {"content-type": "image/png"}},
        {"files": {"file": ("boot.png", _PICTURE, "image/png")}},
        {"json": json.loads(_JSON)},
    ]
    return [requests.post(address, timeout=60, **kind).json() for kind in kinds]


def _urllib3(address: str) -> Answers:
    urllib3 = pytest.importorskip("urllib3")
    kinds: list[dict[str, Any]] = [
        {"body": _PICTURE, "headers": {"content-type": "image/png"}},
        {"fields": {"file": ("boot.png", _PICTURE, "image/png")}},
        {"json": json.loads(_JSON)},
    ]
    with urllib3.PoolManager() as pool:
        return [pool.request("POST", address, timeout=60, **kind).json() for kind in kinds]


def _httpx(address: str) -> Answers:
    kinds: list[dict[str, Any]] = [
        {"content": _PICTURE, "headers": {"content-type": "image/png"}},
        {"files": {"file": ("boot.png", _PICTURE, "image/png")}},
        {"json": json.loads(_JSON)},
    ]
    return [httpx.post(address, timeout=60, **kind).json() for kind in kinds]


def _aiohttp(address: str) -> Answers:
    async def ask() -> Answers:
        form = aiohttp.FormData()
        form.add_field("file", _PICTURE, filename="boot.png", content_type="image/png")
        kinds: list[dict[str, Any]] = [
            {"data": _PICTURE, "headers": {"content-type": "image/png"}},
            {"data": form},
            {"json": json.loads(_JSON)},
        ]
        async with aiohttp.ClientSession() as session:
            return [await (await session.post(address, **kind)).json() for kind in kinds]

    return asyncio.run(ask())


def _curl(address: str) -> Answers:
    """``--http2`` to an http:// address asks for it by Upgrade: h2c."""
    if shutil.which("curl") is None:
        pytest.skip("needs curl: apt-get install curl")
    ways = [
        ["--data-binary", f"@{_BOOT}", "--header", "content-type: image/png"],
        ["--form", f"file=@{_BOOT};type=image/png"],
        ["--json", "@-"],
    ]
    return [
        json.loads("".join(_output(["curl", "--silent", "--http2", "--max-time", "60", *way, address], _JSON)))
        for way in ways
    ]


def _java(address: str) -> Answers:
    if shutil.which("java") is None:
        pytest.skip("needs Java 11 or later: apt-get install default-jdk-headless")
    return [json.loads(line) for line in _output(["java", str(_PROGRAMS / "Predict.java"), address, str(_BOOT)])]


def _node(address: str) -> Answers:
    if shutil.which("node") is None:
        pytest.skip("needs Node 18 or later: apt-get install nodejs")
    return [json.loads(line) for line in _output(["node", str(_PROGRAMS / "predict.mjs"), address, str(_BOOT)])]


def _output(command: list[str], given: bytes = b"") -> list[str]:
    ended = subprocess.run(command, input=given, capture_output=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr.decode()
    return ended.stdout.decode().splitlines()


@pytest.mark.parametrize("ask", [_http_client, _urllib, _urllib3, _requests, _httpx, _aiohttp, _curl, _java, _node])
def test_a_client_posts_a_picture_in_all_three_ways(url: str, ask: Callable[[str], Answers]) -> None:
    answers = ask(f"{url}/predict")
    assert [answer.get("label", answer) for answer in answers] == ["Ankle boot"] * 3
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("ask", [_curl, _java])
def test_these_clients_do_ask_for_an_upgrade(ask: Callable[[str], Answers]) -> None:
    """Or the test above would say nothing about it."""
    heads = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hear() -> None:
            connection, _ = listener.accept()
            with connection:
                heads.append(connection.recv(64 * 1024))

        thread = threading.Thread(target=hear, daemon=True)
        thread.start()
        with pytest.raises(AssertionError):
            ask(f"http://127.0.0.1:{listener.getsockname()[1]}/predict")
        thread.join(10)
    assert b"\r\nupgrade: h2c\r\n" in heads[0].lower()


@pytest.mark.slow
def test_mlserver_client_classifies_all_pictures_as_json_and_as_bytes(url: str, tmp_path: Path) -> None:
    pictures = [np.asarray(Image.open(path).convert("L")) for path in sorted(DATA.glob("*.png"))]
    np.save(tmp_path / "images.npy", np.stack(pictures)[..., np.newaxis])
    command = ["uv", "run", "--no-project", "--script", str(_PROGRAMS / "mlserver_client.py"), urlsplit(url).netloc]
    ended = run_with_packages([*command, str(tmp_path / "images.npy")], tmp_path)
    assert ended.returncode == 0, ended.stderr
    expected = [CLASS_NAMES.index(_LABELS[path.stem]) for path in sorted(DATA.glob("*.png"))]
    assert [json.loads(line) for line in ended.stdout.splitlines()] == [["cnn_a", expected]] * 2
