"""The system's Chromium, and the page in it, on a desktop and on a phone, each in light and in dark colours."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from tests.conftest import slow

SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}
USUAL = {"phone": "dark", "desktop": "light"}
"""What the page is seen on, and in which colours, where a test names no others."""

OTHERS = slow("phone light", "desktop dark")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        # Its sandbox cannot be had as root, which CI is.
        camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        launched = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", *camera])
        expect.set_options(timeout=30_000)  # the machine may be busy with other tests
        yield launched
        launched.close()


@dataclass
class Watched:
    """What went wrong in a page, and what it asked for."""

    errors: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: self.requests.append(request))

    def posted(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]


@pytest.fixture
def watched() -> Watched:
    return Watched()


on_both_screens = pytest.mark.parametrize("context", ["phone", "desktop", *OTHERS], indirect=True)
"""Marks a test that ``make test``, too, runs on a phone's screen."""

on_one_screen = pytest.mark.parametrize("context", ["desktop"], indirect=True)
"""Marks a test of what is the same on every screen and in all colours."""

by_touch = pytest.mark.parametrize("context", ["phone", OTHERS[0]], indirect=True)
"""Marks a test that takes a finger."""


@pytest.fixture(params=[*slow("phone"), "desktop", *OTHERS])
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A window: the phone's with touch, the desktop's with a mouse."""
    screen, _, colours = request.param.partition(" ")
    phone = screen == "phone"
    opened = browser.new_context(
        viewport=SIZES[screen],  # type: ignore[arg-type]
        color_scheme=colours or USUAL[screen],  # type: ignore[arg-type]
        has_touch=phone,
        is_mobile=phone,
    )
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, url: str, watched: Watched) -> Iterator[Page]:
    """The page, open and answered; fails the test if anything went wrong in it or it asked anybody else."""
    opened = context.new_page()
    watched.watch(opened)
    opened.goto(url)
    answered(opened)
    yield opened
    # What the API refuses is logged by the browser itself, and shown by the page.
    assert [text for text in watched.errors if "status of 4" not in text and "ERR_INTERNET" not in text] == []
    asked = {"/".join(request.url.split("/")[:3]) for request in watched.requests}
    assert asked - {"data:", "blob:" + url} == {url}


def answered(page: Page) -> None:
    expect(page.locator("#answers")).to_have_attribute("aria-busy", "false")


def drawing_begun(page: Page) -> None:
    """Wait until the pad takes strokes: only then do keys reach it, and is it where it stays on a phone."""
    expect(page.locator("#drawing-tools")).to_be_visible()
    expect(page.locator("#pad")).to_be_focused()
    expect(page.locator('.network[data-model="cnn_a"] .says')).to_have_text("–")  # nothing is drawn yet


def come_down_to(page: Page, heading: str, shown: str) -> None:
    """Scroll to a heading until the lesson shows an element: what fills on the way pushes the heading further down."""
    scroll = """([heading, shown]) => {
        document.querySelector(heading).scrollIntoView();
        return document.querySelector(shown);
    }"""
    page.wait_for_function(scroll, arg=[heading, shown], polling=50)


def come_down_to_moves(page: Page) -> None:
    """Scroll until the map of moves, the lesson's last part, is there; so all networks' weights are, too."""
    come_down_to(page, "#evidence-heading", "#moves[aria-busy=false]")


def says(page: Page, model: str) -> str:
    return page.locator(f'.network[data-model="{model}"] .says').inner_text()
