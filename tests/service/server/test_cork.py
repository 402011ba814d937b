"""Head and body of an answer leave together, and nothing that is written stays behind."""

import asyncio
from collections.abc import Callable

import pytest

from service.server.cork import CorkedTransport


class Wire:
    """Notes what is handed to the system."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.calls.append(data)

    def writelines(self, parts: tuple[bytes, ...]) -> None:
        self.calls.append(b"".join(parts))

    def close(self) -> None:
        self.calls.append(b"(closed)")

    def is_closing(self) -> bool:
        return b"(closed)" in self.calls


def written(work: Callable[[CorkedTransport], None]) -> list[bytes]:
    """What is on the wire when a turn of the event loop has passed."""
    wire = Wire()

    async def main() -> None:
        work(CorkedTransport(wire, asyncio.get_running_loop()))  # type: ignore[arg-type]
        await asyncio.sleep(0)

    asyncio.run(main())
    return wire.calls


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([b"head"], [b"head"]),
        ([b"head", b"body"], [b"headbody"]),
        ([b"head", b""], [b"head"]),
        ([b"head", b"1", b"2"], [b"head1", b"2"]),
        ([b"head", b"body", b"head", b"body"], [b"headbody", b"headbody"]),
    ],
)
def test_two_writes_are_one(parts: list[bytes], expected: list[bytes]) -> None:
    def work(corked: CorkedTransport) -> None:
        for part in parts:
            corked.write(part)

    assert written(work) == expected


def test_what_is_held_back_is_written_before_the_end() -> None:
    def work(corked: CorkedTransport) -> None:
        corked.write(b"head")
        corked.close()

    assert written(work) == [b"head", b"(closed)"]


def test_it_is_a_transport_in_all_else() -> None:
    def work(corked: CorkedTransport) -> None:
        assert not corked.is_closing()

    assert written(work) == []


def test_nothing_is_written_to_what_was_closed_from_outside() -> None:
    wire = Wire()

    async def main() -> None:
        CorkedTransport(wire, asyncio.get_running_loop()).write(b"head")  # type: ignore[arg-type]
        wire.close()
        await asyncio.sleep(0)

    asyncio.run(main())
    assert wire.calls == [b"(closed)"]
