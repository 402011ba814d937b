"""``python docker/endpoint COMMAND``."""

import sys
from pathlib import Path

_DOCKER = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(_DOCKER), str(_DOCKER.parent)]  # Python put this folder first; the package is `endpoint`

from endpoint.command_line import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
