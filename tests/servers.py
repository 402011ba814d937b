"""Servers that a test looks at from outside: their output, their workers, their end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx

from tests.conftest import MODELS, ROOT, free_port


@contextmanager
def started(**environment: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start a server whose output and end are looked at."""
    port = environment.get("SAGEMAKER_BIND_TO_PORT", str(free_port()))
    variables = os.environ | {
        "SERVICE_PORT": port,
        "SERVICE_WORKERS": "1",
        "SERVICE_DRAIN_SECONDS": "0",
        "SERVICE_MODEL_DIR": str(MODELS),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "service"],
        cwd=ROOT, env=variables | environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        assert eventually(lambda: answers(url)), "the server was not ready in time"
        yield url, process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its workers, too, which might be stopped
            process.communicate()


def answers(url: str) -> bool:
    """Whether /ping says 200, and within a second."""
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/ping", timeout=1).status_code == 200
    return False


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether a condition comes to hold within the time; generous, since other tests run beside."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False
