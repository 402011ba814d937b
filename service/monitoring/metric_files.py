"""Where counted values are kept: to be imported before the first metric is made.

Workers share their counts through files (prometheus_client's multiprocess mode), in a folder that
``python -m service`` names before it starts them.
"""

import os
from tempfile import mkdtemp
from threading import Lock

from prometheus_client import values

from service.monitoring import deferred

if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = mkdtemp(prefix="metrics-")

# A worker is started, never forked, so its process id stays what it is: asked for once, not for every count.
_PID = os.getpid()
_lock = Lock()
_changed: set["_BufferedValue"] = set()


class _BufferedValue(values.MultiProcessValue(lambda: _PID)):  # type: ignore[misc]
    """A value that goes to its file once for all that a turn of the event loop counts: writing takes the most time."""

    def inc(self, amount: float) -> None:
        with _lock:
            self._value += amount
            first = not _changed
            _changed.add(self)
        if first:
            deferred.call(flush)


def flush() -> None:
    """Write what was counted to the files that other workers read."""
    with _lock:
        changed = list(_changed)
        _changed.clear()
        for value in changed:
            value.set(value._value)


values.ValueClass = _BufferedValue
