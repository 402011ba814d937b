"""SageMaker's runtime for tests: between a client's InvokeEndpoint and a container's ``/invocations``.

Source: API reference, InvokeEndpoint. It passes on only the headers listed there, caps the body, and turns what the
container refuses into a ModelError (424) that carries the container's status and words. It loads the models of
multi-model endpoints, and answers asynchronous requests by files in S3, at once where AWS has a queue.
"""

import hashlib
import json
import tarfile
import tempfile
import threading
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.conftest import unpack
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
        self._loaded: set[str] = set()
        self._folder = tempfile.TemporaryDirectory()
        self._server = make_server("127.0.0.1", 0, Request.application(self._answer), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._folder.cleanup()

    def _answer(self, request: Request) -> Response:
        _, _, name, kind = request.path.split("/")  # /endpoints/NAME/invocations, or async-invocations
        endpoint = self._aws.endpoints.get(name)
        if endpoint is None or endpoint.endpoint_status not in ("InService", "Updating"):
            return _error(400, "ValidationError", {"Message": f"Endpoint {name} of account {ACCOUNT} not found."})
        names = ["Content-Type", "Accept", *(f"{_PREFIX}{name}" for name in _PASSED)]
        headers = {name: request.headers[name] for name in names if name in request.headers}
        if kind == "async-invocations":
            headers |= {plain: request.headers[f"{_PREFIX}{plain}"] for plain in ("Content-Type", "Accept")}
            return self._queue(name, request.headers[f"{_PREFIX}InputLocation"], headers)
        body = request.get_data()
        if len(body) > MAX_BODY_BYTES:
            return _error(413, "ValidationError", {"Message": "Request body is too large"})
        answer = self._ask(name, body, headers)
        if answer.status_code >= 400:
            whose = "client" if answer.status_code < 500 else "server"
            said = {
                "Message": f'Received {whose} error ({answer.status_code}) from primary with message "{answer.text}".',
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

    def _ask(self, endpoint: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """Ask the container, on a multi-model endpoint after it has loaded the model that is meant."""
        self.forwarded.append(headers)
        path, target = "/invocations", headers.get(f"{_PREFIX}Target-Model")
        if target:
            name = hashlib.sha256(target.encode()).hexdigest()  # as SageMaker names it to the container
            if name not in self._loaded:
                self._load(endpoint, target, name)
            path = f"/models/{name}/invoke"
        return httpx.post(f"{self._container}{path}", content=body, headers=headers, timeout=60)

    def _load(self, endpoint: str, target: str, name: str) -> None:
        bucket, prefix = _place(self._served(endpoint)["ModelDataUrl"])
        content = self._aws.client("s3").get_object(Bucket=bucket, Key=f"{prefix}{target}")["Body"].read()
        folder = Path(tempfile.mkdtemp(dir=self._folder.name))
        with tarfile.open(fileobj=BytesIO(content)) as archive:
            unpack(archive, folder)
        loaded = httpx.post(f"{self._container}/models", json={"model_name": name, "url": str(folder)}, timeout=60)
        assert loaded.status_code == 200, loaded.text
        self._loaded.add(name)

    def _queue(self, endpoint: str, source: str, headers: dict[str, str]) -> Response:
        """Answer a request of an asynchronous endpoint: at once, and into the bucket."""
        s3, name = self._aws.client("s3"), str(uuid4())
        bucket, key = _place(source)
        answer = self._ask(endpoint, s3.get_object(Bucket=bucket, Key=key)["Body"].read(), headers)
        config = self._aws.endpoint_config(endpoint)["AsyncInferenceConfig"]["OutputConfig"]
        places = {
            "OutputLocation": f"{config['S3OutputPath']}/{name}.out",
            "FailureLocation": f"{config['S3FailurePath']}/{name}-error.out",
        }
        bucket, key = _place(places["OutputLocation" if answer.is_success else "FailureLocation"])
        s3.put_object(Bucket=bucket, Key=key, Body=answer.content)
        located = {f"{_PREFIX}{place}": where for place, where in places.items()}
        return Response(json.dumps({"InferenceId": name}), 202, headers=located, content_type="application/json")

    def _served(self, endpoint: str) -> dict[str, Any]:
        (variant, *_) = self._aws.endpoint_config(endpoint)["ProductionVariants"]
        model = self._aws.client("sagemaker").describe_model(ModelName=variant["ModelName"])
        container: dict[str, Any] = model["PrimaryContainer"]
        return container


def _place(uri: str) -> tuple[str, str]:
    """Split an S3 URI into bucket and key."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _error(status: int, code: str, content: dict[str, Any]) -> Response:
    return Response(json.dumps(content), status, headers={"x-amzn-ErrorType": code}, content_type="application/json")
