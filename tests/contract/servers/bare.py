"""Python's http.server, as a tutorial would use it: ``python bare.py PORT``, or ``serve`` for 8080."""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    """Adds up each instance's numbers."""

    def do_GET(self) -> None:
        """Answer /ping."""
        self.send_response(200 if self.path == "/ping" else 404)
        self.end_headers()

    def do_POST(self) -> None:
        """Answer /invocations."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        predictions = [sum(instance) for instance in json.loads(body)["instances"]]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"predictions": predictions}).encode())


if __name__ == "__main__":
    port = 8080 if sys.argv[1] == "serve" else int(sys.argv[1])
    HTTPServer(("0.0.0.0", port), Handler).serve_forever()  # noqa: S104 (a container's own interface)
