"""With a finger: what is dragged moves, and beside it the page scrolls."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Watched, by_touch, drawing_begun
from tests.browser.test_photo import comparisons, drop, shop_picture

pytestmark = by_touch

Swipe = Callable[[Locator, tuple[float, float], tuple[float, float]], None]


@pytest.fixture
def swipe(page: Page) -> Swipe:
    """Drag a finger over an element: from where, in shares of its width and height, and by how many CSS pixels."""
    touch = page.context.new_cdp_session(page)

    def swiped(target: Locator, start: tuple[float, float], by: tuple[float, float]) -> None:
        box = target.bounding_box()
        assert box is not None
        x, y = box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"]
        for kind, share in (("touchStart", 0.0), *(("touchMove", step / 8) for step in range(1, 9)), ("touchEnd", 1.0)):
            points = [] if kind == "touchEnd" else [{"x": x + share * by[0], "y": y + share * by[1]}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(400)  # Chromium makes no click of a tap that follows a swipe within 300 ms

    return swiped


def scrolled(page: Page) -> float:
    offset: float = page.evaluate("scrollY")
    return offset


def test_the_box_follows_a_finger(page: Page, swipe: Swipe, watched: Watched) -> None:
    drop(page, "trousers.jpg", "image/jpeg", shop_picture())
    box = page.locator("#photo-box")
    expect(box).to_be_visible()
    page.wait_for_load_state("networkidle")
    before, top, asked = box.bounding_box(), scrolled(page), len(comparisons(watched))
    swipe(box, (0.5, 0.5), (12, -10))
    expect(page.locator("#photo-taken")).to_have_text("Your box was taken.")
    moved = box.bounding_box()
    assert before is not None
    assert moved is not None
    assert moved["width"] == pytest.approx(before["width"], abs=1)
    assert moved["y"] == pytest.approx(before["y"] - 10, abs=3)
    swipe(page.locator('[data-corner="left top"]'), (0.5, 0.5), (15, 20))
    page.wait_for_function(
        "(width) => document.getElementById('photo-box').offsetWidth < width - 8", arg=moved["width"]
    )
    expect(page.locator("#answers")).to_have_attribute("aria-busy", "false")
    assert len(comparisons(watched)) > asked
    assert scrolled(page) == top


def test_the_picture_follows_a_finger_and_the_page_scrolls_beside_it(page: Page, swipe: Swipe) -> None:
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box, top = pad.bounding_box(), scrolled(page)
    assert box is not None
    swipe(pad, (0.5, 0.5), (3 * box["width"] / 28, 2 * box["width"] / 28))
    expect(page.locator("#moved")).to_have_text("moved 3 right, 2 down")
    assert scrolled(page) == top
    swipe(page.locator("#pad-help"), (0.5, 0.9), (0, -200))
    page.wait_for_function("(top) => scrollY > top + 50", arg=top)
    expect(page.locator("#moved")).to_have_text("moved 3 right, 2 down")


def test_the_lens_follows_a_finger(page: Page, swipe: Swipe) -> None:
    page.locator("#lens-heading").scroll_into_view_if_needed()
    expect(page.locator("#lens-value")).to_contain_text("Convolution 1")
    over = page.locator("#lens-map")
    over.scroll_into_view_if_needed()
    box, top = over.bounding_box(), scrolled(page)
    assert box is not None
    place = box["width"] / 26
    swipe(over, (3.5 / 26, 10.5 / 26), (4 * place, 6 * place))
    expect(page.locator("#lens-value")).to_contain_text("row 16, column 7")
    assert scrolled(page) == top
    maps = page.locator("#lens-channels label")
    maps.nth(3).tap()
    expect(maps.nth(3).locator("input")).to_be_checked()
    expect(page.locator("#lens-value")).to_contain_text("row 16, column 7")


def test_a_finger_draws(page: Page, swipe: Swipe) -> None:
    page.get_by_role("button", name="Draw", exact=True).tap()
    drawing_begun(page)
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    top = scrolled(page)
    swipe(pad, (0.5, 0.1), (0, 100))
    expect(page.locator('.network[data-model="cnn_a"] .says')).not_to_have_text("–")
    assert scrolled(page) == top


def test_taps_choose(page: Page) -> None:
    page.get_by_role("button", name="Bag").tap()
    expect(page.locator('.network[data-model="cnn_b"] .says')).to_have_text("Bag")
    page.get_by_role("button", name="Up", exact=True).tap()
    expect(page.locator("#moved")).to_have_text("moved 1 up")
    page.locator("#room").tap()
    expect(page.locator("#room")).to_be_checked()
    page.locator('.network[data-model="cnn_b"]').tap()
    expect(page.locator('input[value="cnn_b"]')).to_be_checked()
    page.locator("#lens-heading").scroll_into_view_if_needed()
    # Until the lens has come to the network, its buttons may be made anew under the finger.
    expect(page.locator("#lens-blind")).to_have_text("Every pixel reaches this network's answer.")
    page.locator("#lens-layers label", has_text="Convolution 2").tap()
    expect(page.locator("#lens-value")).to_contain_text("Convolution 2")
    with page.expect_file_chooser():
        page.locator("label", has_text="Choose a photo").tap()
    with page.expect_file_chooser():
        page.locator("label.coarse").tap()
