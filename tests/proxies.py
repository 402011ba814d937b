"""nginx before the service, as operators put it there."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.speed.server import free_port
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


@contextmanager
def behind_nginx(url: str, folder: Path) -> Iterator[str]:
    """Serve what is at a URL below /svc of another one, which is given."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("needs nginx: apt-get install nginx")
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=folder, port=port, url=url))
    process = subprocess.Popen([nginx, "-c", str(configuration), "-e", str(folder / "error.log")])
    try:
        assert eventually(lambda: answers(f"http://127.0.0.1:{port}/svc"))
        yield f"http://127.0.0.1:{port}/svc"
    finally:
        process.terminate()
        process.wait(20)
