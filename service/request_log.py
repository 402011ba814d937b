"""One JSON object a request on standard output, where SageMaker's and every other log collector looks for it."""

import sys
import time
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class RequestLog:
    """ASGI middleware: writes what was asked, how it ended, its request id and SageMaker's inference id.

    Routes put the model's name into ``request.state.model``, error handlers their sentence into ``.problem``. Health
    checks and scrapes that succeed are left out: one comes every few seconds, and says nothing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and log it when it has been answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status, received, sent = 0, 0, 0

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def counted_send(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, counted_receive, counted_send)
        except BaseException:
            status = status or 500  # which the server answers for us
            raise
        finally:
            state = scope.get("state", {})
            if not (scope["path"] in ("/ping", "/metrics") and status == 200):
                write(
                    {
                        "time": time.time(),
                        "method": scope["method"],
                        "path": scope["path"],
                        "status": status,
                        "bytes_in": received,
                        "bytes_out": sent,
                        "ms": round((time.perf_counter() - began) * 1e3, 3),
                        "model": state.get("model"),
                        "problem": state.get("problem"),
                        "request_id": state.get("request_id"),
                        "inference_id": Headers(scope=scope).get("x-amzn-sagemaker-inference-id"),
                    }
                )


def write(entry: dict[str, Any]) -> None:
    """Write an object on a line of its own, without what is None."""
    present = {key: value for key, value in entry.items() if value is not None}
    sys.stdout.buffer.write(orjson.dumps(present, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()
