"""Every state of the page is free of barriers that axe finds, and fits its window, in both themes."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import SIZES, come_down_to_moves, drawing_begun
from tests.browser.test_photo import drop, shop_picture, snapshot


def sample(page: Page) -> None:
    page.get_by_role("button", name="Dress").click()
    expect(page.locator('.network[data-model="cnn_a"] .says')).to_have_text("Dress")  # the button below is a new one
    page.get_by_role("button", name="others under 1 %").click()


def even_photo(page: Page) -> None:
    drop(page, "trousers.jpg", "image/jpeg", shop_picture())
    expect(page.locator("#photo")).to_be_visible()


def uneven_photo(page: Page) -> None:
    drop(page, "shirt.jpg", "image/jpeg", snapshot(1600, 1200))
    expect(page.locator("#photo")).to_be_visible()


def refusal(page: Page) -> None:
    drop(page, "notes.txt", "text/plain", b"not a picture at all")
    expect(page.get_by_role("alert")).to_be_visible()


def drawing(page: Page) -> None:
    page.get_by_role("button", name="Draw", exact=True).click()
    drawing_begun(page)
    page.keyboard.press("ArrowDown")
    expect(page.locator('.network[data-model="cnn_a"] .says')).not_to_have_text("–")


def second_convolution(page: Page) -> None:
    page.locator("#lens-heading").scroll_into_view_if_needed()
    page.locator("#lens-layers label", has_text="Convolution 2").click()
    page.get_by_role("button", name="Show all 64 maps").click()


def pooling(page: Page) -> None:
    page.locator("#lens-heading").scroll_into_view_if_needed()
    page.locator("#lens-layers label", has_text="Pooling 2").click()


def dense(page: Page) -> None:
    page.locator('.network[data-model="baseline"]').click()
    page.locator("#lens-heading").scroll_into_view_if_needed()
    expect(page.locator("#lens-none")).to_be_visible()


def words(page: Page) -> None:
    page.locator(".glossary summary").click()


STATES = (sample, even_photo, uneven_photo, refusal, drawing, second_convolution, pooling, dense, words)


@pytest.mark.slow
@pytest.mark.parametrize("context", SIZES, indirect=True)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("reach", STATES, ids=lambda reach: reach.__name__)
def test_a_state_has_no_barrier(page: Page, reach: Callable[[Page], None], theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    reach(page)
    come_down_to_moves(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
