"""Behind a proxy that serves it below a path: page, report, documentation and redirects."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx
import pytest

from benchmarks.speed.server import free_port
from tests.conftest import DATA, ROOT, StartServer
from tests.servers import answers, eventually

_NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /svc/ {{ proxy_pass {url}/; proxy_http_version 1.1; proxy_set_header Host $http_host; }}
    }}
}}
"""


@pytest.fixture(scope="module")
def prefixed(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service's URL behind nginx, below /svc."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("needs nginx: apt-get install nginx")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    url = start_server(SERVICE_ROOT_PATH="/svc")
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=folder, port=port, url=url))
    process = subprocess.Popen([nginx, "-c", str(configuration), "-e", str(folder / "error.log")])
    try:
        assert eventually(lambda: answers(f"http://127.0.0.1:{port}/svc"))
        yield f"http://127.0.0.1:{port}/svc"
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("path", ["/", "/experiments", "/experiments/cnn_a", "/docs"])
def test_every_link_of_a_page_leads_somewhere_below_the_prefix(prefixed: str, path: str) -> None:
    page = httpx.get(prefixed + path, headers={"accept": "text/html"})
    links = set(re.findall(r'(?:href|src|data-sample)="([^"#]+)[#"]', page.text))
    assert links
    for link in links:
        target = urljoin(prefixed + path, link)
        assert target.startswith(prefixed + "/"), (link, target)
        assert httpx.get(target).status_code == 200, target


def test_scripts_ask_below_the_prefix(prefixed: str) -> None:
    for name in ("docs.js", *(f"page/{path.name}" for path in (ROOT / "service/web/static/page").glob("*.js"))):
        script = httpx.get(f"{prefixed}/static/{name}").text
        assert not re.search(r"""(?:fetch|post|url:|import)\W{1,3}["'`]/""", script), name


def test_the_api_says_where_it_is_and_answers_there(prefixed: str) -> None:
    [server] = httpx.get(f"{prefixed}/openapi.json").json()["servers"]
    predict = urljoin(prefixed, server["url"] + "/predict")
    picture = (DATA / "coat.png").read_bytes()
    assert httpx.post(predict, content=picture, headers={"content-type": "image/png"}).json()["label"] == "Coat"


@pytest.mark.parametrize("path", ["/docs/", "/experiments/", "/experiments/cnn_a/"])
def test_a_redirect_is_relative_and_repeats_no_host(prefixed: str, path: str) -> None:
    found = httpx.get(prefixed + path, headers={"host": "evil.example"})
    assert found.status_code == 307
    assert "evil" not in found.headers["location"]
    target = urljoin(prefixed + path, found.headers["location"])
    assert target == prefixed + path.rstrip("/")
    assert httpx.get(target).status_code == 200
    assert httpx.get(f"{prefixed}/nothing/").status_code == 404
