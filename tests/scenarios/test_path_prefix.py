"""Behind a proxy that serves it below a path: page, report, documentation and redirects."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx
import pytest

from tests.conftest import DATA, ROOT, StartServer
from tests.proxies import behind_nginx


@pytest.fixture(scope="module")
def prefixed(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with behind_nginx(start_server(SERVICE_ROOT_PATH="/svc"), tmp_path_factory.mktemp("nginx")) as url:
        yield url


@pytest.mark.parametrize("path", ["/", "/experiments", "/experiments/cnn_a", "/docs"])
def test_every_link_of_a_page_leads_somewhere_below_the_prefix(prefixed: str, path: str) -> None:
    page = httpx.get(prefixed + path, headers={"accept": "text/html"}, timeout=60)
    links = set(re.findall(r'(?:href|src)="([^"#]+)[#"]', page.text))
    assert links
    for link in links:
        target = urljoin(prefixed + path, link)
        assert target.startswith(prefixed + "/"), (link, target)
        assert httpx.get(target, timeout=60).status_code == 200, target


def test_scripts_ask_below_the_prefix(prefixed: str) -> None:
    for name in ("docs.js", *(f"page/{path.name}" for path in (ROOT / "service/web/static/page").glob("*.js"))):
        script = httpx.get(f"{prefixed}/static/{name}").text
        assert not re.search(r"""(?:fetch|post|url:|import)\W{1,3}["'`]/""", script), name


def test_the_api_says_where_it_is_and_answers_there(prefixed: str) -> None:
    [server] = httpx.get(f"{prefixed}/openapi.json", timeout=60).json()["servers"]
    predict = urljoin(prefixed, server["url"] + "/predict")
    picture, headers = (DATA / "coat.png").read_bytes(), {"content-type": "image/png"}
    assert httpx.post(predict, content=picture, headers=headers, timeout=60).json()["label"] == "Coat"


@pytest.mark.parametrize("path", ["/docs/", "/docs//", "/experiments/", "/experiments/cnn_a/", "/experiments/cnn_a///"])
def test_a_redirect_is_relative_and_repeats_no_host(prefixed: str, path: str) -> None:
    found = httpx.get(prefixed + path, headers={"host": "evil.example"})
    assert found.status_code == 307
    assert "evil" not in found.headers["location"]
    target = urljoin(prefixed + path, found.headers["location"])
    assert target == prefixed + path.rstrip("/")
    assert httpx.get(target, timeout=60).status_code == 200
    assert httpx.get(f"{prefixed}/nothing/").status_code == 404
