"""The page's stage as a person uses it: choosing, moving, answers, the address, words."""

import re
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Response, expect

from tests.browser.conftest import (
    Watched,
    answered,
    come_down_to_moves,
    drawing_begun,
    on_both_screens,
    on_one_screen,
    says,
)
from tests.conftest import DATA, Samples

MAX_BYTES_BEFORE_ANSWER = 150_000  # uncompressed
# What is further down, and what follows the first answer, is not loaded.
UNTIL_ANSWERED = """
  globalThis.IntersectionObserver = class { observe() {} };
  const later = globalThis.setTimeout;
  globalThis.setTimeout = (work, wait, ...rest) => wait < 1000 && later(work, wait, ...rest);
"""


def classes(page: Page) -> list[str]:
    return page.locator("#classes tbody tr:visible th").all_inner_texts()


def posted(watched: Watched) -> int:
    return len(watched.posted())


@on_both_screens
def test_opens_with_an_answer_of_each_network(page: Page) -> None:
    assert {says(page, model) for model in ("baseline", "cnn_a", "cnn_b")} == {"Ankle boot"}
    assert classes(page) == ["Sandal", "Sneaker", "Ankle boot"]
    expect(page.locator("#worth")).to_contain_text("validation images (95 % interval")
    page.get_by_role("button", name="7 others under 1 %").click()
    assert len(classes(page)) == 10


@on_one_screen
def test_is_light_until_it_has_answered(page: Page, url: str, watched: Watched) -> None:
    page.goto("about:blank")
    watched.requests.clear()
    loaded: list[Response] = []
    page.on("response", lambda answer: loaded.append(answer))
    page.add_init_script(UNTIL_ANSWERED)
    page.goto(url)
    answered(page)
    sizes = {answer.url: len(answer.body()) for answer in loaded}
    assert sum(sizes.values()) <= MAX_BYTES_BEFORE_ANSWER, sizes
    assert not [address for address in sizes if "/networks/" in address and address.endswith(".bin")]


@on_one_screen
def test_waits_for_no_encoder_of_the_browser(page: Page, url: str) -> None:
    # Chromium's encodes a canvas when it is idle: on a busy machine the answers came up to seven seconds late.
    never = "() => new Promise(() => {})"
    page.add_init_script(f"OffscreenCanvas.prototype.convertToBlob = HTMLCanvasElement.prototype.toBlob = {never}")
    page.goto(url)
    answered(page)


@on_one_screen
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


@on_one_screen
def test_reads_a_sample_as_the_service_does(page: Page) -> None:
    found = page.evaluate(
        """async () => {
          const { fromFile } = await import("/static/page/pixels.js");
          return [...await fromFile(await (await fetch("/static/samples/dress.png")).blob())];
        }"""
    )
    with Image.open(DATA / "dress.png") as picture:
        np.testing.assert_array_equal(np.array(found).reshape(28, 28), np.asarray(picture))


def test_moving_sends_nothing(page: Page, watched: Watched) -> None:
    page.wait_for_load_state("networkidle")
    before = posted(watched)
    pad, cell = page.locator("#pad"), page.locator('#classes td[data-cell="baseline 9"]')
    first = cell.inner_text()
    pad.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    expect(page.locator("#moved")).to_have_text("moved 3 right, 1 up")
    expect(page.locator("#cut")).to_be_visible()
    expect(cell).not_to_have_text(first)
    expect(page.locator("#worth")).to_contain_text("nothing was sent")
    page.keyboard.press("Home")
    expect(cell).to_have_text(first)
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    middle, pixel = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), box["width"] / 28
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] - 4 * pixel, middle[1] + 2 * pixel, steps=6)
    page.mouse.up()
    expect(page.locator("#moved")).to_have_text("moved 4 left, 2 down")
    expect(cell).not_to_have_text(first)
    page.get_by_role("button", name="Back to where it was").click()
    expect(cell).to_have_text(first)
    assert posted(watched) == before


@on_both_screens
def test_a_swipe_beside_the_pad_scrolls(page: Page) -> None:
    action = "(id) => getComputedStyle(document.getElementById(id)).touchAction"
    assert page.evaluate(action, "pad") == "none"
    assert page.evaluate(action, "stage") == "auto"


def test_offline_samples_and_moves_go_on(page: Page) -> None:
    come_down_to_moves(page)
    page.get_by_role("button", name="Bag").click()
    expect(page.locator('.network[data-model="cnn_b"] .says')).to_have_text("Bag")
    page.context.set_offline(True)
    page.get_by_role("button", name="Left", exact=True).click()
    expect(page.locator("#moved")).to_have_text("moved 1 left")
    expect(page.locator("#worth")).to_contain_text("your browser answers now")
    photo = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": (DATA / "coat.png").read_bytes()}
    page.locator("#file").set_input_files(photo)  # type: ignore[arg-type]
    expect(page.get_by_role("alert")).to_have_text(
        "You are offline. Samples, moving and drawing go on; a photo waits until the connection is back. "
        "Below is still the picture before it."
    )
    page.context.set_offline(False)


