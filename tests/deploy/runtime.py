"""SageMaker's runtime for tests: between a client's InvokeEndpoint and a container's ``/invocations``.

Source: API reference, InvokeEndpoint. It passes on only the headers listed there, caps the body, and turns what the
container refuses into a ModelError (424) that carries the container's status and words.
"""

import json
import threading
from typing import Any

import httpx
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.deploy.aws import ACCOUNT, Aws

MAX_BODY_BYTES = 25 * 1024 * 1024
_PREFIX = "X-Amzn-SageMaker-"
_PASSED = (
    "Custom-Attributes",
    "Inference-Id",
    "Target-Model",
    "Target-Variant",
    "Target-Container-Hostname",
    "Session-Id",
)
_RETURNED = ("Custom-Attributes", "New-Session-Id", "Closed-Session-Id")


class Runtime:
    """A started runtime, before one container; knows the endpoints of an ``Aws``."""

    def __init__(self, aws: Aws, container: str) -> None:
        self._aws, self._container = aws, container
        self.forwarded: list[dict[str, str]] = []
        self._server = make_server("127.0.0.1", 0, Request.application(self._answer), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()

    def _answer(self, request: Request) -> Response:
        _, _, name, _ = request.path.split("/")  # /endpoints/NAME/invocations
        endpoint = self._aws.endpoints.get(name)
        if endpoint is None or endpoint.endpoint_status not in ("InService", "Updating"):
            return _error(400, "ValidationError", {"Message": f"Endpoint {name} of account {ACCOUNT} not found."})
        body = request.get_data()
        if len(body) > MAX_BODY_BYTES:
            return _error(413, "ValidationError", {"Message": "Request body is too large"})
        names = ["Content-Type", "Accept", *(f"{_PREFIX}{name}" for name in _PASSED)]
        headers = {name: request.headers[name] for name in names if name in request.headers}
        self.forwarded.append(headers)
        answer = httpx.post(f"{self._container}/invocations", content=body, headers=headers, timeout=60)
        if answer.status_code >= 400:
            kind = "client" if answer.status_code < 500 else "server"
            said = {
                "Message": f'Received {kind} error ({answer.status_code}) from primary with message "{answer.text}".',
                "OriginalStatusCode": answer.status_code,
                "OriginalMessage": answer.text,
                "LogStreamArn": "",
            }
            return _error(424, "ModelError", said)
        returned = {f"{_PREFIX}{name}": answer.headers.get(f"{_PREFIX}{name}") for name in _RETURNED}
        return Response(
            answer.content,
            headers={"x-Amzn-Invoked-Production-Variant": "AllTraffic"}
            | {name: value for name, value in returned.items() if value is not None},
            content_type=answer.headers["content-type"],
        )


def _error(status: int, code: str, content: dict[str, Any]) -> Response:
    return Response(json.dumps(content), status, headers={"x-amzn-ErrorType": code}, content_type="application/json")
