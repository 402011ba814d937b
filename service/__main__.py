"""``python -m service``: read the settings, take the port, then serve."""

import argparse
import os
import socket
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pydantic import ValidationError

from service.settings import Settings, describe, explain

if TYPE_CHECKING:
    from service.models.bundle import Bundle

_SHARED_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 (its folders are mkdtemp's)
"""Counters belong here, where no disk can be slow or full; else wherever ``tempfile`` finds room."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m service",
        description="Serve the released models. All settings are environment variables:\n\n" + describe(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(arguments)
    # Workers are as many as cores; NumPy's own threads would be too many, and none may run before a fork.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from service.models.bundle import Bundle, BundleError  # NumPy reads that when it is imported
    from service.server import ports

    try:
        settings = Settings()
        # Here, so that one that cannot be served ends the command with one line.
        bundle = None if settings.sagemaker_multi_model else Bundle(settings.model_dir)
        sockets = ports.bind(settings.host, settings.listening_port)
    except ValidationError as error:
        print(f"error: {explain(error)}", file=sys.stderr)
        return 2
    except BundleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"error: cannot listen on {settings.host} port {settings.listening_port} ({error.strerror}); "
            "set SERVICE_HOST and SERVICE_PORT",
            file=sys.stderr,
        )
        return 1
    try:
        with TemporaryDirectory(prefix="service-", dir=_SHARED_MEMORY) as folder:
            # What the workers share.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
            os.environ["SERVICE_REGISTRY_DIR"] = folder
            return _serve(bundle, sockets)
    except BundleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except FileNotFoundError as error:  # what tempfile says where it may write nowhere
        print(f"error: {error.strerror}; mount one that can be written to: --tmpfs /tmp", file=sys.stderr)
        return 1


def _serve(bundle: "Bundle | None", sockets: list[socket.socket]) -> int:
    from service import launch  # what it imports finds the shared folder in the environment

    return launch.run(Settings(), bundle, sockets)


if __name__ == "__main__":
    sys.exit(main())
