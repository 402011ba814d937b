"""``python -m benchmarks.speed.parts``: what each part gains that exists for speed alone.

For each part, two servers share a core: one as it is, one with the part switched off. They are asked in turns, so that
whatever else the machine does touches both. A part that gains less than 3 % is not worth its lines.
"""

import argparse
import sys
from contextlib import ExitStack
from statistics import median
from typing import Any
from unittest.mock import patch

from benchmarks.speed import load, payloads
from benchmarks.speed.server import cores, started


def _replace(target: object, name: str, replacement: object) -> None:
    patch.object(target, name, replacement).start()


def _cork() -> None:
    from service.server import client_timeouts

    _replace(client_timeouts, "CorkedTransport", lambda transport, _: transport)


def _deferred() -> None:
    from service.monitoring import deferred

    _replace(deferred, "call", lambda work, *arguments: work(*arguments))


def _metric_files() -> None:
    from service.monitoring.metric_files import _BufferedValue

    _replace(_BufferedValue, "inc", _BufferedValue.__mro__[1].inc)


def _messages() -> None:
    from starlette.requests import Request
    from starlette.responses import Response

    from service.http import messages

    _replace(messages.EncodedJSON, "__init__", lambda self, content: Response.__init__(self, content))
    _replace(messages, "read_body", Request.body)
    _replace(messages, "header", lambda request, name: request.headers.get(name.decode()))


def _plain_png() -> None:
    from service.inputs import plain_png

    _replace(plain_png, "read", lambda _: None)


def _micro_batching() -> None:
    from service.models.micro_batching import MicroBatcher

    async def alone(self: Any, pixels: Any) -> Any:
        return self._work(pixels)[0]

    _replace(MicroBatcher, "submit", alone)


def _direct() -> None:
    from service.routes.direct import DirectRoutes

    _replace(DirectRoutes, "__call__", lambda self, *message: self._app(*message))


SWITCHES = {
    "cork": _cork,
    "deferred": _deferred,
    "metric_files": _metric_files,
    "messages": _messages,
    "plain_png": _plain_png,
    "micro_batching": _micro_batching,
    "direct": _direct,
}
"""What switches a part off, to be called before the service is imported."""


def main() -> None:
    """Measure the parts, or serve without one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.parts", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"default: {' '.join(SWITCHES)}")
    parser.add_argument("--pairs", type=int, default=15, metavar="N", help="rounds of each server (default: 15)")
    parser.add_argument("--seconds", type=int, default=2, metavar="N", help="seconds a round (default: 2)")
    parser.add_argument("--serve-without", choices=SWITCHES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve_without:
        SWITCHES[options.serve_without]()
        from service.__main__ import main as serve

        sys.exit(serve([]))
    for part in options.parts or SWITCHES:
        print(_measured(part, pairs=options.pairs, seconds=options.seconds), flush=True)


def _measured(part: str, *, pairs: int, seconds: int) -> str:
    server_core, load_core = cores()
    with ExitStack() as stack:
        whole = stack.enter_context(started(core=server_core))
        without = stack.enter_context(
            started(("-m", "benchmarks.speed.parts", "--serve-without", part), core=server_core)
        )
        rates, costs = [], []
        for pair in range(pairs + 1):
            order = (whole, without) if pair % 2 else (without, whole)
            found = {id(one): load.run(one, payloads.png(), core=load_core, seconds=seconds) for one in order}
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
