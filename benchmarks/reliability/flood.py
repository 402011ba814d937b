"""Many connections from one process that send one request over and over, and note how each was answered.

wrk cannot tell how long the accepted ones took among refused ones; threads of ``benchmarks.reliability.clients`` would
take more processor time than the server that they are to overload.
"""

import asyncio
import os
import time
from dataclasses import dataclass, field

import uvloop

from benchmarks.speed.payloads import Payload


@dataclass
class Answers:
    """Seconds that each answer took, by status; and the connections that were reset or closed without one."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    lost: int = 0

    def total(self) -> int:
        """Count the answers."""
        return sum(map(len, self.seconds.values()))


class _Connection(asyncio.Protocol):
    """Sends, waits for the whole answer, sends again."""

    def __init__(self, request: bytes, pause: float, answers: Answers) -> None:
        self._request, self._pause, self._answers = request, pause, answers
        self._received = b""
        self._asked = 0.0
        self._asking: asyncio.TimerHandle | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        self._received = b""
        taken = time.perf_counter() - self._asked
        self._answers.seconds.setdefault(int(head[9:12]), []).append(taken)
        self._asking = asyncio.get_running_loop().call_later(max(0.0, self._pause - taken), self._ask)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (whatever it was)
        self._answers.lost += not self._ended
        if self._asking is not None:
            self._asking.cancel()

    def end(self) -> None:
        """Ask no more."""
        self._ended = True
        self._transport.abort()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(self._request)


def flood(port: int, payload: Payload, *, core: int, seconds: float, connections: int, rate: float) -> Answers:
    """Send for so long from a core, ``rate`` requests a second over all connections if they are answered fast enough.

    What is on its way at the end is not counted.
    """
    os.sched_setaffinity(0, {core})
    answers = Answers()
    head = (
        f"POST {payload.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {payload.content_type}\r\n"
        f"Content-Length: {len(payload.body)}\r\n\r\n"
    )
    request = head.encode() + payload.body

    async def send() -> None:
        loop = asyncio.get_running_loop()
        opened = [
            await loop.create_connection(lambda: _Connection(request, connections / rate, answers), "127.0.0.1", port)
            for _ in range(connections)
        ]
        answers.seconds.clear()  # what came while they connected
        await asyncio.sleep(seconds)
        for _, connection in opened:
            connection.end()

    uvloop.run(send())
    return answers
