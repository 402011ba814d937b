"""Forks the worker processes, and keeps them alive (Linux).

The process that ``python -m service`` starts imports everything, makes the application and loads the models; then it
forks. The workers are ready together, hundredths of a second later, and share the memory of all that was loaded. The
parent serves nothing itself, and reads nothing that a client sent: whatever kills a worker cannot harm the parent.

No thread and no event loop may run in it: a fork takes along only the thread that forks, and a lock that another one
held would stay locked for ever.
"""

import ctypes
import logging
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from uvicorn.config import STARTUP_FAILURE

CAN_FORK = sys.platform == "linux"
"""Elsewhere system libraries do not survive a fork, or there is none."""

_STOP = {signal.SIGTERM, signal.SIGINT}
_WITHOUT_EFFECT = {signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU}
_AWAITED = {signal.SIGCHLD} | _STOP | _WITHOUT_EFFECT
_LOOK_SECONDS = 1.0
_SILENT_LOOKS = 5
"""A worker without a new beat for so many looks is killed. Looks, not seconds: a frozen machine kills nobody."""
_PR_SET_PDEATHSIG = 1
"""prctl(2)."""

_log = logging.getLogger("uvicorn.error")
_libc = ctypes.CDLL(None)


@dataclass
class _Worker:
    """A worker process, its count of beats at the last look, and for how many looks that has not changed."""

    pid: int
    beats: int = 0
    silent_looks: int = 0


class Parent:
    """What a worker tells the process that forked it, and learns from it, through memory that they share."""

    def __init__(self, pid: int, shared: memoryview, place: int) -> None:
        self._pid = pid
        self._shared = shared
        self._place = place

    def beat(self) -> None:
        """Say that this worker serves; to be called once a second."""
        self._shared[self._place] += 1

    def ends(self) -> bool:
        """Tell whether the whole service ends, not this worker alone."""
        return bool(self._shared[-1]) or os.getppid() != self._pid


class Supervisor:
    """Forks workers, forks another for each that ends, and ends them all when told to stop."""

    def __init__(self, work: Callable[[Parent], int], workers: int, *, stop_seconds: float) -> None:
        """Take what the workers do.

        Args:
            work: called in each worker; serves until SIGTERM and returns the exit status.
            workers: how many.
            stop_seconds: how long they may take to end after SIGTERM; then they are killed.

        """
        self._work = work
        self._stop_seconds = stop_seconds
        self._workers: list[_Worker | None] = [None] * workers
        # A count of beats for each worker, then whether the service ends.
        self._shared = memoryview(mmap.mmap(-1, 8 * (workers + 1))).cast("Q")
        self._fork_at = 0.0
        self._failed = False

    def run(self, stopping: Callable[[], None]) -> int:
        """Keep the workers alive until SIGTERM or SIGINT; returns the exit status.

        Args:
            stopping: called once the workers have been told to stop.

        """
        signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
        look_at = time.monotonic()
        number = 0
        while number not in _STOP and not self._failed:
            self._reap()
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + _LOOK_SECONDS
                self._kill_silent()
            self._fill()
            number = self._wait(look_at)
            if number in _WITHOUT_EFFECT:
                _log.info("SIGHUP, SIGTTIN and SIGTTOU change nothing here")
        self._shared[-1] = 1
        self._signal_all(signal.SIGTERM)
        stopping()
        end = time.monotonic() + self._stop_seconds
        while self._pids() and time.monotonic() < end:
            self._wait(end)
            self._reap(ending=True)
        self._signal_all(signal.SIGKILL)
        return STARTUP_FAILURE if self._failed else 0

    def _wait(self, until: float) -> int:
        """Wait for a signal, or a time; gives the signal's number, 0 where none came."""
        came = signal.sigtimedwait(_AWAITED, max(0.0, until - time.monotonic()))
        return 0 if came is None else came.si_signo

    def _fill(self) -> None:
        """Fork a worker for each place that is empty; where that is refused, again after a second."""
        if time.monotonic() < self._fork_at:
            return
        for place, worker in enumerate(self._workers):
            if worker is not None:
                continue
            try:
                self._workers[place] = self._fork(place)
            except OSError as error:
                self._fork_at = time.monotonic() + _LOOK_SECONDS
                _log.error("no worker can be forked now (%s); tried again every second", error.strerror)
                return

    def _reap(self, *, ending: bool = False) -> None:
        """Learn which workers have ended, and why."""
        while (ended := _next_ended()) is not None:
            pid, code = ended
            place = next((i for i, worker in enumerate(self._workers) if worker is not None and worker.pid == pid), -1)
            if place < 0:
                continue  # as process 1 of a container it is given the orphans of others
            self._workers[place] = None
            if ending:
                continue
            if code == STARTUP_FAILURE:  # Uvicorn's exit status; another worker could not start either
                _log.error("worker %d could not start; the service ends", pid)
                self._failed = True
                continue
            why = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            _log.error("worker %d %s; another takes its place", pid, why)
            if self._shared[place] == 0:  # it never served: the next might not either
                self._fork_at = time.monotonic() + _LOOK_SECONDS

    def _kill_silent(self) -> None:
        """Kill each worker that served and whose event loop has not turned for long; ``_reap`` finds it ended."""
        for place, worker in enumerate(self._workers):
            if worker is None:
                continue
            beats = self._shared[place]
            worker.silent_looks = worker.silent_looks + 1 if beats == worker.beats > 0 else 0
            worker.beats = beats
            if worker.silent_looks == _SILENT_LOOKS:
                _log.error("worker %d has done nothing for %d s and is killed", worker.pid, _SILENT_LOOKS)
                os.kill(worker.pid, signal.SIGKILL)

    def _pids(self) -> list[int]:
        return [worker.pid for worker in self._workers if worker is not None]

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in self._pids():  # none is reaped yet, so none is another's by now
            os.kill(pid, number)

    def _fork(self, place: int) -> _Worker:
        """Fork a worker, which never returns from here.

        Raises:
            OSError: there is no memory for it, or there are too many processes.

        """
        sys.stdout.flush()
        sys.stderr.flush()
        self._shared[place] = 0
        parent = os.getpid()
        if pid := os.fork():
            return _Worker(pid)
        status = 1
        try:
            status = self._be_worker(parent, place)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except KeyboardInterrupt:  # Uvicorn raises it again after it has drained
            status = 0
        except BaseException:
            _log.exception("a worker ends")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _be_worker(self, parent: int, place: int) -> int:
        # Uvicorn drains, then raises the signal again for this handler: being told to stop is no failure.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)  # killed, the parent can tell nobody to stop
        if os.getppid() != parent:
            return 0
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED - _WITHOUT_EFFECT)
        return self._work(Parent(parent, self._shared, place))


def _next_ended() -> tuple[int, int] | None:
    """Give the process id and exit code of a child that has ended; None where none has."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, os.waitstatus_to_exitcode(status)) if pid else None
