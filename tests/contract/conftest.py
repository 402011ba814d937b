"""SageMaker's container contract as a suite, against this repository's server or any other.

::

    python -m pytest tests/contract                                  this repository's server
    python -m pytest tests/contract --url http://127.0.0.1:8080      rows that need no restart
    python -m pytest tests/contract --image my-image                 every row
    python -m pytest tests/contract --command "python my_server.py"  every row that needs no container

``--body FILE --content-type TYPE`` name a request your model can answer. A table of the rows is printed at the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.contract.targets import CommandTarget, ImageTarget, Target, own_server

_SAMPLE = Path(__file__).parent.parent / "data" / "coat.png"
_rows: dict[str, tuple[str, str]] = {}


@dataclass(frozen=True)
class Sample:
    """A request that the model can answer."""

    body: bytes
    content_type: str

    @property
    def headers(self) -> dict[str, str]:
        """Its headers."""
        return {"content-type": self.content_type}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the suite is run against."""
    group = parser.getgroup("contract")
    group.addoption("--url", help="a running server")
    group.addoption("--image", help="an image to start")
    group.addoption("--command", help="a command that starts a server when 'serve' is appended")
    group.addoption("--body", type=Path, help="a file with a request the model can answer")
    group.addoption("--stop-seconds", type=float, default=30, help="how long the end may take from SIGTERM on [30]")
    group.addoption("--content-type", help="the content type of --body")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target:
    """What can be started; rows that need it skip where only a URL was given."""
    config = request.config
    if image := config.getoption("--image", None):
        return ImageTarget(image)
    if command := config.getoption("--command", None):
        return CommandTarget(command)
    if config.getoption("--url", None):
        pytest.skip("needs --image or --command: a running server cannot be restarted")
    return own_server()


@pytest.fixture(scope="session")
def image(target: Target) -> ImageTarget:
    """The image; rows about it skip where there is none."""
    if not isinstance(target, ImageTarget):
        pytest.skip("needs --image")
    return target


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a ready server."""
    url: str | None = request.config.getoption("--url", None)
    if url:
        yield url.rstrip("/")
        return
    target: Target = request.getfixturevalue("target")
    with target.started() as running:
        running.wait_until_ready()
        yield running.url


@pytest.fixture(scope="module")
def http(server: str) -> Iterator[httpx.Client]:
    """A client of the server, with SageMaker's own time limit."""
    with httpx.Client(base_url=server, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def sample(request: pytest.FixtureRequest) -> Sample:
    """A request that the model can answer."""
    body: Path = request.config.getoption("--body", None) or _SAMPLE
    return Sample(body.read_bytes(), request.config.getoption("--content-type", None) or "image/png")


@pytest.fixture(scope="session")
def stop_seconds(request: pytest.FixtureRequest) -> float:
    """How long the end may take from SIGTERM on; SageMaker sends SIGKILL after 30 s."""
    seconds: float = request.config.getoption("--stop-seconds", 30)
    return seconds


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Note a row's outcome."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    row = getattr(getattr(item, "function", None), "__doc__", None)
    if row and (report.when == "call" or report.outcome != "passed"):
        _rows[item.name] = (report.outcome, " ".join(row.split()))
    return report  # type: ignore[return-value]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of rows."""
    if _rows:
        terminalreporter.section("SageMaker's container contract")
        for name, (outcome, row) in _rows.items():
            terminalreporter.line(f"{outcome:8} {name}: {row}")
