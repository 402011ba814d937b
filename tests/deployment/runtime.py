"""Stands in for SageMaker's runtime: what lies between InvokeEndpoint and a container.

After the developer guide's "Custom Inference Code with Hosting Services" and the API reference of InvokeEndpoint: only
listed headers pass, bodies are at most 25 MB, and a container's 4xx or 5xx becomes a ModelError (424) that carries the
container's status and words. moto's own InvokeEndpoint is canned.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import boto3
import botocore.exceptions
import httpx

LARGEST_BODY = 25 * 2**20
_AMZN = "x-amzn-sagemaker-"
_IN = {"content-type", "accept"} | {
    _AMZN + name for name in ("custom-attributes", "inference-id", "target-model", "target-variant", "session-id")
}
_OUT = {"content-type"} | {_AMZN + name for name in ("custom-attributes", "new-session-id", "closed-session-id")}


@contextmanager
def runtime(container: str) -> Iterator[str]:
    """Run it in front of a container's URL, for the endpoints that the AWS of the environment knows; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            named = re.fullmatch(r"/endpoints/([\w-]+)/invocations", self.path)
            try:
                endpoint = boto3.client("sagemaker").describe_endpoint(EndpointName=named[1] if named else "")
            except botocore.exceptions.ClientError:
                self._answer(400, {"message": f"Endpoint {self.path} not found."}, "ValidationError")
                return
            if endpoint["EndpointStatus"] not in ("InService", "Updating") or len(body) > LARGEST_BODY:
                self._answer(400, {"message": "not in service, or too large a body"}, "ValidationError")
                return
            passed = {k: v for k, v in self.headers.items() if k.lower() in _IN}
            got = httpx.post(f"{container}/invocations", content=body, headers=passed, timeout=60)
            if got.status_code >= 400:
                error = {
                    "Message": f"Received client error ({got.status_code}) from primary with message {got.text!r}.",
                    "OriginalMessage": got.text,
                    "OriginalStatusCode": got.status_code,
                    "LogStreamArn": "",
                }
                self._answer(424, error, "ModelError")
                return
            self.send_response(200)
            for name, value in got.headers.items():
                if name.lower() in _OUT:
                    self.send_header(name, value)
            self.send_header("x-Amzn-Invoked-Production-Variant", "all")
            self.send_header("content-length", str(len(got.content)))
            self.end_headers()
            self.wfile.write(got.content)

        def _answer(self, status: int, error: dict[str, object], kind: str) -> None:
            content = json.dumps(error).encode()
            self.send_response(status)
            self.send_header("x-amzn-errortype", kind)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
