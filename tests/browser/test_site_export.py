"""``make site``: the pages as files on a plain web space, where no service answers."""

import threading
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from service import site_export
from service.models.bundle import Bundle
from tests.browser.conftest import Watched
from tests.conftest import DATA, MODELS


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name)
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("site")
    site_export.write(written, Bundle(MODELS))
    return written


@pytest.fixture(scope="module")
def space(folder: Path) -> Iterator[str]:
    """The address of a web space with the site in a folder of it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder.parent))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{folder.name}/"
        server.shutdown()


class _Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def test_every_link_leads_to_a_file(folder: Path) -> None:
    pages = list(folder.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        for link in _Links(page.read_text(encoding="utf-8")).found:
            path = urlsplit(urljoin(page.relative_to(folder).as_posix(), link))
            assert not path.scheme, (page, link)
            assert (folder / path.path).is_file(), (page, link)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["", "es/"])
def test_samples_and_moves_work_and_a_photo_says_what_it_needs(
    browser: Browser, space: str, watched: Watched, page: str
) -> None:
    opened = browser.new_page(viewport={"width": 390, "height": 844})
    watched.watch(opened)
    opened.goto(space + page)
    says = opened.locator('#answers [data-model="cnn_a"] .says')
    expect(says).to_have_text("Botín" if page else "Ankle boot")
    opened.locator("[data-sample]").first.click()
    expect(says).not_to_have_text("Botín" if page else "Ankle boot")
    opened.locator("#pad").press("ArrowRight")
    expect(opened.locator("#moved")).to_contain_text("1")
    opened.locator("#file").set_input_files(DATA / "trouser.png")
    expect(opened.get_by_role("alert")).to_contain_text("necesita" if page else "need")
    assert watched.errors == []
    opened.close()


@pytest.mark.slow
def test_the_switch_leads_to_the_same_page_in_the_other_language(browser: Browser, space: str) -> None:
    opened = browser.new_page()
    opened.goto(f"{space}experiments/cnn_b.html")
    opened.get_by_role("link", name="Español").click()
    assert opened.url == f"{space}es/experiments/cnn_b.html"
    expect(opened.locator("html")).to_have_attribute("lang", "es")
    opened.close()
