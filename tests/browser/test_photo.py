"""A photograph: scaled down, sent, and what was taken of it; files that are none; honest words."""

import base64
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.conftest import Watched, on_both_screens, on_one_screen
from tests.conftest import DATA, encode, png, slow

MAX_UPLOAD_BYTES = 300_000
DROP = """([name, type, content]) => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
  transfer.items.add(new File([bytes], name, { type }));
  document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
}"""
STANDS = "(({ width, height }) => width < height)(document.getElementById('photo-seen'))"
PASTE = """(text) => {
  const transfer = new DataTransfer();
  transfer.setData("text/plain", text);
  document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
}"""


def drop(page: Page, name: str, kind: str, content: bytes) -> None:
    page.evaluate(DROP, [name, kind, base64.b64encode(content).decode()])


def shop_picture() -> bytes:
    """Trousers as a shop shows them: dark on white, larger than the networks see."""
    garment = ImageOps.invert(Image.open(DATA / "trouser.png")).resize((280, 280))
    return encode(ImageOps.expand(garment, 60, 255), "JPEG", quality=90)


def snapshot(width: int = 4000, height: int = 3000, **options: object) -> bytes:
    """A photograph of 12 megapixels of a dark shirt before an uneven background."""
    noise = np.random.default_rng(0).integers(60, 200, (height // 4, width // 4, 3), np.uint8)
    picture = Image.fromarray(noise).resize((width, height))
    shirt = [(0.3, 0.2), (0.7, 0.2), (0.8, 0.45), (0.65, 0.45), (0.65, 0.9), (0.35, 0.9), (0.35, 0.45), (0.2, 0.45)]
    ImageDraw.Draw(picture).polygon([(x * width, y * height) for x, y in shirt], fill=(20, 20, 60))
    return encode(picture, "JPEG", quality=90, **options)


def comparisons(watched: Watched) -> list[Request]:
    return [request for request in watched.posted() if "compare" in request.url]


@pytest.fixture
def sizes(page: Page) -> list[int]:
    """Bytes of each upload; Chromium does not tell them of a Blob."""
    found: list[int] = []
    page.expose_function("uploaded", lambda size: found.append(size))
    page.evaluate(
        """() => {
          const { fetch } = globalThis;
          globalThis.fetch = (address, options) => {
            if (options?.body instanceof Blob) uploaded(options.body.size);
            return fetch(address, options);
          };
        }"""
    )
    return found


@on_both_screens
def test_a_dropped_photo_is_named(page: Page) -> None:
    drop(page, "trousers.jpg", "image/jpeg", shop_picture())
    expect(page.locator('.network[data-model="cnn_a"] .says')).to_have_text("Trouser?")
    expect(page.locator('.network[data-model="cnn_a"] .sure')).to_have_text("unsure")
    weight = page.locator('.network[data-model="cnn_a"] .says').evaluate("(says) => getComputedStyle(says).fontWeight")
    assert weight == "400"
    expect(page.locator("#photo-taken")).to_contain_text("The part in the box was taken.")
    # Of the dataset's images nothing is said beside a photograph.
    expect(page.locator("#worth")).to_contain_text("photographs by people it had not seen")
    expect(page.locator("#worth")).not_to_contain_text("validation images")
    expect(page.locator("#shared-help")).to_be_visible()
    expect(page).not_to_have_url(re.compile("sample"))
    expect(page.locator("#answers")).to_be_in_viewport()


def test_a_large_photo_is_scaled_down_first(page: Page, sizes: list[int]) -> None:
    original = snapshot()
    assert len(original) > 5 * MAX_UPLOAD_BYTES
    held: list[Route] = []
    page.route("**/compare**", lambda route: held.append(route))
    with page.expect_request("**/compare**"):
        drop(page, "shirt.jpg", "image/jpeg", original)
    expect(page.locator("#status")).to_have_text("Uploading…")
    [upload] = held
    upload.continue_()
    expect(page.locator("#photo")).to_be_visible()
    assert len(sizes) == 1
    assert sizes[0] <= MAX_UPLOAD_BYTES


def test_a_photo_is_shown_upright(page: Page) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held upright: turn by a quarter
    drop(page, "shirt.jpg", "image/jpeg", snapshot(1600, 1200, exif=turned))
    expect(page.locator("#photo")).to_be_visible()
    assert page.evaluate(STANDS)


def test_the_box_is_moved_by_mouse_and_keys(page: Page, watched: Watched) -> None:
    drop(page, "trousers.jpg", "image/jpeg", shop_picture())
    box = page.locator("#photo-box")
    expect(box).to_be_visible()
    before = len(comparisons(watched))
    box.focus()
    page.keyboard.press("Shift+ArrowUp")
    expect(page.locator("#photo-taken")).to_have_text("Your box was taken.")
    assert "box=" in comparisons(watched)[-1].url
    corner = page.locator('[data-corner="right bottom"]').bounding_box()
    assert corner is not None
    first = box.bounding_box()
    with page.expect_request(lambda request: "box=" in request.url):
        page.mouse.move(corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2)
        page.mouse.down()
        page.mouse.move(corner["x"], corner["y"] - 20, steps=4)
        page.mouse.up()
    assert box.bounding_box() != first
    assert len(comparisons(watched)) >= before + 2
    with page.expect_request(lambda request: "box=0%2C0%2C400%2C400" in request.url):
        page.get_by_role("button", name="All of it").click()


def test_a_photo_is_turned_and_inverted(page: Page) -> None:
    drop(page, "shirt.jpg", "image/jpeg", snapshot(1600, 1200))
    expect(page.locator("#photo")).to_be_visible()
    seen = page.evaluate("document.getElementById('seen').toDataURL()")
    with page.expect_response(lambda answer: "compare" in answer.url):
        page.get_by_role("button", name="Turn").click()
    page.wait_for_function("(before) => document.getElementById('seen').toDataURL() !== before", arg=seen)
    assert page.evaluate(STANDS)
    with page.expect_request(lambda request: "invert=" in request.url):
        page.get_by_role("button", name="Invert").click()


def test_a_changed_box_is_answered(page: Page) -> None:
    drop(page, "trousers.jpg", "image/jpeg", shop_picture())
    expect(page.locator("#photo-box")).to_be_visible()
    page.locator("#photo-box").focus()
    with page.expect_response(lambda answer: "box=" in answer.url) as answer:
        page.keyboard.press("Shift+ArrowUp")
    assert answer.value.ok


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "text": ("text/plain", b"not a picture at all", "This is text, not a picture."),
    "heic": ("image/heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "This is a HEIC file. On an iPhone: Settings →"),
    "svg": ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This is an SVG drawing"),
    "pdf": ("application/pdf", b"%PDF-1.7 ...", "This is a PDF document."),
    "video": ("video/mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "This is a video."),
    "empty": ("image/png", b"", "This file is empty."),
    "blank": ("image/png", png(np.full((400, 400, 3), 200, np.uint8)), "Nothing in this picture stands out"),
    "cut off": ("image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "This file cannot be read as a picture"),
    "too large": ("image/heif", b"\xff\xfe\0" * 12_000_000, "This file is too large."),
}


@on_one_screen
@pytest.mark.parametrize("kinds", [[kind for kind in REFUSED if kind != "too large"], *slow(["too large"])])
def test_a_refusal_says_what_to_do(page: Page, kinds: list[str]) -> None:
    for kind in kinds:
        media_type, content, sentence = REFUSED[kind]
        page.locator("#file").set_input_files({"name": kind, "mimeType": media_type, "buffer": content})
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text(sentence)
        expect(alert).not_to_contain_text("SERVICE_")
        expect(page.locator("body")).not_to_have_class("stale")  # the picture before is shown, and can be moved
        page.get_by_role("button", name="Bag").click()
        expect(page.locator('.network[data-model="cnn_b"] .says')).to_have_text("Bag")
        expect(page.locator("#error")).to_be_hidden()


def test_a_pasted_link_is_no_picture(page: Page) -> None:
    page.evaluate(PASTE, "https://example.com/shirt.jpg")
    expect(page.get_by_role("alert")).to_contain_text("That is a link or a text, not a picture.")


def test_a_picture_of_the_datasets_kind_is_taken_as_it_is(page: Page) -> None:
    drop(page, "dress.png", "image/png", (DATA / "dress.png").read_bytes())
    expect(page.locator('.network[data-model="cnn_a"] .says')).to_have_text("Dress")
    expect(page.locator("#photo")).to_be_hidden()
    expect(page.locator("#worth")).to_contain_text("validation images")


def test_the_camera_takes_a_photo(page: Page) -> None:
    if page.evaluate("matchMedia('(pointer: coarse)').matches"):
        pytest.skip("a phone's own camera is behind the file input")
    page.get_by_role("button", name="Take one").click()
    page.wait_for_function("() => document.getElementById('viewfinder-video').videoWidth > 0")
    page.get_by_role("button", name="Take it").click()
    expect(page.locator("#photo")).to_be_visible()


def test_the_explanation_is_saved(page: Page) -> None:
    with page.expect_download() as download:
        page.get_by_role("button", name="Save explanation as PNG").click()
    assert download.value.suggested_filename == "explanation-cnn_a_photos.png"
    with Image.open(BytesIO(download.value.path().read_bytes())) as drawn:
        assert drawn.width == 1200
