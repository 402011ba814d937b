"""How many connections a worker holds, and which one goes when there are too many: the slowest.

A connection costs a descriptor; one whose client is slow also holds a half-sent body, or an answer that is not read.
So each of the two kinds has a cap of its own, and where one is passed, the client that is furthest behind is hung up
on. Nobody who asks at a usual speed is turned away for those who do not.
"""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

_CROWD = 64
"""Open connections from which on others that come should not wait for a turn of the event loop each."""

SLOW_SECONDS = 1.0
"""How far behind ``MIN_BYTES_PER_SECOND`` a client is when it counts as slow."""


@dataclass(frozen=True)
class ConnectionLimits:
    """The most connections a worker holds, and the most of them with a slow client; 0 for an address: no limit."""

    connections: int
    slow: int
    connections_per_address: int = 0
    slow_per_address: int = 0


class Connection(Protocol):
    """What the caps need to know of a connection."""

    @property
    def address(self) -> str:
        """Who is at the other end."""

    @property
    def is_idle(self) -> bool:
        """Whether no request has begun, and no answer is left to be read."""

    def lag(self, now: float) -> float | None:
        """Seconds that the client is behind a fair speed at ``now``; None while nothing is awaited of it."""

    def hang_up(self, why: str) -> None:
        """Close, with a refusal if a request has begun."""

    def refuse_newcomer(self, why: str) -> None:
        """Close before anything was asked."""


class Connections:
    """The connections of one process, and how many of their requests are in flight.

    A request is in flight from the end of its body until its answer is written, but not while its client is slow to
    read it: what waits for a client takes nothing from the others.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._open: dict[Connection, None] = {}  # in the order in which they came, as a set is not
        self._slow: set[Connection] = set()
        self._of_address: Counter[str] = Counter()
        self.in_flight = 0

    @property
    def is_crowded(self) -> bool:
        """Whether so many are open that more are likely to wait for being accepted."""
        return len(self._open) >= _CROWD

    def add(self, connection: Connection) -> None:
        """Hold a connection; where that is one too many, hang up on the slowest, then on who idles longest."""
        limits = self._limits
        self._open[connection] = None
        self._of_address[connection.address] += 1
        if len(self._open) > limits.connections:
            others: Iterable[Connection] = self._open
            why = f"this worker holds {limits.connections} connections, the most it takes (SERVICE_MAX_CONNECTIONS)"
        elif 0 < limits.connections_per_address < self._of_address[connection.address]:
            others = (one for one in self._open if one.address == connection.address)
            why = (
                f"this worker holds {limits.connections_per_address} connections from one address, the most it takes "
                "(SERVICE_MAX_CONNECTIONS_PER_ADDRESS)"
            )
        else:
            return
        among = [one for one in others if one is not connection]
        if not self._hang_up_on_slowest([one for one in among if one in self._slow] or among, why):
            self.remove(connection)
            connection.refuse_newcomer(why)

    def remove(self, connection: Connection) -> None:
        """Forget a connection; one that is not held is let be."""
        if connection not in self._open:
            return
        del self._open[connection]
        self._slow.discard(connection)
        self._of_address[connection.address] -= 1
        if self._of_address[connection.address] == 0:
            del self._of_address[connection.address]

    def look_at(self, connection: Connection, now: float) -> None:
        """See whether a connection's client is slow; where that is one too many, hang up on the slowest."""
        lag = connection.lag(now)
        if lag is None or lag <= SLOW_SECONDS or connection not in self._open:
            self._slow.discard(connection)
            return
        self._slow.add(connection)
        limits = self._limits
        among = [one for one in self._slow if one.address == connection.address] if limits.slow_per_address else []
        if 0 < limits.slow_per_address < len(among):
            self._hang_up_on_slowest(
                among,
                f"this worker waits for {limits.slow_per_address} slow clients at one address, the most it does "
                "(SERVICE_MAX_SLOW_CLIENTS_PER_ADDRESS)",
            )
        elif len(self._slow) > limits.slow:
            self._hang_up_on_slowest(
                self._slow,
                f"this worker waits for {limits.slow} slow clients, the most it does (SERVICE_MAX_SLOW_CLIENTS)",
            )

    def _hang_up_on_slowest(self, among: Iterable[Connection], why: str) -> bool:
        """Hang up on the client that is furthest behind, then on who idles longest; False where all are busy."""
        now = time.monotonic()
        slowest, behind, idle = None, 0.0, None
        for one in among:
            lag = one.lag(now)
            if one.is_idle:
                idle = idle or one
            elif lag is not None and (slowest is None or lag > behind):
                slowest, behind = one, lag
        if (goes := slowest or idle) is None:
            return False
        self.remove(goes)
        goes.hang_up(f"{why}, and this was the slowest; send it again, faster")
        return True
