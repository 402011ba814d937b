"""What the suite is run on: a target, and a request that its model can answer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from .targets import CERTIFICATES, Target


@dataclass(frozen=True)
class Sample:
    """A request that the model can answer.

    Attributes:
        body: its bytes.
        content_type: what they are.
        ignored: names of JSON fields that differ from answer to answer, such as an id or a time.

    """

    body: bytes
    content_type: str
    ignored: frozenset[str] = frozenset()

    @property
    def headers(self) -> dict[str, str]:
        """Its headers."""
        return {"content-type": self.content_type}

    def ask(self, url: str) -> httpx.Response:
        """Send it to a server, with the 60 s that SageMaker waits."""
        return httpx.post(
            f"{url}/invocations", content=self.body, headers=self.headers, timeout=60, verify=CERTIFICATES
        )

    def comparable(self, answer: httpx.Response) -> Any:
        """Give the status and content of an answer, without the fields that are ignored."""
        if not self.ignored:
            return answer.status_code, answer.content
        try:
            return answer.status_code, self._without(json.loads(answer.content))
        except ValueError:
            return answer.status_code, answer.content

    def _without(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._without(inner) for name, inner in value.items() if name not in self.ignored}
        return [self._without(inner) for inner in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Subject:
    """What the suite is run on.

    Attributes:
        target: what can be started; None for a running server.
        url: of a running server; None if there is a target.
        sample: a request that its model can answer.
        stop_seconds: how long it may take to end after SIGTERM; SageMaker sends SIGKILL after 30 s.
        mme_model: a folder with a model that it can load in multi-model mode.
        mme_small: variables that leave it too little memory for that model.

    """

    sample: Sample
    target: Target | None = None
    url: str | None = None
    stop_seconds: float = 30
    mme_model: Path | None = None
    mme_small: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def served(self) -> Iterator[str]:
        """Give the URL of a ready server."""
        if self.target is None:
            assert self.url is not None
            yield self.url
            return
        with self.target.ready() as running:
            yield running.url


SUBJECT = pytest.StashKey[Subject]()
"""Where pytest's configuration keeps it."""
