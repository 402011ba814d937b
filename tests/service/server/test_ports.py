"""What the sockets that the service listens on hand down to its connections, and how they are closed."""

import asyncio
import socket
import sys
from contextlib import ExitStack
from typing import Any

import pytest
import uvicorn
import uvloop

from service.server.burst_accept import BurstAcceptor
from service.server.ports import Server, _let_nobody_in, bind


def test_the_kernel_buffers_little_of_an_answer_that_is_not_read() -> None:
    [listening] = bind("127.0.0.1", 0)
    listening.listen()
    with listening, socket.create_connection(listening.getsockname()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.setblocking(True)
        connection, _ = listening.accept()
        with connection:
            connection.setblocking(False)
            assert connection.send(bytes(16 * 1024 * 1024)) < 1024 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere ports have no filter")
def test_a_port_that_lets_nobody_in_keeps_who_is_in_its_queue() -> None:
    [listening] = bind("127.0.0.1", 0)
    listening.listen()
    with listening, socket.create_connection(listening.getsockname()) as before:
        _let_nobody_in(listening)
        with pytest.raises(TimeoutError):
            socket.create_connection(listening.getsockname(), timeout=0.2)
        connection, address = listening.accept()
        with connection, pytest.raises(BlockingIOError):
            listening.accept()
        assert address == before.getsockname()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere ports have no filter")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_that_lets_nobody_in_finishes_the_handshakes_under_way(host: str) -> None:
    """Told to wait for a first byte, the kernel leaves a handshake open whose client takes itself for connected."""
    try:
        [listening] = bind(host, 0)
    except OSError as error:
        pytest.skip(f"there is no {host} here: {error}")
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 60)
    listening.listen()
    with listening, socket.create_connection(listening.getsockname()[:2], timeout=5) as client:
        with pytest.raises(BlockingIOError):
            listening.accept()
        _let_nobody_in(listening)
        with pytest.raises(TimeoutError):
            socket.create_connection(listening.getsockname()[:2], timeout=0.2)
        client.sendall(b"asked")
        listening.settimeout(5)
        connection, _ = listening.accept()
        with connection:
            connection.settimeout(5)
            assert connection.recv(16) == b"asked"
            connection.sendall(b"answered")
            assert client.recv(16) == b"answered"


async def says_hello(_: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_who_waits_in_the_queue_when_the_port_closes_is_answered(new_loop: Any) -> None:
    """The event loop gets no turn between the clients' requests and the end, so that it accepts none of them itself."""

    async def serve() -> list[bytes]:
        [listening] = bind("127.0.0.1", 0)
        config = uvicorn.Config(says_hello, lifespan="off", log_config=None, timeout_graceful_shutdown=5)
        config.load()
        server = Server(config, BurstAcceptor([listening]), is_last=lambda: True)
        server.lifespan = config.lifespan_class(config)
        await server.startup([listening])
        with ExitStack() as stack:
            address = listening.getsockname()
            clients = [stack.enter_context(socket.create_connection(address, timeout=5)) for _ in range(40)]
            for client in clients:
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await server.shutdown([listening])
            return [b"".join(iter(lambda: client.recv(1024), b"")) for client in clients]  # noqa: B023

    with asyncio.Runner(loop_factory=new_loop) as runner:
        answers = runner.run(serve())
    assert len(answers) == 40
    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert answer.endswith(b"hello")
