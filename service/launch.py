"""Makes the application and the processes that serve it; to be imported when their environment is set."""

import logging
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from service.app import create_app, load_before_fork
from service.http.security import NOSNIFF
from service.models.bundle import Bundle
from service.monitoring import metric_buffer
from service.server import supervisor
from service.server.burst_accept import BurstAcceptor
from service.server.client_timeouts import ClientTimeoutProtocol, ClientTimeouts
from service.server.connections import ConnectionLimits, Connections
from service.server.ports import Server
from service.server.supervisor import Parent, Supervisor
from service.settings import Settings

STOP_SECONDS = 25
"""How long the end may take from SIGTERM on; SageMaker sends SIGKILL after 30 s."""

_KILL_SECONDS = 28
"""When workers are killed that should have ended by then."""

_log = logging.getLogger("uvicorn.error")


def run(settings: Settings, bundle: Bundle | None, sockets: list[socket.socket]) -> int:
    """Serve until told to stop; returns the exit status.

    Args:
        settings: all of them.
        bundle: the verified bundle; None in multi-model mode.
        sockets: bound, not yet listening.

    Raises:
        BundleError: the bundle has no models of the precision that is asked for.

    """
    app = create_app(settings, bundle)
    acceptor = BurstAcceptor(sockets)
    config = _configure(settings, app, acceptor)
    _log.info("serving on http://%s:%d (Press CTRL+C to quit)", settings.host, settings.listening_port)
    if supervisor.CAN_FORK:
        return _fork_workers(config, app, sockets, acceptor)
    # Uvicorn drains, then raises the signal again for this handler: being told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if settings.workers == 1:
        server = Server(config, acceptor, is_last=lambda: True)
        with suppress(KeyboardInterrupt):  # raised again after it has drained
            server.run(sockets)
        return 0 if server.started else STARTUP_FAILURE
    metric_buffer.forget()
    Multiprocess(_configure(settings, "service.app:create_app", acceptor), sockets).run()
    return 0


def _configure(settings: Settings, app: FastAPI | str, acceptor: BurstAcceptor) -> uvicorn.Config:
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
    protocol: Any = partial(  # called as a class, no more
        ClientTimeoutProtocol,
        timeouts=timeouts,
        max_in_flight=settings.max_in_flight,
        acceptor=acceptor,
        connections=Connections(limits),
    )
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        host=settings.host,
        port=settings.listening_port,
        workers=settings.workers,
        http=protocol,
        ws="none",
        timeout_keep_alive=settings.keep_alive_seconds,
        access_log=False,
        server_header=False,
        headers=[NOSNIFF],
        timeout_graceful_shutdown=max(1, round(STOP_SECONDS - settings.drain_seconds)),
    )


def _fork_workers(config: uvicorn.Config, app: FastAPI, sockets: list[socket.socket], acceptor: BurstAcceptor) -> int:
    config.load()
    config.get_loop_factory()  # imports it
    load_before_fork(app)
    metric_buffer.forget()

    def work(parent: Parent) -> int:
        app.state.beat = parent.beat
        server = Server(config, acceptor, is_last=parent.ends)
        server.run(sockets)
        return 0 if server.started else STARTUP_FAILURE

    def close() -> None:
        """Close the parent's copies: nobody accepts there, so that who came once the workers are gone would hang."""
        for listening in sockets:
            listening.close()

    return Supervisor(work, config.workers, stop_seconds=_KILL_SECONDS).run(stopping=close)
