"""Clients that ask all the time, and write down how each request ended."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.speed.server import ROOT


class Request(NamedTuple):
    """What is asked, and the status that it is to be answered with; POST where there is a body."""

    path: str
    body: bytes = b""
    headers: dict[str, str] = {}  # noqa: RUF012 (nobody changes it)
    expected: int = 200


PICTURE = Request("/predict", (ROOT / "tests" / "data" / "coat.png").read_bytes(), {"content-type": "image/png"})


@dataclass(frozen=True)
class Outcome:
    """How a request ended.

    Attributes:
        at: when it ended, in ``time.monotonic()`` seconds.
        seconds: how long it took.
        status: of the answer; None where there was none.
        request: what was asked.
        refused: there was none because the port was closed: nobody had accepted the request.

    """

    at: float
    seconds: float
    status: int | None
    request: Request = PICTURE
    refused: bool = False


@dataclass
class Load:
    """What the clients have seen so far."""

    outcomes: list[Outcome] = field(default_factory=list)

    def by_status(self) -> dict[str, int]:
        """Count the outcomes by status; ``none`` where there was no answer."""
        return dict(sorted(Counter(str(o.status or "none") for o in self.outcomes).items()))

    def failed(self) -> list[Outcome]:
        """List the requests without an answer, but for those that were refused."""
        return [outcome for outcome in self.outcomes if outcome.status is None and not outcome.refused]

    def unexpected(self) -> Counter[str]:
        """Count the answers with another status than their request expects, by what was asked and how it ended."""
        return Counter(
            f"{o.request.path} {o.request.headers.get('content-type', '')}: {o.status or 'none'}"
            for o in self.outcomes
            if o.status != o.request.expected
        )

    def answered(self, status: int = 200) -> list[Outcome]:
        """List the requests with an answer of that status."""
        return [outcome for outcome in self.outcomes if outcome.status == status]


@contextmanager
def asking(
    port: int,
    *,
    clients: int,
    requests: Sequence[Request] = (PICTURE,),
    rate: float | None = None,
    keep_alive: bool = True,
) -> Iterator[Load]:
    """Ask from as many clients at once, each the next request when the last is answered, until the block is left.

    Args:
        port: of 127.0.0.1.
        clients: how many.
        requests: asked in turn.
        rate: requests a second at most, over all clients; None: as many as are answered.
        keep_alive: whether a client's requests share a connection, as long as it lives.

    """
    load, stop = Load(), threading.Event()
    threads = [
        threading.Thread(target=_ask, args=(port, load, stop, requests, clients / rate if rate else 0, keep_alive))
        for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _ask(
    port: int, load: Load, stop: threading.Event, requests: Sequence[Request], interval: float, keep_alive: bool
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    number, due = 0, time.monotonic()
    while not stop.is_set():
        due = max(due + interval, time.monotonic() - 1)
        if stop.wait(max(0.0, due - time.monotonic())):
            break
        request = requests[number % len(requests)]
        number += 1
        began = time.monotonic()
        status: int | None = None
        refused = False
        try:
            if connection.sock is None:
                connection.connect()
            connection.request("POST" if request.body else "GET", request.path, request.body or None, request.headers)
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except ConnectionRefusedError:
            refused = True
            stop.wait(0.01)
        except (OSError, http.client.HTTPException):
            pass
        ended = time.monotonic()
        load.outcomes.append(Outcome(ended, ended - began, status, request, refused))
        if status is None or not keep_alive:
            connection.close()
    connection.close()
