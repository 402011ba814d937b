"""``python -m deploy COMMAND``."""

import sys

from deploy.command_line import main

if __name__ == "__main__":
    sys.exit(main())
