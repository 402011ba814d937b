"""The container's entry point, in the two ways SageMaker starts one: ``serve`` (the default) and ``train``."""

import os
import sys
from pathlib import Path

PROGRAM = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROGRAM)  # Python put this script's own folder there

# Where SageMaker unpacks model.tar.gz; without one, the release in the image is served.
MOUNTED, RELEASED = Path("/opt/ml/model"), PROGRAM / "models"


def main() -> int:
    """Run the command; returns its exit status."""
    command, *arguments = sys.argv[1:] or ["serve"]
    if command == "serve":
        return serve(arguments)
    if command == "train":
        return train(arguments)
    print(f"error: no command {command!r}; this container takes serve or train", file=sys.stderr)
    return 2


def serve(arguments: list[str]) -> int:
    """Serve the mounted bundle if there is one."""
    try:
        mounted = MOUNTED.is_dir() and any(MOUNTED.iterdir())
    except PermissionError:
        print(
            f"error: uid {os.getuid()} may not read {MOUNTED}; make it readable, or run as its owner", file=sys.stderr
        )
        return 1
    os.environ.setdefault("SERVICE_HOST", "0.0.0.0")  # noqa: S104 (inside a container, that is its own interface)
    os.environ.setdefault("SERVICE_MODEL_DIR", str(MOUNTED if mounted else RELEASED))
    from service.__main__ import main

    return main(arguments)


def train(arguments: list[str]) -> int:
    """Train, in the image that can."""
    try:
        import tensorflow  # noqa: F401
    except ImportError:
        print("error: this image serves; build the one that trains: docker build --target training .", file=sys.stderr)
        return 2
    from training.train import main

    return main(arguments)


if __name__ == "__main__":
    sys.exit(main())
