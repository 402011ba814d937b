"""``python -m benchmarks.speed.parts``: what each part gains that exists for speed alone.

For each part, one process runs the service unchanged, another runs it without the part; they take turns. They call the
application without sockets, eight requests at a time, and of many short rounds the fastest counts: what else the
machine does can only make a round slower. ``--over-http`` asks two servers with wrk instead, which needs a quiet
machine. A part that gains less than 3 % is not worth its lines.
"""

import argparse
import asyncio
import math
import os
import subprocess
import sys
import time
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import uvloop

from benchmarks.speed import load, payloads
from benchmarks.speed.server import ROOT, cores, started

_ROUNDS, _REPEATS, _TOGETHER = 300, 3, 8


def _replace(target: object, name: str, replacement: object) -> None:
    patch.object(target, name, replacement).start()


def _deferred() -> None:
    from service.monitoring import deferred

    _replace(deferred, "call", lambda work, *arguments: work(*arguments))


def _metric_buffer() -> None:
    from service.monitoring.metric_buffer import _BufferedValue

    _replace(_BufferedValue, "inc", _BufferedValue.__mro__[1].inc)


def _messages() -> None:
    from starlette.datastructures import Headers
    from starlette.requests import Request
    from starlette.responses import Response

    from service.http import messages

    _replace(messages.EncodedJSON, "__init__", lambda self, content: Response.__init__(self, content))
    _replace(messages, "read_body", Request.body)
    _replace(messages, "header", lambda scope, name: Headers(scope=scope).get(name.decode()))


def _plain_png() -> None:
    from service.inputs import plain_png

    _replace(plain_png, "read", lambda _: None)


def _micro_batching() -> None:
    from service.models.micro_batching import MicroBatcher

    async def alone(self: Any, pixels: Any) -> Any:
        return self._work(pixels)[0]

    _replace(MicroBatcher, "submit", alone)


def _hot_routes() -> None:
    from service.routes.hot_routes import HotRoutes

    _replace(HotRoutes, "__call__", lambda self, *message: self._app(*message))


SWITCHES = {
    "deferred": _deferred,
    "metric_buffer": _metric_buffer,
    "messages": _messages,
    "plain_png": _plain_png,
    "micro_batching": _micro_batching,
    "hot_routes": _hot_routes,
}
"""What switches a part off, to be called before the service is imported."""


def main() -> None:
    """Measure the parts, or be measured without one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.parts", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"default: {' '.join(SWITCHES)}")
    parser.add_argument("--over-http", action="store_true", help="two servers and wrk; needs a quiet machine")
    parser.add_argument("--pairs", type=int, default=5, metavar="N", help="turns of each (default: 5)")
    parser.add_argument("--without", choices=SWITCHES, help=argparse.SUPPRESS)
    parser.add_argument("--act", choices=("serve", "time"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.act:
        if options.without:
            SWITCHES[options.without]()
        sys.exit(_serve() if options.act == "serve" else _time())
    for part in options.parts or SWITCHES:
        if options.over_http:
            print(_over_http(part, pairs=options.pairs), flush=True)
        else:
            print(_in_process(part, pairs=options.pairs), flush=True)


def _serve() -> int:
    from service.__main__ import main as serve

    return serve([])


def _time() -> int:
    """Print the least microseconds a request takes."""
    from service.app import create_app
    from service.settings import Settings

    payload = payloads.png()
    app = create_app(Settings(workers=1))
    headers = [(b"content-type", payload.content_type.encode()), (b"content-length", b"%d" % len(payload.body))]
    scope = {"type": "http", "method": "POST", "path": payload.path, "query_string": b"", "headers": headers}

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": payload.body}

    async def send(message: Any) -> None:
        if message.get("status", 200) != 200:
            raise SystemExit(f"{payload.path} answered {message['status']}")

    async def rounds() -> float:
        least = math.inf
        async with app.router.lifespan_context(app):
            for _ in range(_ROUNDS):
                began = time.perf_counter()
                for _ in range(_REPEATS):
                    await asyncio.gather(*(app(scope | {"state": {}}, receive, send) for _ in range(_TOGETHER)))
                least = min(least, time.perf_counter() - began)
        return least / _REPEATS / _TOGETHER

    with Path(os.devnull).open("w") as silent, redirect_stdout(silent):  # the service's log
        least = uvloop.run(rounds())
    print(least * 1e6)
    return 0


def _in_process(part: str, *, pairs: int) -> str:
    least = {"": math.inf, part: math.inf}
    for _ in range(pairs):
        for switched in least:
            command = [sys.executable, "-m", "benchmarks.speed.parts", "--act", "time"]
            command += ["--without", part] if switched else []
            output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
            least[switched] = min(least[switched], float(output))
    return f"{part:16} {least['']:6.1f} µs a request, {least[part]:6.1f} without: {least[part] / least[''] - 1:+.1%}"


def _over_http(part: str, *, pairs: int) -> str:
    server_core, load_core = cores()
    with ExitStack() as stack:
        whole = stack.enter_context(started(core=server_core))
        without = stack.enter_context(
            started(("-m", "benchmarks.speed.parts", "--act", "serve", "--without", part), core=server_core)
        )
        rates, costs = [], []
        for pair in range(pairs + 1):
            order = (whole, without) if pair % 2 else (without, whole)
            found = {id(one): load.run(one, payloads.png(), core=load_core, seconds=2) for one in order}
            if pair:  # the first warms both up
                rates.append(found[id(whole)].rate / found[id(without)].rate)
                costs.append(found[id(without)].cpu_seconds / found[id(whole)].cpu_seconds)
    low, high = min(costs), max(costs)
    return (
        f"{part:16} requests a second {median(rates) - 1:+.1%}, CPU time of a request {median(costs) - 1:+.1%} without "
        f"({low - 1:+.1%} to {high - 1:+.1%}), {pairs} pairs"
    )


if __name__ == "__main__":
    main()
