"""Pages in the reader's language, and refusals as pages for browsers."""

import json
import re

import httpx
import pytest

from service.http.negotiation import choose_language
from service.models.saved_model import LABELS
from service.outputs.languages import Language
from tests.conftest import ROOT, assert_problem

WEB = ROOT / "service" / "web"
OF_TEMPLATES: dict[str, str] = json.loads((WEB / "messages" / "es.json").read_text())
OF_SCRIPTS: dict[str, str] = json.loads((WEB / "static" / "messages" / "es.json").read_text())
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
LITERAL = re.compile(r"""\bt\(\s*"((?:[^"\\]|\\.)*)\"""")


def said(*patterns: str) -> set[str]:
    """Every sentence that a template or a script writes in English, through ``t``."""
    sources = [source for pattern in patterns for source in WEB.glob(pattern)]
    return {json.loads(f'"{found}"') for source in sources for found in LITERAL.findall(source.read_text())}


def test_every_sentence_is_translated_with_the_same_values_and_tags() -> None:
    # Browsers have the scripts' catalogue alone.
    assert said("static/*.js", "static/page/**/*.js") - OF_SCRIPTS.keys() == set()
    # Scripts have the classes' names from the service.
    assert OF_SCRIPTS.keys() - said("static/*.js", "static/page/**/*.js") == set(LABELS)
    assert said("templates/*.html") - OF_SCRIPTS.keys() - OF_TEMPLATES.keys() == set()
    assert OF_SCRIPTS.keys() & OF_TEMPLATES.keys() == set()
    for english, spanish in (OF_TEMPLATES | OF_SCRIPTS).items():
        for part in (r"\{\w+\}", r"</?\w+"):
            assert sorted(re.findall(part, english)) == sorted(re.findall(part, spanish)), english


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-GB,en;q=0.9,es;q=0.8", "en"),
        ("fr-FR,fr;q=0.9,es;q=0.5,en;q=0.3", "es"),
        ("de", "en"),
        ("es;q=0, *", "en"),
        ("ES-419", "es"),
        (",;q=x", "en"),
    ],
)
def test_the_language_that_the_reader_rates_highest(header: str | None, language: str) -> None:
    assert choose_language(header, ("en", "es")) == language


def test_numbers_are_written_as_the_language_writes_them() -> None:
    english, spanish = Language("en", {}), Language("es", {})
    assert [english.percent(0.91234), spanish.percent(0.91234)] == ["91.23\u00a0%", "91,23\u00a0%"]
    assert [english.count(60_000), spanish.count(60_000)] == ["60,000", "60\u202f000"]
    assert [english.count(1_000), spanish.count(1_000)] == ["1,000", "1000"]
    assert [english.decimal(0.5, 1, "+"), spanish.decimal(0.5, 1, "+")] == ["+0.5", "+0,5"]


@pytest.mark.parametrize("path", ["/", "/experiments", "/experiments/cnn_a", "/docs"])
def test_a_page_comes_in_the_language_of_its_address_or_else_of_the_browser(client: httpx.Client, path: str) -> None:
    def page(query: str = "", accept_language: str = "en") -> httpx.Response:
        answer = client.get(path + query, headers={**BROWSER, "accept-language": accept_language})
        assert answer.status_code == 200
        assert "Accept-Language" in answer.headers["vary"]
        assert f'<html lang="{answer.headers["content-language"]}">' in answer.text
        return answer

    assert page().headers["content-language"] == "en"
    assert page(accept_language="es-AR").headers["content-language"] == "es"
    chosen = page("?lang=es")
    assert ">Experimentos</a>" in chosen.text
    assert "set-cookie" not in chosen.headers
    # No cookie remembers the choice, so every link to another page keeps it.
    links = re.findall(r'<a href="([^"#]+)', chosen.text)
    others = [link for link in links if "?lang=en" in link]
    assert sum("?lang=es" in link for link in links) >= 3
    assert others == ["?lang=en"]
    assert page("?lang=en", accept_language="es").headers["content-language"] == "en"


def test_a_language_that_there_is_not_is_refused(client: httpx.Client) -> None:
    for path in ("/", "/docs", "/experiments"):
        assert_problem(client.get(f"{path}?lang=fr"), 422, "lang")
        shown = client.get(f"{path}?lang=fr", headers=BROWSER)
        assert shown.status_code == 422
        assert "&#39;en&#39; or &#39;es&#39;" in shown.text


def test_a_browser_that_is_lost_finds_a_page_that_leads_home(client: httpx.Client) -> None:
    for path, root in (("/nothing", ""), ("/nothing/at/all", "../../"), ("/experiments/nothing", "../")):
        assert_problem(client.get(path), 404)
        page = client.get(path, headers={**BROWSER, "accept-language": "es"})
        assert page.status_code == 404
        assert "Aquí no hay nada" in page.text
        assert f'href="{root or "./"}"' in page.text
        assert f'href="{root}experiments"' in page.text
        # An address that is like none is not repeated; what is missing at a known one is said.
        is_known = path.startswith("/experiments/")
        assert ("Ninguna página tiene esta dirección" in page.text) == (not is_known)
        assert ("no experiment is called &#39;nothing&#39;; there are: " in page.text) == is_known
    refused = client.get("/predict", headers=BROWSER)
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert "<q" in refused.text


@pytest.mark.parametrize("page", ["/experiments", "/experiments/cnn_b"])
def test_a_report_has_an_address_for_each_media_type(client: httpx.Client, page: str) -> None:
    types = {"json": "application/json", "csv": "text/csv", "md": "text/markdown", "html": "text/html"}
    for extension, media_type in types.items():
        named = client.get(f"{page}.{extension}", headers={"accept": "image/png"})
        assert named.headers["content-type"].partition(";")[0] == media_type
        accepted = client.get(page, headers={"accept": media_type, "accept-language": "en"})
        assert extension == "html" or named.content == accepted.content
    assert_problem(client.get(f"{page}.pdf"), 404, "it comes as .json, .html, .md, .csv")
    assert_problem(client.get(f"{page}.json?limit=3"), 422, "limit")
    assert_problem(client.get("/experiments/nothing.csv"), 404, "no experiment is called 'nothing'")
