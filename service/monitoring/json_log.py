"""One JSON object a request on standard output, where SageMaker's and every other log collector looks for it.

Health checks and scrapes that succeed are left out: one comes every few seconds, and says nothing.
"""

import sys
import time
from typing import Any

import orjson
from starlette.types import Scope

from service import request_state
from service.exempt_paths import ALWAYS_ADMITTED
from service.monitoring import deferred

_INFERENCE_ID = b"x-amzn-sagemaker-inference-id"


def log_request(scope: Scope, status: int, *, bytes_in: int, bytes_out: int, seconds: float) -> None:
    """Write what was asked, how it ended, its request id and SageMaker's inference id."""
    if status == 200 and scope["path"] in ALWAYS_ADMITTED:
        return
    state = request_state.of(scope)
    inference_id = next((value.decode("latin-1") for name, value in scope["headers"] if name == _INFERENCE_ID), None)
    write(
        {
            "time": time.time(),
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "bytes_in": bytes_in,
            "bytes_out": bytes_out,
            "ms": round(seconds * 1e3, 3),
            "model": state.model,
            "problem": state.problem,
            "request_id": state.request_id,
            "inference_id": inference_id,
        }
    )


def write(entry: dict[str, Any]) -> None:
    """Write an object on a line of its own, without what is None; in the event loop, its next turn flushes it."""
    present = {key: value for key, value in entry.items() if value is not None}
    sys.stdout.buffer.write(orjson.dumps(present, option=orjson.OPT_APPEND_NEWLINE))
    deferred.call(sys.stdout.buffer.flush)
