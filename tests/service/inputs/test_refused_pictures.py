"""Pictures that cannot be read or used, posted to /predict over HTTP: each is told why."""

import struct
import zlib
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.conftest import assert_problem, encode, png
from tests.service.inputs.pictures import chunk
from tests.service.inputs.test_preprocessing import boot, predict


def png_header(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


def bad_pictures() -> Iterator[tuple[str, bytes, int, str]]:
    yield "empty", b"", 400, "empty"
    yield "text", b"this is a text file that was named .png", 400, "39 bytes are not a picture"
    whole = png(np.full((28, 28), 7, np.uint8))
    yield "truncated header", whole[:20], 400, "begins as a PNG picture but cannot be read"
    photo = png(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))
    yield "truncated data", photo[:2000], 400, "truncated or corrupt"
    jpeg = encode(boot().resize((200, 200)), "JPEG")
    yield "truncated JPEG", jpeg[:1000], 400, "truncated or corrupt"
    yield "SVG", b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415, "an SVG drawing"
    bomb = png_header(50_000, 50_000) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    yield "bomb", bomb, 413, "more than 50,000,000 pixels"
    zero = png_header(0, 0) + chunk(b"IEND", b"")
    yield "no pixels", zero, 400, "truncated or corrupt"
    frames = [boot(), boot().rotate(90)]
    yield "animated GIF", encode(frames[0], "GIF", save_all=True, append_images=frames[1:]), 422, "several frames"
    yield "animated PNG", encode(frames[0], "PNG", save_all=True, append_images=frames[1:]), 422, "several frames"
    yield "32-bit samples", encode(Image.new("F", (28, 28), 0.5), "TIFF"), 422, "32 bits"
    text_bomb = png_header(28, 28) + chunk(b"zTXt", b"k\0\0" + zlib.compress(b"a" * 100_000_000)) + chunk(b"IEND", b"")
    for depth in (4, 8):
        head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 28, 28, depth, 3, 0, 0, 0))
        data = chunk(b"IDAT", zlib.compress((b"\0" + bytes(range(28 * depth // 8))) * 28))
        colours, end = chunk(b"PLTE", bytes(range(256)) * 3), chunk(b"IEND", b"")
        yield f"no palette, {depth} bits", head + data + end, 400, "truncated or corrupt"
        yield f"late palette, {depth} bits", head + data + colours + end, 400, "truncated or corrupt"
    alpha = chunk(b"tRNS", bytes(range(150)) * 2)
    yield "more transparency than colours", head + colours + alpha + data + end, 400, "truncated or corrupt"
    yield "text bomb", text_bomb, 400, "picture"


@pytest.mark.parametrize(("content", "status", "word"), [pytest.param(*c, id=name) for name, *c in bad_pictures()])
def test_bad_pictures_are_explained(client: httpx.Client, content: bytes, status: int, word: str) -> None:
    assert_problem(predict(client, content), status, word)


@pytest.mark.parametrize("colour", ["white", "black", "grey"])
def test_blank_pictures_are_refused(client: httpx.Client, colour: str) -> None:
    assert_problem(predict(client, png(Image.new("L", (50, 40), colour))), 422, "stands out", "plain background")
    assert_problem(predict(client, png(Image.new("L", (28, 28), colour))), 422, "blank")
    assert_problem(predict(client, png(Image.new("RGBA", (50, 40), (9, 9, 9, 0)))), 422, "stands out")


def test_a_tiff_of_few_pixels_in_huge_tiles_is_refused(client: httpx.Client) -> None:
    tags = [
        (256, 28),
        (257, 28),
        (258, 8),
        (259, 8),
        (262, 1),
        (277, 1),
        (322, 40_960),
        (323, 40_960),
        (324, 8),
        (325, 9),
    ]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    content = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)
    assert_problem(predict(client, content), 413, "SERVICE_MAX_PIXELS")


def test_a_picture_may_be_in_20_000_chunks_and_no_more(client: httpx.Client) -> None:
    whole = encode(boot(), "PNG")
    head, rest = whole[:33], whole[33:]
    ignored = 20_000 - 1 - rest.count(b"IDAT") - 1  # beside the header, the data and the end
    assert predict(client, head + chunk(b"aaAa", b"") * ignored + rest).status_code == 200
    assert_problem(predict(client, head + chunk(b"aaAa", b"") * (ignored + 1) + rest), 422, "20,000 chunks")


def test_preprocess_dataset_refuses_what_it_would_have_to_convert(client: httpx.Client) -> None:
    response = predict(client, png(np.zeros((27, 28), np.uint8)), preprocess="dataset")
    assert_problem(response, 422, "28×27", "preprocess=photo")
    colourful = Image.new("RGB", (28, 28), "white")
    colourful.paste((200, 30, 30), (8, 8, 20, 20))
    assert_problem(predict(client, png(colourful), preprocess="dataset"), 422, "28×28 grey", "RGB")
    assert predict(client, png(colourful)).json()["preprocess"]["mode"] == "photo"


def test_body_over_the_limit_is_refused_with_the_setting(client: httpx.Client) -> None:
    body = bytes(30 * 1024 * 1024)
    assert_problem(predict(client, body), 413, "25 MB", "SERVICE_MAX_BODY_MB")
    # Without a Content-Length: counted as it arrives.
    chunks = (body[i : i + 2**20] for i in range(0, len(body), 2**20))
    response = client.post("/predict", content=chunks, headers={"content-type": "image/png"})
    assert_problem(response, 413, "25 MB", "SERVICE_MAX_BODY_MB")
