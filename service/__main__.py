"""``python -m service``: verify the settings and the bundle, then serve."""

import argparse
import errno
import logging
import os
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from tempfile import TemporaryDirectory

import uvicorn
from pydantic import ValidationError
from uvicorn.config import STARTUP_FAILURE

from service.http.security import NOSNIFF
from service.models.bundle import Bundle, BundleError
from service.server.burst_accept import BurstAcceptor
from service.server.client_timeouts import ClientTimeoutProtocol, ClientTimeouts
from service.server.connections import ConnectionLimits, Connections
from service.server.supervisor import Supervisor
from service.settings import Settings, describe, explain

STOP_SECONDS = 25
"""How long the end may take from SIGTERM on; SageMaker sends SIGKILL after 30 s."""

_log = logging.getLogger("uvicorn.error")

_SHARED_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 (its folders are mkdtemp's)
"""Counters belong here, where no disk can be slow or full; else wherever ``tempfile`` finds room."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m service",
        description="Serve the released models. All settings are environment variables:\n\n" + describe(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(arguments)
    try:
        settings = Settings()
        if not settings.sagemaker_multi_model:
            Bundle(settings.model_dir)  # here, so that one that cannot be served ends the command with one line
    except ValidationError as error:
        print(f"error: {explain(error)}", file=sys.stderr)
        return 2
    except BundleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    try:
        sockets = _bind(settings)
    except OSError as error:
        print(
            f"error: cannot listen on {settings.host} port {settings.listening_port} ({error.strerror}); "
            "set SERVICE_HOST and SERVICE_PORT",
            file=sys.stderr,
        )
        return 1
    try:
        with TemporaryDirectory(prefix="service-", dir=_SHARED_MEMORY) as folder:
            # What the workers share: they read where it is.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
            if settings.sagemaker_multi_model:
                os.environ["SERVICE_REGISTRY_DIR"] = folder
            _serve(settings, sockets)
    except FileNotFoundError as error:  # what tempfile says where it may write nowhere
        print(f"error: {error.strerror}; mount one that can be written to: --tmpfs /tmp", file=sys.stderr)
        return 1
    return 0


def _bind(settings: Settings) -> list[socket.socket]:
    """Bind to the host's addresses, so that a taken port or a wrong address is a sentence and not Uvicorn's log entry.

    Raises:
        OSError: none of them can be had, or one is taken.

    """
    bound, missing = [], None
    found = socket.getaddrinfo(settings.host, settings.listening_port, type=socket.SOCK_STREAM)
    for family, _, _, _, address in found:
        listening = socket.socket(family)
        listening.setblocking(False)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            listening.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:  # localhost is ::1, too, where there is no IPv6
                raise
            missing = error
        else:
            bound.append(listening)
    if missing is not None and not bound:
        raise missing
    return bound


def _serve(settings: Settings, sockets: list[socket.socket]) -> None:
    # Uvicorn drains, then raises the signal again for this handler: being told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    timeouts = ClientTimeouts(
        headers=settings.header_seconds,
        body=settings.body_seconds,
        answer=settings.answer_seconds,
        header_bytes=settings.max_header_kb * 1024,
    )
    limits = ConnectionLimits(
        connections=settings.max_connections,
        slow=settings.max_slow_clients,
        connections_per_address=settings.max_connections_per_address,
        slow_per_address=settings.max_slow_clients_per_address,
    )
    config = uvicorn.Config(
        "service.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.listening_port,
        workers=settings.workers,
        # Called as a class, no more.
        http=partial(  # type: ignore[arg-type]
            ClientTimeoutProtocol,
            timeouts=timeouts,
            max_in_flight=settings.max_in_flight,
            acceptor=BurstAcceptor(sockets),
            connections=Connections(limits),
        ),
        ws="none",
        timeout_keep_alive=settings.keep_alive_seconds,
        access_log=False,
        server_header=False,
        headers=[NOSNIFF],
        timeout_graceful_shutdown=max(1, round(STOP_SECONDS - settings.drain_seconds)),
    )
    _log.info("serving on http://%s:%d (Press CTRL+C to quit)", settings.host, settings.listening_port)
    if settings.workers == 1:
        server = uvicorn.Server(config)
        with suppress(KeyboardInterrupt):  # raised again after it has drained
            server.run(sockets)
        sys.exit(0 if server.started else STARTUP_FAILURE)
    else:
        supervisor = Supervisor(config, sockets=sockets)
        supervisor.run()
        sys.exit(STARTUP_FAILURE if supervisor.failed else 0)


if __name__ == "__main__":
    sys.exit(main())
