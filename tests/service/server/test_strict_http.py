"""Heads and bodies as RFC 9110 and 9112 have them: upgrades that are not taken, Host, methods."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import DATA
from tests.servers import eventually, logging_server
from tests.service.server.test_client_timeouts import connected, everything, refusal

COAT = (DATA / "coat.png").read_bytes()
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
HEAD = b" HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
PING = b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    with logging_server(tmp_path_factory.mktemp("log") / "log") as started:
        yield started


def with_length(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def in_chunks(body: bytes) -> bytes:
    middle = len(body) // 2
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:middle], body[middle:]))
    return b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"


def whole(request: bytes) -> list[bytes]:
    return [request]


def body_apart(request: bytes) -> list[bytes]:
    end = request.index(b"\r\n\r\n") + 4
    return [request[:end], request[end:]]


def in_the_body(request: bytes) -> list[bytes]:
    end = request.index(b"\r\n\r\n") + 40
    return [request[:end], request[end:]]


def everywhere(request: bytes) -> list[bytes]:
    return [request[start : start + 37] for start in range(0, len(request), 37)]


def answers_to(url: str, pieces: list[bytes]) -> list[tuple[int, bytes]]:
    """Send pieces, each a packet of its own; gives each answer's status and body."""
    with connected(url) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.02 if len(pieces) < 9 else 0.001)
        left = everything(connection)
    answers = []
    while left:
        head, _, left = left.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        answers.append((int(head.split()[1]), left[:length]))
        left = left[length:]
    return answers


@pytest.mark.parametrize("upgrade", [UPGRADE, UPGRADE.replace(b"h2c", b"websocket")], ids=["h2c", "websocket"])
@pytest.mark.parametrize("framed", [with_length, in_chunks])
@pytest.mark.parametrize("cut", [whole, body_apart, in_the_body, everywhere])
def test_a_post_that_asks_for_another_protocol_keeps_its_body(
    server: tuple[str, Path],
    upgrade: bytes,
    framed: Callable[[bytes], bytes],
    cut: Callable[[bytes], list[bytes]],
) -> None:
    url, log = server
    before = log.read_text().count("\n")
    *first, last = answers_to(url, cut(b"POST /predict" + HEAD + upgrade + framed(COAT) + PING))
    assert [(status, json.loads(body)["label"]) for status, body in first] == [(200, "Coat")]
    assert last == (200, b"")
    assert eventually(lambda: log.read_text().count("\n") > before)
    assert log.read_text().count("\n") == before + 1  # /ping is not logged


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH", "OPTIONS"])
def test_an_upgrade_changes_no_method_s_answer(server: tuple[str, Path], method: str) -> None:
    url, _ = server
    plain = method.encode() + b" /predict" + HEAD + b"%s" + with_length(b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\n") + PING
    asked = [answers_to(url, body_apart(plain.replace(b"%s", extra))) for extra in (b"", UPGRADE)]
    assert [status for status, _ in asked[1]] == [405, 200]
    assert asked[0] == asked[1]


def test_many_that_ask_for_another_protocol_are_answered_in_order(server: tuple[str, Path]) -> None:
    post = b"POST /predict?top_k=%d" + HEAD + UPGRADE
    requests = b"".join(post % k + with_length(COAT) for k in range(1, 8))
    *first, _ = answers_to(server[0], [requests + PING])
    assert [len(json.loads(body)["predictions"]) for _, body in first] == list(range(1, 8))


@pytest.mark.parametrize(
    ("hosts", "version", "words"),
    [
        (b"", b"1.1", "no Host"),
        (b"Host: a\r\nHost: a\r\n", b"1.1", "2 Host"),
        (b"Host: a\r\nHost: b\r\n", b"1.0", "2 Host"),
        (b"Host: a b\r\n", b"1.1", "no host name"),
        (b"Host: a, b\r\n", b"1.1", "no host name"),
        (b"Host: http://a/\r\n", b"1.1", "no host name"),
        (b"Host: a:b\r\n", b"1.1", "no host name"),
    ],
)
def test_a_host_that_is_missing_double_or_none_is_refused(
    server: tuple[str, Path], hosts: bytes, version: bytes, words: str
) -> None:
    with connected(server[0]) as connection:
        connection.sendall(b"GET /ping HTTP/" + version + b"\r\n" + hosts + b"\r\n" + PING)
        status, detail = refusal(everything(connection))  # one answer: two would be no JSON
    assert status == 400
    assert words in detail


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0\r\n",
        b"HTTP/1.1\r\nHost:\r\n",
        b"HTTP/1.1\r\nHost: shop.example:8080\r\n",
        b"HTTP/1.1\r\nHost: [::1]:8080\r\n",
        b"HTTP/1.1\r\nHost: xn--caf-dma.example\r\n",
    ],
)
def test_a_host_as_it_should_be_is_taken(server: tuple[str, Path], head: bytes) -> None:
    assert answers_to(server[0], [b"GET /ping " + head + b"Connection: close\r\n\r\n"]) == [(200, b"")]


@pytest.mark.parametrize("method", [b"BREW", b"get", b"X-LONG-METHOD", b"CONNECT"])
def test_a_method_nobody_knows_is_not_implemented(server: tuple[str, Path], method: bytes) -> None:
    url, log = server
    before = log.read_text().count("\n")
    target = b"shop.example:443" if method == b"CONNECT" else b"/predict"
    with connected(url) as connection:
        connection.sendall(method + b" " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n" + PING)
        status, detail = refusal(everything(connection))
    assert status == 501
    assert "method" in detail or "tunnels" in detail
    assert eventually(lambda: log.read_text().count("\n") == before + 1)


def test_a_form_s_preamble_is_legitimate(server: tuple[str, Path]) -> None:
    """RFC 2046, section 5.1.1: what comes before the first boundary is to be ignored."""
    part = b'Content-Disposition: form-data; name="file"; filename="coat.png"\r\n\r\n'
    form = b"A preamble,\r\nof two lines.\r\n--b\r\n" + part + COAT + b"\r\n--b--\r\nAn epilogue."
    head = (
        b"POST /predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    )
    [(status, body)] = answers_to(server[0], [head + with_length(form)])
    assert (status, json.loads(body)["label"]) == (200, "Coat")
