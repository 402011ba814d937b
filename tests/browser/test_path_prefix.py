"""Page, report and documentation in a browser, behind a proxy that serves them below a path."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched, answered, says
from tests.conftest import StartServer
from tests.proxies import behind_nginx

pytestmark = pytest.mark.slow

_LOAD_ALL = """() => Promise.all([...document.images].map((image) => {
  image.loading = "eager";
  return image.decode();
})).then((loaded) => loaded.length)"""


@pytest.fixture(scope="module")
def prefixed(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with behind_nginx(start_server(SERVICE_ROOT_PATH="/svc"), tmp_path_factory.mktemp("nginx")) as url:
        yield url


@pytest.fixture
def page(browser: Browser, prefixed: str, watched: Watched) -> Iterator[Page]:
    """An empty page; fails the test if anything went wrong in it, or it asked for anything above the prefix."""
    opened = browser.new_page()
    watched.watch(opened)
    yield opened
    assert watched.errors == []
    asked = [request.url for request in watched.requests]
    assert asked
    assert [url for url in asked if not url.startswith((f"{prefixed}/", "data:", "blob:"))] == []
    opened.close()


def test_the_page_classifies_and_leads_to_the_report(page: Page, prefixed: str) -> None:
    page.goto(f"{prefixed}/")
    answered(page)
    assert says(page, "cnn_a") == "Ankle boot"
    page.get_by_role("button", name="Bag").click()
    expect(page.locator('.network[data-model="cnn_b"] .says')).to_have_text("Bag")
    page.locator(".claims a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Does convolution beat a dense network?")
    assert page.evaluate(_LOAD_ALL) > 5  # rejected, which fails the test, by a picture that does not load


def test_the_documentation_sends_a_request(page: Page, prefixed: str) -> None:
    page.goto(f"{prefixed}/docs")
    page.get_by_role("button", name="Open the reference").click()
    page.locator("#operations-sagemaker-get_execution_parameters").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table .response-col_status").nth(1)).to_have_text("200")
    expect(page.locator(".request-url")).to_contain_text(f"{prefixed}/execution-parameters")
