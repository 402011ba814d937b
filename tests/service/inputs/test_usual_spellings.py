"""The formats in the ways that people and their programs write them."""

import base64
import io
import json

import httpx
import numpy as np
import pytest

from service.errors import MalformedError, UnusableError
from service.inputs.csv_images import read_csv
from service.inputs.json_images import read_json
from service.inputs.npy_images import read_npy
from tests.conftest import DATA, Samples, assert_problem

BOOT = (DATA / "ankle-boot.png").read_bytes()
URL_SAFE = base64.urlsafe_b64encode(BOOT).decode()


@pytest.mark.parametrize(
    "image",
    [
        URL_SAFE,
        URL_SAFE.rstrip("="),
        base64.b64encode(BOOT).decode().rstrip("="),
        "DATA:image/png;base64," + base64.b64encode(BOOT).decode(),
        "data:IMAGE/PNG;BASE64," + URL_SAFE,
    ],
)
def test_base64_of_either_alphabet_with_and_without_padding(client: httpx.Client, image: str) -> None:
    expected = client.post("/predict", content=BOOT, headers={"content-type": "image/png"}).json()
    answer = client.post("/predict", json={"image": image})
    assert answer.json() == expected, answer.text


def test_what_is_not_base64_is_still_refused(client: httpx.Client) -> None:
    for image in ("a", "abc$", "ab=c", "data:image/png,abc"):
        response = client.post("/predict", json={"image": image})
        assert_problem(response, 422 if "data:" in image else 400, "base64")


def images(samples: Samples, count: int = 2) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return (samples.images[:count] / np.float32(255)).astype(np.float32)


def test_npy_of_each_version(samples: Samples) -> None:
    for version in ((1, 0), (2, 0), (3, 0)):
        stream = io.BytesIO()
        np.lib.format.write_array(stream, images(samples), version=version)
        assert np.array_equal(read_npy(stream.getvalue(), max_batch=10).pixels[..., 0], images(samples))


def test_a_bare_list_is_read_as_instances(client: httpx.Client, samples: Samples) -> None:
    for shape in ((2, 28, 28), (2, 784), (2, 28, 28, 1)):
        body = images(samples).reshape(shape).tolist()
        expected = client.post("/invocations", json={"instances": body}).json()
        assert client.post("/invocations", json=body).json() == expected
    with pytest.raises(UnusableError, match="A single image is a list of one"):
        read_json(json.dumps(images(samples)[0].tolist()).encode(), max_batch=100)
    with pytest.raises(UnusableError, match="the list's item 1, counted from 0, has length 3"):
        read_json(json.dumps([[0.0] * 784, [0.0] * 3]).encode(), max_batch=10)
    for body in (b"[]", b"[[]]", b"[1, 2]", b"[{}]", b'["a"]', b"[null]", b"[[[]]]"):
        with pytest.raises(UnusableError):
            read_json(body, max_batch=10)


@pytest.mark.parametrize(
    "name", [f"application/{name}" for name in ("jsons", "jsonl", "x-jsonl", "x-jsonlines", "x-ndjson", "ndjson")]
)
def test_json_lines_by_each_name(client: httpx.Client, samples: Samples, name: str) -> None:
    lines = "".join(json.dumps(image.ravel().tolist()) + "\n" for image in images(samples))
    expected = client.post("/invocations", content=lines, headers={"content-type": "application/jsonlines"}).json()
    answer = client.post("/invocations", content=lines, headers={"content-type": f"{name}; charset=utf-8"})
    assert answer.json() == expected
    asked = client.post("/invocations", content=lines, headers={"content-type": name, "accept": name})
    assert asked.headers["content-type"] == name
    assert [json.loads(line) for line in asked.text.splitlines()] == expected["predictions"]
    streamed = {"content-type": name, "accept": name, "x-amzn-sagemaker-custom-attributes": "stream=true"}
    assert client.post("/invocations", content=lines, headers=streamed).text == asked.text


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_in_json_is_named(number: str) -> None:
    body = '{"instances": [[' + ", ".join(["0.5"] * 10 + [number] + ["0.5"] * 773) + "]]}"
    with pytest.raises(MalformedError, match=f"{number.strip('-')} is no number in JSON"):
        read_json(body.encode(), max_batch=10)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (";".join(["0,125"] * 784), "decimal commas, as 0,5"),
        (";".join(["0,125"] * 784) + ";", "decimal commas, as 0,5"),
        (";".join(['"0,125"'] * 784), "decimal commas, as 0,5"),
        ("\t".join(["0,125"] * 784), "decimal commas, as 0,5"),
        (",".join(["0,125"] * 784), "decimal commas, as 0,5"),
        (";".join(["0", "0,125"] * 392), "decimal commas, as 0,5"),
        (";".join(["0"] * 783 + ["0,125"]), "decimal commas, as 0,5"),
        (";".join(["0,125"] * 783 + ["0"]), "decimal commas, as 0,5"),
        (",".join(['"0"', '"0,125"'] * 392), "decimal commas, as 0,5"),
        ("\t".join(["0", "0,125"] * 392), "decimal commas, as 0,5"),
        (",".join(["0", "0,125"] * 392), "1176 columns, .* if it is written with decimal commas"),
        ('"0",' * 784 + "9", "785 columns, .*; leave out a label"),
        ('"pixel",' * 784 + "1", "785 columns, .*; leave out a label"),
        (";".join(["0.125"] * 784), "separate them with commas, not semicolons"),
        ("\t".join(["0.125"] * 784), "separate them with commas, not tabs"),
    ],
)
def test_a_spreadsheets_csv_is_recognised(row: str, words: str) -> None:
    with pytest.raises((MalformedError, UnusableError), match=f"row 1 .*{words}"):
        read_csv(f"{row}\r\n".encode(), max_batch=10)


@pytest.mark.parametrize("name", ["FILE", "File"])
def test_a_fields_name_is_matched_one_way_in_plain_and_other_forms(client: httpx.Client, name: str) -> None:
    plain = {name: ("boot.png", BOOT, "image/png")}
    assert_problem(client.post("/predict", files=plain), 422, "no file in the field 'file'", name)
    assert_problem(client.post("/predict", files=plain, data={"note": "x"}), 422, "no file in the field 'file'", name)
    head = b'--b\r\ncontent-disposition: FORM-DATA; NAME="file"; FileName="boot.png"\r\n\r\n'
    for more in (b"", b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nx\r\n'):
        body = more + head + BOOT + b"\r\n--b--\r\n"
        answer = client.post("/predict", content=body, headers={"content-type": "multipart/form-data; boundary=b"})
        assert answer.json()["label"] == "Ankle boot", answer.text
