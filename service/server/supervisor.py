"""Keeps the worker processes alive."""

import logging
import time
from multiprocessing.connection import wait
from socket import socket

from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

_CHECK_SECONDS = 0.1
_START_SECONDS = 120
"""How long a worker may leave a question unanswered until it serves; imports take long on a machine with much to do."""

_log = logging.getLogger("uvicorn.error")


class Worker(Process):
    """Uvicorn's, but asking whether it is alive waits for nothing."""

    _asked: float | None = None
    has_started = False
    """Whether it has said that it serves."""

    def target(self, sockets: list[socket] | None = None) -> None:
        """Serve, in the worker; the server is made before the thread that answers questions would make another."""
        self._server = self.server
        super().target(sockets)

    def is_alive(self, timeout: float = 5) -> bool:
        """Tell whether the process runs and, once it serves, answered the last question within ``timeout`` seconds."""
        if not self.process.is_alive():
            return False
        try:
            while self.parent_conn.poll(0):
                self.has_started |= self.parent_conn.recv()
                self._asked = None
            if self._asked is None:
                self.parent_conn.send(b"ping")
                self._asked = time.monotonic()
        except (OSError, EOFError):  # it has just ended
            return False
        return time.monotonic() - self._asked < (timeout if self.has_started else max(timeout, _START_SECONDS))


class Supervisor(Multiprocess):
    """Uvicorn's, but it learns of a worker's end at once, and of a signal within a tenth of a second.

    Half a second of looking away would be a third of the time that a killed worker's place may stay empty; and while
    Uvicorn's waits for a worker's answer, it notices nothing, and kills a worker that takes 5 s to start.
    """

    processes: list[Worker]  # type: ignore[assignment]
    failed = False
    """Whether a worker could not start, so that the service ended."""

    def init_processes(self) -> None:
        """Start as many workers as are asked for; stop where they cannot all be started."""
        try:
            for _ in range(self.processes_num):
                self.processes.append(self._start())
        except OSError as error:
            _log.error("not all workers could be started (%s); the service ends", error.strerror)
            self.failed = True
            self.should_exit.set()

    def run(self) -> None:
        """Start the workers, replace those that end, until told to stop."""
        self.init_processes()
        checks = 0
        while not self.should_exit.is_set():
            ended = wait([worker.process.sentinel for worker in self.processes], _CHECK_SECONDS)
            self.handle_signals()
            checks += 1
            # A worker that hangs does not end: each is asked once a second; at each look while one starts, since one
            # that is not known to serve may be silent for long.
            if ended or checks % 10 == 0 or not all(worker.has_started for worker in self.processes):
                self.keep_subprocess_alive()
        self.terminate_all()
        # Nobody accepts here: a connection that came to this copy once the workers have closed theirs would hang.
        for listening in self.sockets:
            listening.close()
        self.join_all()

    def keep_subprocess_alive(self) -> None:
        """Replace each worker that has ended, or that does not answer; stop where one cannot start at all."""
        refused = False
        for index, worker in enumerate(self.processes):
            if self.should_exit.is_set() or worker.is_alive(self.config.timeout_worker_healthcheck):
                continue
            hung = worker.process.is_alive()
            worker.kill()
            worker.join()
            if worker.exitcode == STARTUP_FAILURE:
                _log.error("worker %d could not start; the service ends", worker.pid)
                self.failed = True
                self.should_exit.set()
                return
            why = "did not answer and was killed" if hung else f"ended with exit code {worker.exitcode}"
            try:
                self.processes[index] = self._start()
            except OSError as error:
                _log.error("worker %d %s; no other can be started now (%s)", worker.pid, why, error.strerror)
                refused = True
            else:
                _log.error("worker %d %s; another takes its place", worker.pid, why)
        if refused:
            time.sleep(1)  # its sentinel would have it tried again at once

    def handle_hup(self) -> None:
        """Not Uvicorn's restart, nor a worker more or fewer: another bundle or number comes with another container."""
        _log.info("SIGHUP, SIGTTIN and SIGTTOU change nothing here")

    handle_ttin = handle_ttou = handle_hup

    def _start(self) -> Worker:
        """Start a worker.

        Raises:
            OSError: no process or descriptor is left for it.

        """
        worker = Worker(self.config, self.sockets)
        try:
            worker.start()
        except OSError:
            worker.parent_conn.close()
            raise
        finally:
            # The worker's end of its pipe, of which this process has a copy: with that open, it would not learn from
            # the pipe that the worker has ended.
            worker.child_conn.close()
        return worker
