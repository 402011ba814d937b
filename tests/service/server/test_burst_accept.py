"""A busy worker accepts those who wait, many at once; an idle one leaves them to others."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvloop

from service.server.burst_accept import BurstAcceptor


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.socket() as port:
        port.setblocking(False)
        port.bind(("127.0.0.1", 0))
        port.listen(100)
        yield port


@pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_many_are_accepted_in_a_turn_and_the_rest_in_the_next(new_loop: object) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        with listening() as port, ExitStack() as stack:
            acceptor = BurstAcceptor([port])
            made: list[Echo] = []

            def protocol() -> Echo:
                made.append(Echo())
                return made[-1]

            clients = [stack.enter_context(socket.create_connection(port.getsockname())) for _ in range(40)]
            for expected in (32, 40, 40):
                acceptor.accept_more(protocol, loop)
                acceptor.accept_more(protocol, loop)  # busy as it is, it asks for every request
                await asyncio.sleep(0.1)
                assert len(made) == expected
            for number, client in enumerate(clients):
                client.setblocking(False)
                await loop.sock_sendall(client, b"%d" % number)
                assert await asyncio.wait_for(loop.sock_recv(client, 10), 10) == b"%d" % number

    with asyncio.Runner(loop_factory=new_loop) as runner:  # type: ignore[arg-type]
        runner.run(serve())


def test_a_closed_port_is_let_be() -> None:
    async def serve() -> None:
        with listening() as closed:
            pass
        with listening() as port, socket.create_connection(port.getsockname()):
            made: list[Echo] = []

            def protocol() -> Echo:
                made.append(Echo())
                return made[-1]

            BurstAcceptor([closed, port]).accept_more(protocol, asyncio.get_running_loop())
            await asyncio.sleep(0.1)
            assert len(made) == 1, "the other port's client was not accepted"
            made[0].transport.close()

    asyncio.run(serve())
