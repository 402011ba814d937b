"""Pictures of every kind, good and bad, posted to /predict over HTTP."""

import struct
import zlib
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.conftest import DATA, Samples, assert_problem, encode, png


def predict(client: httpx.Client, content: bytes, **parameters: str) -> httpx.Response:
    return client.post("/predict", params=parameters, content=content, headers={"content-type": "application/x-image"})


def boot() -> Image.Image:
    return Image.open(DATA / "ankle-boot.png")


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_header(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


def bad_pictures() -> Iterator[tuple[str, bytes, int, str]]:
    yield "empty", b"", 400, "empty"
    yield "text", b"this is a text file that was named .png", 400, "39 bytes are not a picture"
    whole = png(np.full((28, 28), 7, np.uint8))
    yield "truncated header", whole[:20], 400, "not a picture"
    photo = png(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))
    yield "truncated data", photo[:2000], 400, "truncated or corrupt"
    jpeg = encode(boot().resize((200, 200)), "JPEG")
    yield "truncated JPEG", jpeg[:1000], 400, "truncated or corrupt"
    yield "SVG", b'<svg xmlns="http://www.w3.org/2000/svg"/>', 400, "PNG, JPEG"
    bomb = png_header(50_000, 50_000) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    yield "bomb", bomb, 413, "50000×50000"
    zero = png_header(0, 0) + chunk(b"IEND", b"")
    yield "no pixels", zero, 400, "not a picture"
    frames = [boot(), boot().rotate(90)]
    yield "animated GIF", encode(frames[0], "GIF", save_all=True, append_images=frames[1:]), 422, "several frames"
    yield "animated PNG", encode(frames[0], "PNG", save_all=True, append_images=frames[1:]), 422, "several frames"
    yield "32-bit samples", encode(Image.new("F", (28, 28), 0.5), "TIFF"), 422, "32 bits"
    text_bomb = png_header(28, 28) + chunk(b"zTXt", b"k\0\0" + zlib.compress(b"a" * 100_000_000)) + chunk(b"IEND", b"")
    yield "text bomb", text_bomb, 400, "picture"


@pytest.mark.parametrize(("content", "status", "word"), [pytest.param(*c, id=name) for name, *c in bad_pictures()])
def test_bad_pictures_are_explained(client: httpx.Client, content: bytes, status: int, word: str) -> None:
    assert_problem(predict(client, content), status, word)


def good_pictures() -> Iterator[tuple[str, bytes]]:
    """One boot, as every kind of file that means the same 28×28 picture."""
    grey = boot()
    pixels = np.asarray(grey)
    yield "grey PNG", encode(grey, "PNG")
    yield "RGB PNG", encode(grey.convert("RGB"), "PNG")
    yield "16-bit PNG", encode(Image.fromarray(pixels.astype(np.uint16) * 257), "PNG")
    yield "BMP", encode(grey, "BMP")
    yield "GIF", encode(grey, "GIF")
    yield "TIFF", encode(grey, "TIFF")
    yield "16-bit TIFF", encode(Image.fromarray(pixels.astype(np.uint16) * 257), "TIFF")
    yield "lossless WebP", encode(grey.convert("RGB"), "WEBP", lossless=True)
    yield "grey with alpha", encode(Image.merge("LA", (grey, Image.new("L", grey.size, 255))), "PNG")
    palette = grey.convert("RGB").quantize(256)
    yield "palette", encode(palette, "PNG")
    # Transparent where the boot is not: its colour there is hidden, and background is black.
    shown = Image.fromarray(np.where(pixels == 0, 0, 255).astype(np.uint8))
    hidden = Image.fromarray(np.where(pixels == 0, 200, pixels).astype(np.uint8))
    yield "transparent background", encode(Image.merge("LA", (hidden, shown)), "PNG")


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in good_pictures()])
def test_the_same_picture_in_any_file_gives_the_same_answer(client: httpx.Client, content: bytes) -> None:
    expected = predict(client, (DATA / "ankle-boot.png").read_bytes()).json()
    answer = predict(client, content)
    assert answer.status_code == 200, answer.text
    assert answer.json()["preprocess"]["mode"] == "dataset"
    assert answer.json() == expected


