"""More connections, or more slow clients, than a worker holds: whoever is slowest goes, and others are answered."""

import socket
import time
from contextlib import ExitStack, suppress

import httpx
import pytest

from tests.conftest import StartServer
from tests.service.server.test_client_timeouts import (
    POST,
    connected,
    everything,
    others_are_answered,
    refusal,
    server_holds,
)


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


def test_of_too_many_slow_clients_the_slowest_is_hung_up_on(start_server: StartServer) -> None:
    url = start_server(SERVICE_MAX_SLOW_CLIENTS="3")
    with ExitStack() as stack:
        slow = []
        for number in range(5):
            connection = stack.enter_context(connected(url))
            # Half of them are slow with their headers, half with their bodies.
            connection.sendall(POST % 1000 + b"x" if number % 2 else b"POST /predict HTTP/1.1\r\nHost: x\r\n")
            slow.append(connection)
            time.sleep(0.3)
        time.sleep(3)
        assert [is_open(connection) for connection in slow] == [True] * 5  # the refused have something to read
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
    url = start_server(SERVICE_MAX_CONNECTIONS="4")
    time.sleep(0.2)
    with ExitStack() as stack:
        opened = [stack.enter_context(connected(url)) for _ in range(4)]
        opened[2].sendall(POST % 1000)
        time.sleep(0.2)
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
    url = start_server(SERVICE_MAX_CONNECTIONS_PER_ADDRESS="2", SERVICE_MAX_SLOW_CLIENTS_PER_ADDRESS="1")
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(url)) for _ in range(2)]
        for connection in slow:
            connection.sendall(POST % 1000)
            time.sleep(0.3)
        status, detail = refusal(everything(slow[0]))
        assert status == 408
        assert "SERVICE_MAX_SLOW_CLIENTS_PER_ADDRESS" in detail
    with ExitStack() as stack:
        first, *_ = [stack.enter_context(connected(url)) for _ in range(3)]
        assert everything(first) == b""


def test_a_client_that_does_not_read_is_one_of_the_slow(start_server: StartServer) -> None:
    url = start_server(SERVICE_MAX_SLOW_CLIENTS="2")
    ask = b"GET /static/swagger-ui/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
    with ExitStack() as stack:
        began = time.monotonic()
        readers = [stack.enter_context(connected(url, receive_buffer=4096)) for _ in range(6)]
        for connection in readers:
            connection.sendall(ask * 10)
        held = 6
        while held > 2 and time.monotonic() - began < 40:
            time.sleep(1)
            with suppress(httpx.TransportError):
                others_are_answered(url)
            held = sum(server_holds(connection) for connection in readers)
        assert held == 2
