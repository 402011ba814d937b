"""Pictures of every kind, good and bad, posted to /predict over HTTP."""

import struct
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


@pytest.mark.parametrize(("garment", "background", "inverted"), [(90, 126, True), (90, 130, True), (200, 140, False)])
def test_garments_are_told_by_their_difference_from_the_background(
    client: httpx.Client, garment: int, background: int, inverted: bool
) -> None:
    canvas = Image.new("L", (200, 100), background)
    canvas.paste(garment, (30, 20, 90, 80))
    assert predict(client, png(canvas)).json()["preprocess"] == {
        "mode": "photo", "inverted": inverted, "box": [30, 20, 90, 80],
    }  # fmt: skip


def test_dust_does_not_move_the_box(client: httpx.Client) -> None:
    canvas = Image.new("L", (400, 400), 255)
    canvas.paste(30, (100, 120, 250, 300))
    canvas.paste(60, (2, 2, 6, 6))
    assert predict(client, png(canvas)).json()["preprocess"]["box"] == [100, 120, 250, 300]


def test_specks_that_share_no_row_are_nothing(client: httpx.Client) -> None:
    canvas = Image.new("L", (300, 300), 255)
    canvas.paste(0, (0, 10, 5, 11))
    canvas.paste(0, (200, 100, 201, 105))
    assert_problem(predict(client, png(canvas)), 422, "stands out")


def test_what_is_half_transparent_is_no_background(client: httpx.Client) -> None:
    """The corner's own colour says nothing of what lies behind the picture."""
    seen = []
    for corner in (0, 126):
        picture = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
        picture.paste((90, 90, 90, 255), (20, 20, 80, 60))
        picture.paste((200, 200, 200, 255), (20, 60, 80, 70))
        picture.putpixel((0, 0), (255, 0, 0, corner))
        answer = predict(client, png(picture), include="input").json()
        seen.append(answer["preprocess"]["input"])
    assert seen[0] == seen[1]


def test_a_white_icon_on_transparency_is_seen(client: httpx.Client, samples: Samples) -> None:
    shape = Image.fromarray(np.where(samples.images[0] > 40, 255, 0).astype(np.uint8)).resize((280, 280))
    icon = Image.merge("LA", (Image.new("L", shape.size, 255), shape))
    assert predict(client, png(icon)).json()["preprocess"]["inverted"] is False


def test_a_jpegs_box_is_in_its_own_pixels(client: httpx.Client) -> None:
    canvas = Image.new("RGB", (3000, 2000), "white")
    canvas.paste((20, 20, 20), (600, 400, 1800, 1600))
    exif = Image.Exif()
    exif[0x0112] = 6
    for content, box in (
        (png(canvas), [600, 400, 1800, 1600]),
        (encode(canvas, "JPEG"), [600, 400, 1800, 1600]),
        (encode(canvas, "JPEG", exif=exif), [400, 600, 1600, 1800]),
    ):
        assert predict(client, content).json()["preprocess"]["box"] == pytest.approx(
            box, abs=13
        )  # 3000 pixels are converted as 231


def test_sixteen_bits_keep_orientation_and_transparency(client: httpx.Client) -> None:
    samples = np.full((60, 100), 65_535, np.uint16)
    samples[10:40, 20:50] = 0
    exif = Image.Exif()
    exif[0x0112] = 6
    for array in (samples, (samples >> 8).astype(np.uint8)):
        content = encode(Image.fromarray(array), "PNG", exif=exif)
        assert predict(client, content).json()["preprocess"]["box"] == [20, 20, 50, 50]


@pytest.mark.parametrize(
    "exif",
    [
        b"garbage!",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\x01\x28\0\x02\0\0\0\x03ab\0\0\0\0\0\0",
    ],
    ids=["not EXIF", "wrong type"],
)
def test_odd_exif_is_no_reason_to_fail(client: httpx.Client, samples: Samples, exif: bytes) -> None:
    for kind in ("PNG", "JPEG"):
        assert predict(client, encode(photo_of(samples.images[0], light=True), kind, exif=exif)).status_code == 200


def test_a_tiff_with_premultiplied_alpha_is_read(client: httpx.Client) -> None:
    content = encode(Image.merge("LA", (boot(), Image.new("L", (28, 28), 255))), "TIFF")
    plain, premultiplied = (struct.pack("<HHIHH", 338, 3, 1, kind, 0) for kind in (2, 1))  # ExtraSamples
    assert plain in content
    assert predict(client, content.replace(plain, premultiplied)).json()["label"] == "Ankle boot"


def test_preprocess_photo_converts_even_the_datasets_own(client: httpx.Client) -> None:
    answer = predict(client, (DATA / "trouser.png").read_bytes(), preprocess="photo").json()
    assert answer["preprocess"]["mode"] == "photo"
    assert answer["label"] == "Trouser"
