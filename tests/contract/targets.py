"""What the suite is run against: a URL, a command that starts a server, or an image."""

import os
import shlex
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import httpx

from benchmarks.speed.server import free_port

START_SECONDS = 120


class Running(ABC):
    """A started server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ping(self) -> int | None:
        """Ask /ping; its status, or None while nothing listens."""
        try:
            return httpx.get(f"{self.url}/ping", timeout=2).status_code
        except httpx.TransportError:
            return None

    def wait_until_ready(self) -> None:
        """Wait until /ping says 200."""
        deadline = time.monotonic() + START_SECONDS
        while self.ping() != 200:
            assert self.exit_status(0.02) is None, "it ended before /ping was 200"
            assert time.monotonic() < deadline, f"/ping was not 200 within {START_SECONDS} s"

    @abstractmethod
    def terminate(self) -> None:
        """Send SIGTERM."""

    @abstractmethod
    def exit_status(self, timeout: float) -> int | None:
        """Wait for the end; None if it has not come within the time."""

    @abstractmethod
    def output(self) -> str:
        """What it wrote to standard output, once it has ended."""


class _Process(Running):
    def __init__(self, url: str, command: str, environment: Mapping[str, str]) -> None:
        super().__init__(url)
        # Into a file: a pipe that nobody reads would fill, and stop the server.
        self.written = TemporaryFile("w+")  # noqa: SIM115 (closed when the process has been looked at)
        self.process = subprocess.Popen(
            shlex.split(command), env=os.environ | environment, stdout=self.written, stderr=subprocess.DEVNULL
        )

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def exit_status(self, timeout: float) -> int | None:
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def output(self) -> str:
        self.written.seek(0)
        return self.written.read()

    def close(self) -> None:
        """End the process, and whatever it started."""
        self.process.kill()
        self.process.wait()
        self.written.close()


class _Container(Running):
    def __init__(self, url: str, identifier: str) -> None:
        super().__init__(url)
        self.identifier = identifier

    def terminate(self) -> None:
        docker("kill", "--signal=TERM", self.identifier)

    def exit_status(self, timeout: float) -> int | None:
        try:
            return int(docker("wait", self.identifier, timeout=max(timeout, 0.5)))
        except subprocess.TimeoutExpired:
            return None

    def output(self) -> str:
        return docker("logs", self.identifier)


class Target(ABC):
    """Something that can be started, as often as a test needs it."""

    @abstractmethod
    @contextmanager
    def started(self, environment: Mapping[str, str] = {}, options: tuple[str, ...] = ()) -> Iterator[Running]:
        """Start it with ``serve``; ended, whatever happens, when the block is left.

        Args:
            environment: further variables.
            options: further options of ``docker run``; ignored where there is no container.

        """


class CommandTarget(Target):
    """A command, told its port by ``SAGEMAKER_BIND_TO_PORT``, as in an inference pipeline."""

    def __init__(self, command: str) -> None:
        self.command = command

    @contextmanager
    def started(self, environment: Mapping[str, str] = {}, options: tuple[str, ...] = ()) -> Iterator[Running]:  # noqa: ARG002
        """Start the process."""
        port = free_port()
        running = _Process(
            f"http://127.0.0.1:{port}",
            f"{self.command} serve",
            {"SAGEMAKER_BIND_TO_PORT": str(port)} | dict(environment),
        )
        try:
            yield running
        finally:
            running.close()


class ImageTarget(Target):
    """An image, started as SageMaker starts it: port 8080, the command ``serve``."""

    def __init__(self, image: str) -> None:
        self.image = image

    @contextmanager
    def started(self, environment: Mapping[str, str] = {}, options: tuple[str, ...] = ()) -> Iterator[Running]:
        """Start the container."""
        port = free_port()
        inside = environment.get("SAGEMAKER_BIND_TO_PORT", "8080")
        variables = [f"--env={name}={value}" for name, value in environment.items()]
        publish = f"--publish=127.0.0.1:{port}:{inside}"
        identifier = docker("run", "--detach", publish, *variables, *options, self.image, "serve").strip()
        try:
            yield _Container(f"http://127.0.0.1:{port}", identifier)
        finally:
            docker("rm", "--force", identifier)

    def labels(self) -> dict[str, Any]:
        """The image's labels."""
        import json

        labels: dict[str, Any] = json.loads(docker("image", "inspect", self.image))[0]["Config"]["Labels"] or {}
        return labels


def docker(*arguments: str, timeout: float | None = None) -> str:
    """Run the docker client; gives its standard output."""
    command = ["docker", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=timeout).stdout


def own_server() -> CommandTarget:
    """This repository's server, as a process."""
    import sys

    root = Path(__file__).parent.parent.parent
    return CommandTarget(f"{sys.executable} {root / 'docker' / 'entrypoint.py'}")
