"""The API's page: examples that run as they are pasted, and Swagger UI once it is asked for."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched

pytestmark = pytest.mark.slow

RUN = {"curl": ["bash", "-ec"], "python": [sys.executable, "-c"], "javascript": ["node", "--input-type=module", "-e"]}


@pytest.fixture
def page(browser: Browser, url: str, watched: Watched) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 390, "height": 844})
    watched.watch(opened)
    opened.goto(f"{url}/docs")
    yield opened
    assert watched.errors == []
    opened.close()


@pytest.mark.parametrize("language", RUN)
def test_every_example_runs_as_it_is_pasted(page: Page, url: str, tmp_path: Path, language: str) -> None:
    if shutil.which(RUN[language][0]) is None:
        pytest.skip(f"needs {RUN[language][0]}")
    page.locator(f'input[value="{language}"]').check(force=True)
    shown = page.locator(".code code").filter(visible=True)
    expect(shown).to_have_count(3)
    examples = [code.inner_text() for code in shown.all()]
    assert all(f"{url}/" in example for example in examples)
    answers = [
        subprocess.run([*RUN[language], example], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        for example in examples
    ]
    assert "Bag" in answers[0]
    assert answers[1].count("Bag") >= 5
    assert answers[2].count(",") >= 9  # ten probabilities


def test_an_example_is_copied(page: Page, url: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith(f"curl -s {url}/static/samples/bag.png")


def test_swagger_ui_comes_when_it_is_asked_for(page: Page) -> None:
    loaded = json.loads(page.evaluate("JSON.stringify(performance.getEntriesByType('resource').map((e) => e.name))"))
    assert not any("swagger" in name for name in loaded)
    page.get_by_role("button", name="Open the reference").click()
    expect(page.get_by_text("/invocations", exact=True).first).to_be_visible()
    expect(page.get_by_role("button", name="Open the reference")).to_be_hidden()
    for colours, name in (("dark", "dark-mode"), ("light", "")):
        page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
        expect(page.locator("html")).to_have_class(name)


def test_a_link_to_a_route_opens_it(browser: Browser, url: str) -> None:
    page = browser.new_page()
    page.goto(f"{url}/docs#/predict/predict")
    expect(page.locator("#operations-predict-predict .opblock-body")).to_be_visible()
    page.close()