def photo_of(image: np.ndarray, *, light: bool, size: int = 400) -> Image.Image:
    """Put a garment of the dataset on a larger canvas, off its centre, dark on white or light on black."""
    garment = Image.fromarray(image).resize((size // 2, size // 2), Image.Resampling.BICUBIC)
    canvas = Image.new("L", (size, size))
    canvas.paste(garment, (size // 3, size // 8))
    return Image.eval(canvas, lambda level: 255 - level) if light else canvas


@pytest.mark.parametrize("light", [True, False])
def test_photos_are_found_scaled_and_turned_to_the_datasets_polarity(
    client: httpx.Client, samples: Samples, light: bool
) -> None:
    chosen = range(0, len(samples.images), 3)
    same = 0
    for index in chosen:
        plain = predict(client, png(samples.images[index])).json()
        answer = predict(client, png(photo_of(samples.images[index], light=light).convert("RGB"))).json()
        assert answer["preprocess"]["mode"] == "photo"
        assert answer["preprocess"]["inverted"] is light
        same += answer["label"] == plain["label"]
    assert same >= 0.85 * len(chosen)


def test_box_is_where_the_garment_is(client: httpx.Client) -> None:
    canvas = Image.new("RGB", (200, 100), "white")
    canvas.paste("black", (30, 20, 90, 80))
    assert predict(client, png(canvas)).json()["preprocess"] == {
        "mode": "photo",
        "inverted": True,
        "box": [30, 20, 90, 80],
    }


def test_exif_orientation_is_applied(client: httpx.Client, samples: Samples) -> None:
    upright = photo_of(samples.images[0], light=True)
    stored = upright.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate 90° clockwise to display"
    expected = predict(client, encode(upright, "JPEG", quality=95)).json()
    turned = predict(client, encode(stored, "JPEG", quality=95, exif=exif)).json()
    assert turned["label"] == expected["label"]
    assert turned["preprocess"]["box"] == pytest.approx(expected["preprocess"]["box"], abs=2)
    assert (
        predict(client, encode(stored, "JPEG", quality=95)).json()["preprocess"]["box"] != turned["preprocess"]["box"]
    )


def test_cmyk_jpeg_is_read_as_the_picture_it_is(client: httpx.Client, samples: Samples) -> None:
    picture = photo_of(samples.images[0], light=True).convert("RGB")
    expected = predict(client, encode(picture, "JPEG", quality=95)).json()
    answer = predict(client, encode(picture.convert("CMYK"), "JPEG", quality=95)).json()
    assert answer["label"] == expected["label"]
    assert answer["preprocess"]["inverted"] is True


def test_large_photo_is_answered(client: httpx.Client, samples: Samples) -> None:
    large = photo_of(samples.images[0], light=True, size=3000).convert("RGB")
    small = predict(client, encode(photo_of(samples.images[0], light=True), "JPEG")).json()
    assert predict(client, encode(large, "JPEG")).json()["label"] == small["label"]


def test_blank_picture_has_the_whole_as_its_box(client: httpx.Client) -> None:
    answer = predict(client, png(Image.new("L", (50, 40), 255)))
    assert answer.status_code == 200
    assert answer.json()["preprocess"]["box"] == [0, 0, 50, 40]


def test_preprocess_dataset_refuses_what_it_would_have_to_convert(client: httpx.Client) -> None:
    response = predict(client, png(np.zeros((27, 28), np.uint8)), preprocess="dataset")
    assert_problem(response, 422, "28×27", "preprocess=photo")
    colourful = Image.new("RGB", (28, 28), (200, 30, 30))
    assert_problem(predict(client, png(colourful), preprocess="dataset"), 422, "28×28 grey", "RGB")
    assert predict(client, png(colourful)).json()["preprocess"]["mode"] == "photo"


def test_preprocess_photo_converts_even_the_datasets_own(client: httpx.Client) -> None:
    answer = predict(client, (DATA / "trouser.png").read_bytes(), preprocess="photo").json()
    assert answer["preprocess"]["mode"] == "photo"
    assert answer["label"] == "Trouser"


def test_body_over_the_limit_is_refused_with_the_setting(client: httpx.Client) -> None:
    body = bytes(30 * 1024 * 1024)
    assert_problem(predict(client, body), 413, "25 MB", "SERVICE_MAX_BODY_MB")
    # Without a Content-Length: counted as it arrives.
    chunks = (body[i : i + 2**20] for i in range(0, len(body), 2**20))
    response = client.post("/predict", content=chunks, headers={"content-type": "image/png"})
    assert_problem(response, 413, "25 MB", "SERVICE_MAX_BODY_MB")
