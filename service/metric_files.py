"""Where counted values are kept: to be imported before the first import of prometheus_client.

prometheus_client decides when it is imported whether workers share their counts through files;
``python -m service`` names a folder for them before it starts the workers.
"""

import os
from tempfile import mkdtemp

if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = mkdtemp(prefix="metrics-")
