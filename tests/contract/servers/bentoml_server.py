# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = ["bentoml==1.4.40", "starlette"]
# ///
"""BentoML with a route of its own for /ping: ``python bentoml_server.py PORT``."""

import os
import sys
from pathlib import Path

import bentoml
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route


async def ping(_):
    """Answer the health check."""
    return Response()


@bentoml.service(workers=1)
@bentoml.asgi_app(Starlette(routes=[Route("/ping", ping)]))
class Adder:
    """Adds up each instance's numbers."""

    @bentoml.api(route="/invocations")
    def invocations(self, instances: list[list[float]]) -> dict:
        """Answer a request."""
        return {"predictions": [sum(instance) for instance in instances]}


if __name__ == "__main__":
    os.environ["BENTOML_DO_NOT_TRACK"] = "True"
    os.chdir(Path(__file__).parent)
    os.execv(
        sys.executable,
        [sys.executable, "-m", "bentoml", "serve", "bentoml_server:Adder", "--port", sys.argv[1]],
    )
