"""A PNG is read as a browser shows it, whatever stands beside its pixels; Chromium is the other decoder."""

import base64
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Browser, Page

from service.inputs.decoding import decode, open_picture
from tests.service.inputs.comparisons import MAX_PIXELS
from tests.service.inputs.pictures import photo
from tests.service.inputs.test_png_chunks import AS_LINEAR, AS_STORED, BEHIND_PIXELS, picture

# Gives text: a list of numbers takes Playwright half a second.
_PIXELS = """async (address) => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(""));
}"""
_FILES = {
    **{f"as stored, {name}": picture(chunks) for name, chunks in AS_STORED.items()},
    **{f"as linear, {name}": picture(chunks) for name, chunks in AS_LINEAR.items()},
    **{f"behind the pixels, {name}": picture(after=chunks) for name, chunks in BEHIND_PIXELS.items()},
}


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def _shown(page: Page, content: bytes) -> npt.NDArray[np.uint8]:
    encoded = page.evaluate(_PIXELS, "data:image/png;base64," + base64.b64encode(content).decode())
    return np.frombuffer(base64.b64decode(encoded), np.uint8).reshape(*photo().shape[:2], 4)


@pytest.mark.parametrize("content", _FILES.values(), ids=_FILES)
def test_a_png_is_read_as_chromium_shows_it(blank: Page, content: bytes) -> None:
    read, _ = decode(open_picture(content, MAX_PIXELS))
    # Chromium takes sRGB's curve where the standard's exponent of 2.2 is taken here.
    assert np.abs(np.asarray(read.convert("RGBA")).astype(int) - _shown(blank, content)).max() <= 4
