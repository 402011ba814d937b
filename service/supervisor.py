"""Keeps the worker processes alive."""

from multiprocessing.connection import wait

from uvicorn.supervisors import Multiprocess

_LOOK_SECONDS = 0.1


class Supervisor(Multiprocess):
    """Uvicorn's, but it learns of a worker's end at once, and of a signal within a tenth of a second instead of half.

    Half a second of looking away would be a third of the time that a killed worker's place may stay empty.
    """

    def run(self) -> None:
        """Start the workers, replace those that end, until told to stop."""
        self.init_processes()
        looks = 0
        while not self.should_exit.is_set():
            for process in self.processes:
                # The worker's end of its pipe, of which this process has a copy: with that open, asking a worker that
                # has just died would take until the time for an answer is over.
                process.child_conn.close()
            ended = wait([process.process.sentinel for process in self.processes], _LOOK_SECONDS)
            self.handle_signals()
            looks += 1
            if ended or looks % 10 == 0:  # a worker that hangs does not end: each is asked once a second
                self.keep_subprocess_alive()
        self.terminate_all()
        # Nobody accepts here: a connection that came to this copy once the workers have closed theirs would hang.
        for listening in self.sockets:
            listening.close()
        self.join_all()
