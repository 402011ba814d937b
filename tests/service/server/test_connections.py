"""More connections, or more slow clients, than a worker holds: whoever is slowest goes, and others are answered."""

import socket
import time
from contextlib import ExitStack

import pytest

from tests.conftest import StartServer
from tests.servers import eventually
from tests.service.server.test_client_timeouts import (
    POST,
    connected,
    everything,
    others_are_answered,
    refusal,
    server_holds,
)

PATIENT = dict.fromkeys(("SERVICE_HEADER_SECONDS", "SERVICE_BODY_SECONDS", "SERVICE_ANSWER_SECONDS"), "60")
"""No time ends before a test has seen what it waits for."""


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False
    finally:
        connection.setblocking(True)
        connection.settimeout(20)


def begin_upload(connection: socket.socket) -> None:
    """Send a request's headers; returns when the server waits for the body."""
    connection.sendall((POST % 1000).replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"))
    assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    time.sleep(0.01)  # the event loop's clock counts milliseconds: who comes next comes later


def test_of_too_many_slow_clients_the_slowest_is_hung_up_on(start_server: StartServer) -> None:
    url = start_server(SERVICE_MAX_SLOW_CLIENTS="3", **PATIENT)
    with ExitStack() as stack:
        slow = []
        for number in range(5):
            connection = stack.enter_context(connected(url))
            # Half of them are slow with their headers, half with their bodies.
            connection.sendall(POST % 1000 + b"x" if number % 2 else b"POST /predict HTTP/1.1\r\nHost: x\r\n")
            slow.append(connection)
            others_are_answered(url)  # the server has read by now what it was sent before
        for connection in slow[:2]:
            status, detail = refusal(everything(connection))
            assert status == 408
            assert "3 slow clients" in detail
            assert "SERVICE_MAX_SLOW_CLIENTS" in detail
        for connection in slow[2:]:
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.recv(1)
        others_are_answered(url)


def test_for_one_more_connection_the_slowest_goes_and_then_who_idles_longest(start_server: StartServer) -> None:
    url = start_server(SERVICE_MAX_CONNECTIONS="4", **PATIENT)
    with ExitStack() as stack:
        opened = [stack.enter_context(connected(url)) for _ in range(4)]
        begin_upload(opened[2])
        others_are_answered(url)  # on a fifth
        status, detail = refusal(everything(opened[2]))
        assert status == 408
        assert "SERVICE_MAX_CONNECTIONS" in detail
        opened.append(stack.enter_context(connected(url)))
        others_are_answered(url)
        assert everything(opened[0]) == b""
        assert is_open(opened[1])
        assert is_open(opened[3])


def test_an_address_has_limits_of_its_own_where_they_are_set(start_server: StartServer) -> None:
    url = start_server(SERVICE_MAX_CONNECTIONS_PER_ADDRESS="2", SERVICE_MAX_SLOW_CLIENTS_PER_ADDRESS="1", **PATIENT)
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(url)) for _ in range(2)]
        for connection in slow:
            begin_upload(connection)
        status, detail = refusal(everything(slow[0]))
        assert status == 408
        assert "SERVICE_MAX_SLOW_CLIENTS_PER_ADDRESS" in detail
    with ExitStack() as stack:
        first, *_ = [stack.enter_context(connected(url)) for _ in range(3)]
        assert everything(first) == b""


def test_a_client_that_does_not_read_is_one_of_the_slow(start_server: StartServer) -> None:
    url = start_server(SERVICE_MAX_SLOW_CLIENTS="2", **PATIENT)
    ask = b"GET /static/swagger-ui/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
    with ExitStack() as stack:
        readers = [stack.enter_context(connected(url, receive_buffer=4096)) for _ in range(6)]
        for connection in readers:
            connection.sendall(ask * 10)
        assert eventually(lambda: sum(map(server_holds, readers)) == 2)
        others_are_answered(url)
