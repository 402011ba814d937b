"""The page as a person uses it, in the system's Chromium, on a desktop and on a phone."""

import base64
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, expect

from tests.conftest import DATA, Samples, encode

DROP = """([name, type, content]) => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
  transfer.items.add(new File([bytes], name, { type }));
  document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
}"""


@pytest.fixture(params=[1280, 390], ids=["desktop", "phone"])
def page(browser: Browser, url: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, open and filled; fails the test if anything went wrong in it or it asked anybody else."""
    opened = browser.new_page(viewport={"width": request.param, "height": 900})
    wrong: list[str] = []
    asked: set[str] = set()
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("request", lambda sent: asked.add("/".join(sent.url.split("/")[:3])))
    opened.goto(url)
    filled(opened)
    yield opened
    # What the API refuses is logged by the browser itself, and shown by the page.
    assert [text for text in wrong if "status of 400" not in text] == []
    assert asked == {url}
    opened.close()


def filled(page: Page) -> None:
    for panel in ("answers", "why", "holds"):
        expect(page.locator(f"#{panel}")).to_have_attribute("aria-busy", "false")


def says(page: Page, model: str) -> str:
    return page.locator(f'#answers th[data-model="{model}"] .says').inner_text()


def drop(page: Page, name: str, kind: str, content: bytes) -> None:
    page.evaluate(DROP, [name, kind, base64.b64encode(content).decode()])


def test_opens_with_every_panel_filled(page: Page) -> None:
    assert {says(page, model) for model in ("baseline", "cnn_a", "cnn_b")} == {"Ankle boot"}
    assert page.locator("#answers tbody tr").count() == 10
    assert page.locator("#maps canvas").count() == 2
    assert "less probable" in page.locator("#occlusion-text").inner_text()
    assert "right on" in page.locator("#reliability li").first.inner_text()
    page.locator("#explained label", has_text="dense").click()
    expect(page.locator("#maps")).to_contain_text("No feature maps")


def test_waits_for_no_encoder_of_the_browser(page: Page, url: str) -> None:
    # Chromium's encodes a canvas when it is idle: on a busy machine the panels came up to seven seconds late.
    never = "() => new Promise(() => {})"
    page.add_init_script(f"OffscreenCanvas.prototype.convertToBlob = HTMLCanvasElement.prototype.toBlob = {never}")
    page.goto(url)
    filled(page)


def test_the_page_sends_the_pixels_it_shows(page: Page, samples: Samples) -> None:
    made = page.evaluate(
        """async (pixels) => {
          const { toBMP } = await import("/static/page/pixels.js");
          return [...new Uint8Array(await toBMP(Uint8Array.from(pixels)).arrayBuffer())];
        }""",
        samples.images[0].ravel().tolist(),
    )
    with Image.open(BytesIO(bytes(made))) as picture:
        assert picture.format == "BMP"
        np.testing.assert_array_equal(np.asarray(picture.convert("L")), samples.images[0])


def test_a_dropped_photo_is_named(page: Page) -> None:
    # As a shop shows it: dark on white, larger than the networks see.
    garment = ImageOps.invert(Image.open(DATA / "trouser.png")).resize((280, 280))
    drop(page, "trousers.jpg", "image/jpeg", encode(ImageOps.expand(garment, 60, 255), "JPEG", quality=90))
    expect(page.locator('#answers th[data-model="cnn_a"] .says')).to_have_text("Unsure: Trouser?")
    expect(page.locator("#done")).to_contain_text("light and dark swapped")


def test_the_picture_moves_by_keys_and_by_dragging(page: Page) -> None:
    pad, cell = page.locator("#pad"), page.locator('#answers td[data-cell="baseline 9"]')
    before = cell.inner_text()
    pad.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    expect(page.locator("#moved")).to_have_text("moved 3 right, 1 up")
    expect(cell).not_to_have_text(before)
    page.keyboard.press("Home")
    expect(cell).to_have_text(before)
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    middle, pixel = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), box["width"] / 28
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] - 4 * pixel, middle[1] + 2 * pixel, steps=6)
    page.mouse.up()
    expect(page.locator("#moved")).to_have_text("moved 4 left, 2 down")
    expect(cell).not_to_have_text(before)
    page.get_by_role("button", name="Back to where it was").click()
    expect(cell).to_have_text(before)


def test_an_error_is_the_services_own_sentence(page: Page) -> None:
    page.locator("#file").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"not a picture at all"}
    )
    expect(page.get_by_role("alert")).to_contain_text("the 20 bytes are not a picture that can be read")
    expect(page.locator("body")).not_to_have_class("stale")  # what is shown is the picture before, which can be moved
    page.get_by_role("button", name="Bag").click()
    expect(page.locator('#answers th[data-model="cnn_b"] .says')).to_have_text("Bag")
    expect(page.locator("#error")).to_be_hidden()


def test_fits_and_is_labelled(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    unnamed = page.evaluate(
        """[...document.querySelectorAll("button, a, input, [role=img], [role=application]")].filter((element) =>
            !(element.ariaLabel || element.textContent.trim() || element.labels?.length)).map((e) => e.outerHTML)"""
    )
    assert unnamed == []
    assert page.locator("h1").count() == 1


def test_leads_to_the_report(page: Page) -> None:
    page.get_by_role("link", name="They win through translation invariance.").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Does convolution beat a dense network?")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_its_pictures_are_the_test_sets() -> None:
    shipped = Path("service/web/static/samples")
    assert {file.name: file.read_bytes() for file in shipped.iterdir()} == {
        file.name: file.read_bytes() for file in DATA.glob("*.png")
    }
