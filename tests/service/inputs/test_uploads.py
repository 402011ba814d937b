"""How a picture may be uploaded: as a form, as JSON, or as the body."""

import gzip

import httpx
import pytest

from tests.conftest import DATA, assert_problem

PNG = {"content-type": "image/png"}
PICTURE = (DATA / "coat.png").read_bytes()


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"", 400, "not JSON"),
        (b'{"image": ', 400, "not JSON"),
        (b"[]", 422, '{"image"'),
        (b'{"picture": "abc"}', 422, '{"image"'),
        (b'{"image": 5}', 422, '{"image"'),
        (b'{"image": "aGVs\nbG8="}', 400, "a line break in a text is written \\n (line 1, character 16)"),
        ('{"image": "é"}'.encode(), 400, "base64"),
        (b'{"image": "aGVsbG8=", "model": "cnn_b"}', 422, "as ?model="),
        (b'{"image": "%%%"}', 400, "base64"),
        (b'{"image": "data:image/png,abc"}', 422, "base64"),
        (b'{"image": "aGVsbG8="}', 400, "not a picture"),
        (b'{"image": ""}', 400, "empty"),
    ],
)
def test_bad_json_is_explained(client: httpx.Client, body: bytes, status: int, word: str) -> None:
    response = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert_problem(response, status, word)


def test_form_without_the_field_is_explained(client: httpx.Client) -> None:
    response = client.post("/predict", data={"model": "cnn_b"}, files={"file": (DATA / "coat.png").read_bytes()})
    assert_problem(response, 422, "model goes into the address")
    response = client.post("/predict", files={"picture": ("coat.png", b"x")})
    assert_problem(response, 422, "'file'", "picture")
    response = client.post("/predict", data={"file": "text"}, files={"other": b"x"})
    assert_problem(response, 422, "'file' is text", "file=@")


def test_broken_form_is_explained(client: httpx.Client) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert_problem(client.post("/predict", content=b"--x\r\nnonsense", headers=headers), 400, "closing boundary")
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nGIF'
    assert_problem(client.post("/predict", content=part, headers=headers), 400, "closing boundary")
    files = [("file", ("a.png", b"x")), ("file", ("b.png", b"x"))]
    assert_problem(client.post("/predict", files=files), 400, "Send one file")
    for charset in ("undefined", "no-such-charset"):
        odd = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
        assert_problem(client.post("/predict", content=part + b"\r\n--x--", headers=odd), 400)
    name = b'--x\r\nContent-Disposition: form-data; name="\\ud800"\r\n\r\nv\r\n--x--'
    odd = {"content-type": "multipart/form-data; boundary=x; charset=unicode_escape"}
    assert_problem(client.post("/predict", content=name, headers=odd), 422, "'file'")
    response = client.post("/predict", content=b"--x\r\n", headers={"content-type": "multipart/form-data"})
    assert_problem(response, 400, "boundary")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_other_content_types_are_refused_with_the_list(client: httpx.Client, content_type: str) -> None:
    response = client.post("/predict", content=b"x", headers={"content-type": content_type})
    assert_problem(response, 415, "multipart/form-data", "image/png", "application/json")


@pytest.mark.parametrize("path", ["/predict", "/invocations", "/v1/models/cnn_a:predict"])
def test_a_compressed_body_is_explained(client: httpx.Client, path: str) -> None:
    content = (DATA / "coat.png").read_bytes()
    headers = {"content-type": "image/png", "content-encoding": "gzip"}
    assert_problem(client.post(path, content=gzip.compress(content), headers=headers), 415, "'gzip'", "uncompressed")
    as_it_is = client.post(path, content=content, headers=headers | {"content-encoding": "identity"})
    assert "uncompressed" not in as_it_is.text


def form(boundary: str, head: str, content: bytes, end: str = "--\r\n") -> tuple[bytes, dict[str, str]]:
    body = f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + f"\r\n--{boundary}{end}".encode()
    return body, {"content-type": f"multipart/form-data; boundary={boundary}"}


PLAIN = 'Content-Disposition: form-data; name="file"; filename="coat.png"\r\nContent-Type: image/png'
ODD = 'content-type: image/png\r\ncontent-disposition: form-data; filename=coat.png; name="file"'


@pytest.mark.parametrize(
    ("head", "end"),
    [(PLAIN, "--\r\n"), (PLAIN, "--"), (ODD, "--\r\n"), (PLAIN, "--\r\nepilogue"), (PLAIN, "--\r\n\r\n")],
)
def test_a_form_is_read_alike_whichever_way_it_is_written(client: httpx.Client, head: str, end: str) -> None:
    bare = client.post("/predict", content=PICTURE, headers={"content-type": "image/png"})
    body, headers = form("b0undary", head, PICTURE, end)
    answer = client.post("/predict", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json() == bare.json()


def test_a_form_of_two_files_is_no_form_of_one(client: httpx.Client) -> None:
    body, headers = form("b", PLAIN, PICTURE + b"\r\n--b\r\n" + PLAIN.encode() + b"\r\n\r\n" + PICTURE)
    assert_problem(client.post("/predict", content=body, headers=headers), 400, "Send one file")


def test_an_empty_file_in_a_form_is_an_empty_picture(client: httpx.Client) -> None:
    body, headers = form("b", PLAIN, b"")
    assert_problem(client.post("/predict", content=body, headers=headers), 400, "0 bytes")