def test_the_lesson_is_filled_as_the_reader_comes_down(page: Page, watched: Watched) -> None:
    def weights() -> int:
        return len({request.url for request in watched.requests if request.url.endswith(".bin")})

    expect(page.locator("#lens-value")).to_contain_text("Convolution 1")
    assert weights() == 1, "a reader who looks at the answers alone fetches no other networks"
    page.context.set_offline(True)
    with page.expect_event("requestfailed", lambda request: request.url.endswith("pooling.js")):
        page.locator("#evidence-heading").scroll_into_view_if_needed()
    expect(page.get_by_role("alert")).to_contain_text("You are offline.")
    page.context.set_offline(False)
    come_down_to_moves(page)
    assert weights() == 5


def test_without_weights_the_lesson_waits(context: BrowserContext, url: str, watched: Watched) -> None:
    page = context.new_page()
    watched.watch(page)
    page.route("**/networks/*.bin", lambda route: route.fulfill(status=503))
    page.goto(url)
    expect(page.get_by_role("alert")).to_contain_text("The weights of CNN A, photographs cannot be fetched.")
    page.unroute("**/networks/*.bin")
    page.get_by_role("button", name="Bag").click()
    expect(page.locator("#lens-value")).to_contain_text("Convolution 1")
    assert not [request.url for request in watched.requests if request.url.endswith(("pooling.js", "moves.js"))]


def test_a_fault_in_one_part_keeps_no_other_empty(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    faulty = "export async function follow() { throw new TypeError('a fault'); }"
    page.route("**/pooling.js", lambda route: route.fulfill(content_type="text/javascript", body=faulty))
    with page.expect_event("pageerror", lambda error: "a fault" in str(error)):
        page.goto(url)
        come_down_to_moves(page)
    expect(page.locator("#pooling-body")).to_be_hidden()


def test_places_where_the_garment_is_cut_are_not_counted(page: Page) -> None:
    come_down_to_moves(page)
    counted = page.locator('#moves [data-model="cnn_a"] figcaption span')
    expect(counted).to_contain_text("of 9 places")  # the boot fills the picture's width
    expect(page.locator("#no-room")).to_be_visible()
    page.locator("#room").check()
    expect(counted).to_have_text(re.compile("^Ankle boot in [0-9]+ of 81 places$"))  # whatever the network says
    expect(page.locator("#no-room")).to_be_hidden()


def test_the_address_holds_what_is_shown(page: Page, url: str) -> None:
    page.goto("about:blank")
    page.goto(f"{url}/#sample=dress&room=1&dx=2&dy=-1&model=cnn_b")
    answered(page)
    expect(page.locator("#moved")).to_have_text("moved 2 right, 1 up")
    assert page.locator('input[value="cnn_b"]').is_checked()
    assert page.locator("#room").is_checked()
    assert page.get_by_role("button", name="Dress").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Right", exact=True).click()
    page.locator('.network[data-model="cnn_a"]').click()
    expect(page).to_have_url(f"{url}/#sample=dress&room=1&dx=3&dy=-1&model=cnn_a")


def test_a_drawing_is_answered_as_it_is_drawn(page: Page) -> None:
    page.get_by_role("button", name="Draw", exact=True).click()
    drawing_begun(page)
    page.locator(".tools label", has_text="Broad").click()
    pad, said = page.locator("#pad"), page.locator('.network[data-model="cnn_a"] .says')
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.1 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.9 * box["height"], steps=20)
    expect(said).not_to_have_text("–")
    page.mouse.up()
    page.get_by_role("button", name="Clear").click()
    expect(said).to_have_text("–")
    pad.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#status")).to_contain_text("Pen at column 13, row 14.")
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#worth")).to_contain_text("drawings")
    expect(page).not_to_have_url(re.compile("sample"))


def test_fits_and_is_labelled(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    unnamed = page.evaluate(
        """[...document.querySelectorAll("button, a, input, [role=img], [role=application]")].filter((element) =>
            element.checkVisibility() && !(element.ariaLabel || element.getAttribute("aria-labelledby") ||
            element.textContent.trim() ||
            element.labels?.length)).map((e) => e.outerHTML)"""
    )
    assert unnamed == []
    assert page.locator("h1").count() == 1


@on_both_screens
def test_the_stage_fits_a_phones_screen(page: Page) -> None:
    stage = page.locator("#stage").bounding_box()
    assert stage is not None
    assert stage["height"] <= page.viewport_size["height"]  # type: ignore[index]


def test_the_answers_stay_in_view_while_the_lesson_scrolls(page: Page) -> None:
    page.locator("#evidence-heading").scroll_into_view_if_needed()
    phone = page.viewport_size["width"] < 960  # type: ignore[index]
    shown = page.locator("#strip" if phone else ".network[data-model='cnn_a']")
    expect(shown).to_be_in_viewport()
    expect(shown).to_contain_text("Ankle boot")


@on_one_screen
def test_leads_to_the_report(page: Page) -> None:
    page.locator(".claims a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Does convolution beat a dense network?")


@on_one_screen
def test_the_font_comes_from_the_project(page: Page) -> None:
    assert page.evaluate("document.fonts.ready.then((fonts) => [...fonts].map(({ status }) => status))") == ["loaded"]


def test_its_pictures_are_the_test_sets() -> None:
    shipped = Path("service/web/static/samples")
    assert {file.name: file.read_bytes() for file in shipped.iterdir()} == {
        file.name: file.read_bytes() for file in DATA.glob("*.png")
    }
