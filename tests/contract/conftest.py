"""What rows need, and the note of how each came out."""

from collections.abc import Iterator

import httpx
import pytest

from .levels import row_of
from .subject import SUBJECT, Sample, Subject
from .targets import ImageTarget, Target


@pytest.fixture(scope="session")
def subject(request: pytest.FixtureRequest) -> Subject:
    """What the suite is run on."""
    return request.config.stash[SUBJECT]


@pytest.fixture(scope="session")
def sample(subject: Subject) -> Sample:
    """A request that the model can answer."""
    return subject.sample


@pytest.fixture(scope="session")
def target(subject: Subject) -> Target:
    """What can be started; rows that need it skip where only a URL was given."""
    if subject.target is None:
        pytest.skip("a running server cannot be restarted; needs --image or --command")
    return subject.target


@pytest.fixture(scope="session")
def image(target: Target) -> ImageTarget:
    """The image; rows about it skip where there is none."""
    if not isinstance(target, ImageTarget):
        pytest.skip("needs --image")
    return target


@pytest.fixture(scope="module")
def server(subject: Subject) -> Iterator[str]:
    """The URL of a ready server."""
    with subject.served() as url:
        yield url


@pytest.fixture
def http(server: str) -> Iterator[httpx.Client]:
    """A client of the server, with SageMaker's own time limit; a new one for each row, as a server may hang up."""
    with httpx.Client(base_url=server, timeout=60) as client:
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add to the report what its row says, for the table."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    test = getattr(item, "function", None)
    if row := row_of(test):
        # Plain values: pytest-xdist sends reports from process to process.
        report.contract_row = [row.level.value, row.words, row.source]  # type: ignore[attr-defined]
        report.contract_text = " ".join((test.__doc__ or "").split())  # type: ignore[attr-defined]
    return report  # type: ignore[return-value]
