"""What is compressed, for whom, and that caches are told so."""

import asyncio
import gzip

import httpx
import pytest

from service.http.compression import Compression
from service.http.negotiation import accepts_gzip
from tests.conftest import DATA

SCRIPT = "/static/swagger-ui/swagger-ui-bundle.js"


def ask(client: httpx.Client, path: str, encoding: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """GET a path; gives the response, and its body as it was sent."""
    with client.stream("GET", path, headers={"accept-encoding": encoding, **headers}) as response:
        return response, b"".join(response.iter_raw())


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/", "*/*"),
        ("/experiments", "text/html"),
        ("/experiments", "application/json"),
        ("/experiments", "text/csv"),
        ("/experiments/cnn_a", "text/markdown"),
        ("/openapi.json", "*/*"),
        ("/figures/kernels.svg", "*/*"),
        ("/static/style.css", "*/*"),
        (SCRIPT, "*/*"),
    ],
)
def test_text_is_compressed_for_who_accepts_it(client: httpx.Client, path: str, accept: str) -> None:
    plain, content = ask(client, path, "identity", accept=accept)
    packed, short = ask(client, path, "br, gzip", accept=accept)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(short) == content
    assert len(short) == int(packed.headers["content-length"]) < len(content) / 2
    assert packed.headers["vary"] == plain.headers["vary"]
    assert packed.headers["vary"].endswith("Accept-Encoding")
    assert ("Accept-Language" in packed.headers["vary"]) is (path == "/" or path.startswith("/experiments"))
    head = client.head(path, headers={"accept-encoding": "gzip", "accept": accept})
    assert head.headers["content-length"] == packed.headers["content-length"]


def test_metrics_are_compressed(client: httpx.Client) -> None:
    answer, content = ask(client, "/metrics", "gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert b"service_requests_total" in gzip.decompress(content)


@pytest.mark.parametrize("path", ["/static/samples/coat.png", "/ping", "/execution-parameters", "/v1/models/cnn_a"])
def test_pictures_and_small_answers_are_not(client: httpx.Client, path: str) -> None:
    answer, _ = ask(client, path, "gzip")
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers
    assert "accept-encoding" not in answer.headers.get("vary", "").lower()


def test_predictions_are_not(client: httpx.Client) -> None:
    picture = {"content": (DATA / "coat.png").read_bytes(), "headers": {"content-type": "image/png"}}
    for path in ("/predict?include=input", "/explain", "/invocations"):
        answer = client.post(path, **picture)  # type: ignore[arg-type]
        assert answer.status_code == 200
        assert "content-encoding" not in answer.headers


def test_the_entity_tag_of_a_compressed_file_is_weak_and_known_again(client: httpx.Client) -> None:
    plain, packed = (ask(client, SCRIPT, encoding)[0].headers["etag"] for encoding in ("identity", "gzip"))
    assert packed == f"W/{plain}"
    for encoding, tag in (("identity", plain), ("gzip", packed)):
        again, content = ask(client, SCRIPT, encoding, **{"if-none-match": tag})
        assert (again.status_code, content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["vary"] == "Accept-Encoding"
    picture, _ = ask(client, "/static/samples/coat.png", "gzip")
    again, _ = ask(client, "/static/samples/coat.png", "gzip", **{"if-none-match": picture.headers["etag"]})
    assert again.headers["etag"] == picture.headers["etag"]
    assert "vary" not in again.headers


def test_a_range_is_of_the_file_itself(client: httpx.Client) -> None:
    _, whole = ask(client, SCRIPT, "identity")
    part, content = ask(client, SCRIPT, "gzip", range="bytes=100-2199")
    assert (part.status_code, content) == (206, whole[100:2200])
    assert "content-encoding" not in part.headers
    assert part.headers["vary"] == "Accept-Encoding"
    assert client.head(SCRIPT, headers={"range": "bytes=0-9"}).status_code == 200  # ranges are for GET


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZIP;q=0.5", True),
        ("x-gzip", True),
        ("*", True),
        ("br", False),
        ("gzip;q=0", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("identity, gzip;q=0.5", False),
        ("identity;q=0.5, gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
    ],
)
def test_accept_encoding(header: str | None, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


async def _no_app(*_: object) -> None:
    raise AssertionError


def test_a_worker_keeps_a_bounded_number_of_compressed_answers() -> None:
    compression = Compression(_no_app)
    for number in range(100):
        asyncio.run(compression._compressed(b"%d" % number * 1024))
    assert len(compression._kept) == 64
    assert asyncio.run(compression._compressed(b"99" * 1024)) == gzip.compress(b"99" * 1024, 6, mtime=0)
