"""``python -m service``: verify the settings and the bundle, then serve."""

import argparse
import os
import signal
import sys
from tempfile import TemporaryDirectory

import uvicorn
from pydantic import ValidationError

from service.bundle import Bundle, BundleError
from service.settings import Settings, describe, explain

DRAIN_SECONDS = 25
"""How long requests may finish after SIGTERM; SageMaker sends SIGKILL after 30 s."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m service",
        description="Serve the released models. All settings are environment variables:\n\n" + describe(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(arguments)
    try:
        settings = Settings()
        if not settings.sagemaker_multi_model:
            Bundle(settings.model_dir)  # here, so that one that cannot be served ends the command with one line
    except ValidationError as error:
        print(f"error: {explain(error)}", file=sys.stderr)
        return 2
    except BundleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    with TemporaryDirectory(prefix="models-") as registry:
        os.environ.setdefault("SERVICE_REGISTRY_DIR", registry)
        _serve(settings)
    return 0


def _serve(settings: Settings) -> None:
    # Uvicorn drains, then raises the signal again for this handler: being told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        "service.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.listening_port,
        workers=settings.workers,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


if __name__ == "__main__":
    sys.exit(main())
