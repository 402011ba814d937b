"""What holds of every page: no barrier that axe finds, nothing sideways, no word left in English on a Spanish one."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.conftest import MODELS, ROOT

PATHS = ["/", "/experiments", "/experiments/cnn_a", "/lesson", "/docs", "/nothing"]
READERS = [(320, "light", "es"), (390, "dark", "en"), (390, "light", "es"), (1280, "light", "en"), (1280, "dark", "es")]

# The texts that a reader sees or hears, outside of what is marked as English, code, or numbers. Names stay as they are.
TEXTS = """() => {
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest("code, script, noscript, [lang]:not(html)")) continue;
    texts.push(node.data.trim());
  }
  for (const element of document.querySelectorAll("[aria-label], [alt], [title], [placeholder]")) {
    if (element.closest("[lang]:not(html)")) continue;
    for (const name of ["aria-label", "alt", "title", "placeholder"]) {
      texts.push(element.getAttribute(name)?.trim() ?? "");
    }
  }
  return [document.title, ...texts].filter((text) => /\\p{L}{3}/u.test(text));
}"""
NAMES = {"CNN", "API", "Backend", "Commit", "Markdown", "JSON", "CSV", "curl", "Python", "JavaScript", "ECE", "NLL"}
NAMES |= {
    "keras",
    "numpy",
    "tensorflow",
    "tensorflow-cpu",
    "Brier",
    "MaxPool",
    "Pooling",
    "ReLU",
    "Softmax",
    "Error",
    "Color",
    "Local",
    "Total",
    "Final",
    "General",
    "Normal",
    "Original",
    "Visual",
}


def opened(browser: Browser, address: str, width: int = 1280, theme: str = "light", language: str = "en") -> Page:
    page = browser.new_page(
        viewport={"width": width, "height": 844},
        color_scheme="dark" if theme == "dark" else "light",
        locale={"en": "en-GB", "es": "es-MX"}[language],
    )
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    return page


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme", "language"), READERS)
@pytest.mark.parametrize("path", PATHS)
def test_fits_and_has_no_barrier(browser: Browser, url: str, path: str, width: int, theme: str, language: str) -> None:
    page = opened(browser, url + path, width, theme, language)
    assert page.evaluate("document.documentElement.lang") == language
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.locator("h1").count() == 1
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
def test_no_sentence_stays_english_on_a_spanish_page(browser: Browser, url: str, path: str) -> None:
    english, spanish = (opened(browser, url + path, language=language) for language in ("en", "es"))
    kept = set(english.evaluate(TEXTS)) & set(spanish.evaluate(TEXTS))
    assert [text for text in sorted(kept) if not is_a_name(text)] == []
    english.close()
    spanish.close()


def is_a_name(text: str) -> bool:
    """Whether every word of three letters and more is a name, or looks like a part of one: a path, a version."""
    words = [word.strip(".,;:()→−-–") for word in text.split()]
    return all(word in NAMES or not word.isalpha() or len(word) < 3 or word.isupper() for word in words)


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1600])
def test_what_scrolls_sideways_says_so(browser: Browser, url: str, width: int) -> None:
    page = opened(browser, f"{url}/experiments?lang=es", width)
    # The hints follow the opened parts' sizes.
    page.wait_for_function(
        """() => {
          const regions = [...document.querySelectorAll(".scroll")];
          const isHinted = (region) => region.previousElementSibling?.matches(".sideways:not([hidden])") ?? false;
          const scrolls = (region) => region.scrollWidth > region.clientWidth + 1;
          return regions.some(scrolls) && regions.every((region) => isHinted(region) === scrolls(region));
        }"""
    )
    page.close()


def test_a_network_has_the_same_colours_as_in_the_figures() -> None:
    style = (ROOT / "service/web/static/style.css").read_text(encoding="utf-8")
    figures = "".join(file.read_text(encoding="utf-8") for file in MODELS.glob("figures/*.svg"))
    light = re.findall(r"var\((--baseline|--cnn-[a-z-]+), (#\w{6})\)", figures)
    dark = re.findall(r"(--baseline|--cnn-[a-z-]+):(#\w{6})", figures)
    assert set(light) | set(dark) == set(re.findall(r"(--baseline|--cnn-[a-z-]+): (#\w{6})", style))
