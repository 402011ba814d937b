"""The short way for the dataset's own pictures reads what Pillow's ordinary way reads, or nothing."""

import asyncio
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from service.errors import MalformedError, UnusableError
from service.inputs import plain_png, preprocessing
from tests.conftest import Samples
from tests.service.inputs.pictures import chunk


def saved(image: Image.Image, **options: Any) -> bytes:
    content = BytesIO()
    image.save(content, "PNG", **options)
    return content.getvalue()


def grey(seed: int = 0, shape: tuple[int, int] = (28, 28)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8))


def with_data(data: bytes) -> bytes:
    whole = saved(grey())
    return whole[:33] + chunk(b"IDAT", data) + whole[-12:]


@pytest.mark.parametrize("level", [0, 1, 9])
def test_plain_files_are_read_as_pillow_reads_them(samples: Samples, level: int) -> None:
    for picture in (*(Image.fromarray(image) for image in samples.images[:20]), grey()):
        read = plain_png.read(saved(picture, compress_level=level))
        assert read is not None
        np.testing.assert_array_equal(read, np.asarray(picture))


@pytest.mark.parametrize("kind", range(5))
def test_every_filter_is_undone(kind: int) -> None:
    rows = np.random.default_rng(kind).integers(0, 256, (28, 28), np.uint8)
    for count in (28, 27):  # Pillow has a row that is missing black
        content = with_data(zlib.compress(b"".join(bytes([kind]) + row.tobytes() for row in rows[:count])))
        read = plain_png.read(content)
        assert read is not None
        np.testing.assert_array_equal(read, np.asarray(Image.open(BytesIO(content))))


WHOLE = saved(grey())
NOTE = PngInfo()
NOTE.add_text("Title", "a coat")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        saved(grey(shape=(28, 27))),
        saved(grey().convert("RGB")),
        saved(grey().convert("P")),
        saved(grey().convert("1")),
        saved(grey(), pnginfo=NOTE),
        saved(grey(), transparency=0),
        WHOLE + b"\0",
        WHOLE[33:],
        WHOLE[:-12] + chunk(b"tEXt", b"Title\0a coat") + WHOLE[-12:],
        WHOLE[:-12] + chunk(b"IDAT", b"") + WHOLE[-12:],
    ],
)
def test_other_files_are_left_to_pillow(content: bytes) -> None:
    assert plain_png.read(content) is None


@pytest.mark.parametrize(
    "content",
    [
        WHOLE[:-20] + WHOLE[-12:],
        WHOLE[:60] + bytes([WHOLE[60] ^ 1]) + WHOLE[61:],
        with_data(b""),
        with_data(b"not compressed"),
        with_data(zlib.compress(b"\x07" + bytes(28 * 29))),
    ],
    ids=["cut", "a bit flipped", "no data", "not compressed", "no such filter"],
)
def test_damaged_files_are_left_to_pillows_words(content: bytes) -> None:
    assert plain_png.read(content) is None
    with pytest.raises(MalformedError, match="the PNG picture is truncated or corrupt"):
        asyncio.run(preprocessing.preprocess(content, "auto", max_pixels=784))


@pytest.mark.parametrize("mode", ["auto", "dataset"])
def test_the_short_way_is_taken_and_ends_where_the_long_way_does(mode: preprocessing.Mode, monkeypatch: Any) -> None:
    long = preprocessing.preprocess_sync(WHOLE, mode, 784)
    monkeypatch.setattr(preprocessing, "open_picture", lambda *_: pytest.fail("the long way was taken"))
    short = asyncio.run(preprocessing.preprocess(WHOLE, mode, max_pixels=784))
    np.testing.assert_array_equal(short.pixels, long.pixels)
    assert (short.mode, short.inverted, short.box) == (long.mode, long.inverted, long.box)
    with pytest.raises(UnusableError, match="blank"):
        asyncio.run(preprocessing.preprocess(saved(Image.new("L", (28, 28), 7)), mode, max_pixels=784))


def test_a_large_file_is_never_read_in_the_event_loop(monkeypatch: Any) -> None:
    """A picture of 784 bytes may be followed by megabytes that inflate to nothing."""
    monkeypatch.setattr(plain_png, "read", lambda _: pytest.fail("read at once"))
    content = with_data(zlib.compress(bytes(29 * 28), 0) + bytes(10_000))
    with pytest.raises(UnusableError, match="blank"):
        asyncio.run(preprocessing.preprocess(content, "auto", max_pixels=784))
