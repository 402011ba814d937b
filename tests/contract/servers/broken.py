"""A server that breaks the contract where the variable BROKEN says: what the suite must notice.

``python broken.py serve``, on the port in SAGEMAKER_BIND_TO_PORT. Without BROKEN it keeps the rows it is
tested on.
"""

import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BROKEN = os.environ.get("BROKEN", "")
STARTED = time.monotonic()
LOADING_SECONDS = 10.0 if BROKEN == "ready too early" else 1.0
"""Long where the suite's sample is to come within it: on a busy machine that takes a while."""
STOPPING_SECONDS = 3.0
"""From SIGTERM to the end: time for a busy machine to begin with a request that was sent before."""
STOPPING, READING = threading.Event(), threading.Event()


class Handler(BaseHTTPRequestHandler):
    """The fewest routes that a SageMaker container needs."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer /ping."""
        loaded = time.monotonic() - STARTED > LOADING_SECONDS
        stopping = STOPPING.is_set() and BROKEN != "200 while stopping"
        self._answer(200 if (loaded or BROKEN == "ready too early") and not stopping else 503, b"")

    def do_HEAD(self) -> None:
        """Answer /ping."""
        self._answer(405 if BROKEN == "no HEAD" else 200, b"")

    def do_POST(self) -> None:
        """Answer /ping and /invocations."""
        READING.set()
        body = self._body()
        READING.clear()
        if self.path == "/ping":
            self._answer(200, b"")
        elif time.monotonic() - STARTED <= LOADING_SECONDS:
            self._answer(500, b"the model is not loaded yet")
        elif self.headers.get("content-type") == "application/json":
            self._answer(500 if BROKEN == "500 on bad JSON" else 400, b"the body is not the JSON that was expected")
        elif self.headers.get("content-type") == "application/x-nothing":
            self._answer(415, b"this content type is not read here")
        elif BROKEN == "a time in each answer":
            self._answer(200, b'{"bytes": %d, "at": [{"now": %d}]}' % (len(body), time.monotonic_ns()))
        else:
            self._answer(200, b"[%d]" % len(body))

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        if BROKEN == "no Content-Length" and content:
            self.send_header("connection", "close")
            self.close_connection = True
        else:
            self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Takes as many connections at once as come."""

    request_queue_size = 128
    daemon_threads = False


def main() -> None:
    """Serve until told to stop, or longer."""
    server = Server(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler)

    def end() -> None:
        while BROKEN == "200 while stopping" and READING.is_set():
            time.sleep(0.05)
        server.shutdown()

    def stop(*_: object) -> None:
        if BROKEN == "dies at once":
            os._exit(1)
        STOPPING.set()
        threading.Timer(STOPPING_SECONDS, end).start()

    signal.signal(signal.SIGTERM, signal.SIG_IGN if BROKEN == "ignores SIGTERM" else stop)
    server.serve_forever(poll_interval=0.05)
    server.server_close()
    sys.exit(0)


if __name__ == "__main__":
    main()
