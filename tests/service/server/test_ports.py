"""What the sockets that the service listens on hand down to its connections."""

import socket

from service.server.ports import bind


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
