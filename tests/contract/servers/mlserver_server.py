# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = ["mlserver==1.7.1", "starlette"]
# ///
"""MLServer with SageMaker's two routes as custom handlers: ``python mlserver_server.py PORT``."""

import json
import os
import socket
import sys
from pathlib import Path
from tempfile import mkdtemp

from mlserver import MLModel
from mlserver.handlers import custom_handler
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Adder(MLModel):
    """Adds up each instance's numbers."""

    async def load(self) -> bool:
        """Be ready."""
        return True

    @custom_handler(rest_path="/ping", rest_method="GET")
    async def ping(self) -> Response:
        """Answer the health check."""
        return Response(status_code=200 if self.ready else 503)

    @custom_handler(rest_path="/invocations")
    async def invocations(self, request: Request) -> Response:
        """Answer a request."""
        instances = (await request.json())["instances"]
        return JSONResponse({"predictions": [sum(instance) for instance in instances]})


def free_port():
    """Find a port that nobody listens on, for what SageMaker does not ask."""
    with socket.socket() as listening:
        listening.bind(("", 0))
        return listening.getsockname()[1]


if __name__ == "__main__":
    folder = Path(mkdtemp())
    settings = {
        "http_port": int(sys.argv[1]),
        "grpc_port": free_port(),
        "metrics_port": free_port(),
        "parallel_workers": 0,
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    model = {"name": "adder", "implementation": "mlserver_server.Adder"}
    (folder / "model-settings.json").write_text(json.dumps(model))
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    mlserver = Path(sys.executable).with_name("mlserver")
    os.execv(mlserver, [mlserver, "start", folder])
