"""Where counted values are kept: to be imported before the first metric is made.

Workers share their counts through files (prometheus_client's multiprocess mode), in a folder that
``python -m service`` names before it starts them.
"""

import os
from tempfile import mkdtemp

from prometheus_client import values

if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = mkdtemp(prefix="metrics-")

# A worker is started, never forked, so its process id stays what it is: asked for once, not for every count.
_PID = os.getpid()
values.ValueClass = values.MultiProcessValue(lambda: _PID)  # type: ignore[no-untyped-call]
