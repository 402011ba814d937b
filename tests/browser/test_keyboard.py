"""With keys alone: whatever is done by mouse or finger."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Locator, Page, expect

from tests.browser.test_photo import shop_picture


def press(target: Locator, key: str) -> None:
    """Press a key on what the Tab key reaches."""
    assert target.evaluate("(element) => element.tabIndex") >= 0
    target.press(key)


def test_samples_networks_and_moves(page: Page) -> None:
    bag = page.get_by_role("button", name="Bag")
    press(bag, "Enter")
    expect(bag).to_have_attribute("aria-pressed", "true")
    press(page.locator("#pad"), "ArrowRight")
    press(page.get_by_role("button", name="Down", exact=True), "Enter")
    expect(page.locator("#moved")).to_have_text("moved 1 right, 1 down")
    press(page.locator("#pad"), "Home")
    press(page.locator("#room"), "Space")
    expect(page.locator("#room")).to_be_checked()
    press(page.locator("input[name=network]:checked"), "ArrowUp")
    expect(page.locator("input[value=cnn_a_tuned]")).to_be_checked()
    press(page.locator(".glossary summary"), "Enter")
    expect(page.get_by_text("One step of a network.")).to_be_visible()


def test_the_lens(page: Page) -> None:
    page.locator("#lens-heading").scroll_into_view_if_needed()
    value = page.locator("#lens-value")
    expect(value).to_contain_text("Convolution 1")
    press(page.locator("#lens-layers input:checked"), "ArrowRight")
    expect(value).to_contain_text("Pooling 1")
    press(page.locator("#lens-channels input:checked"), "ArrowLeft")
    before = value.inner_text()
    press(page.locator("#lens-map"), "ArrowUp")
    expect(value).not_to_have_text(before)
    # The window slides by the page's clock; as this stands, it cannot arrive before it is stopped.
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
    press(page.get_by_role("button", name="Play: slide the window"), "Enter")
    press(page.get_by_role("button", name="Stop"), "Enter")
    expect(page.get_by_role("button", name="Play: slide the window")).to_be_visible()
    page.clock.resume()
    press(page.get_by_role("button", name="Walk over the first pooling"), "Enter")
    expect(page.locator("#lens-layers")).to_be_in_viewport()


def test_a_drawing(page: Page) -> None:
    press(page.get_by_role("button", name="Draw", exact=True), "Enter")
    expect(page.locator("#pad")).to_be_focused()
    expect(page.locator("#classes")).to_be_hidden()  # there is no answer yet
    press(page.locator("input[name=pen]:checked"), "ArrowRight")
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft"):
        press(page.locator("#pad"), key)
    expect(page.locator('.network[data-model="cnn_a"] .says')).not_to_have_text("–")
    press(page.get_by_role("button", name="Done"), "Enter")
    expect(page.locator("#drawing-tools")).to_be_hidden()
    expect(page.locator("#classes")).to_be_visible()


def test_a_photo_and_its_box(page: Page) -> None:
    with page.expect_file_chooser() as chooser:
        press(page.locator("#file"), "Enter")
    chooser.value.set_files({"name": "trousers.jpg", "mimeType": "image/jpeg", "buffer": shop_picture()})
    expect(page.locator("#photo")).to_be_visible()
    press(page.locator("#photo-box"), "Shift+ArrowUp")
    expect(page.locator("#photo-taken")).to_have_text("Your box was taken.")
    with page.expect_response(lambda answer: "invert=" in answer.url):
        press(page.get_by_role("button", name="Invert"), "Enter")


def test_the_camera(page: Page) -> None:
    if page.evaluate("matchMedia('(pointer: coarse)').matches"):
        with page.expect_file_chooser():
            press(page.locator("#camera"), "Enter")
        return
    press(page.locator("#webcam"), "Enter")
    page.wait_for_function("() => document.getElementById('viewfinder-video').videoWidth > 0")
    expect(page.get_by_role("button", name="Take it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#photo")).to_be_visible()
