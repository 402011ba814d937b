"""What the suite can start, as often as a row needs it: a command, or an image."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import Any

import httpx

START_SECONDS = 8 * 60
"""SageMaker gives up on a new container after 8 minutes."""
_PATIENCE_SECONDS = 10
CERTIFICATES = httpx.create_ssl_context()
"""Read once: each request without a client would read them anew, and take 20 ms of CPU from the server it asks."""
BIND_LABEL = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"
MULTI_MODEL_LABEL = "com.amazonaws.sagemaker.capabilities.multi-models"


class TargetError(Exception):
    """The target cannot be started; says why in one sentence."""


class Running(ABC):
    """A started server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ping(self) -> int | None:
        """Ask /ping; its status, or None while nothing listens."""
        try:
            return httpx.get(f"{self.url}/ping", timeout=2, verify=CERTIFICATES).status_code
        except httpx.TransportError:
            return None

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until /ping says 200.

        Raises:
            TargetError: it ends before, or takes longer.

        """
        began, told = time.monotonic(), False
        while (status := self.ping()) != 200:
            said = "nobody listens" if status is None else f"GET /ping answers {status}"
            if self.exit_status(0.02) is not None:
                raise TargetError(
                    f"the server ended before GET /ping answered 200. Its last lines: {self.last_words()}"
                )
            waited = time.monotonic() - began
            if waited > seconds:
                raise TargetError(f"GET /ping did not answer 200 within {seconds:g} s: {said}")
            if waited > _PATIENCE_SECONDS and not told:
                print(f"waiting up to {seconds:g} s for GET /ping to answer 200; now {said}", file=sys.stderr)
                told = True

    @abstractmethod
    def terminate(self) -> None:
        """Send SIGTERM."""

    @abstractmethod
    def exit_status(self, timeout: float) -> int | None:
        """Wait for the end; None if it has not come within the time."""

    @abstractmethod
    def output(self) -> str:
        """Read what it wrote to standard output."""

    @abstractmethod
    def last_words(self) -> str:
        """Read the end of all that it wrote."""


class _Process(Running):
    def __init__(self, url: str, command: list[str], environment: Mapping[str, str]) -> None:
        super().__init__(url)
        # Into files: a pipe that nobody reads would fill, and stop the server.
        self._output, self._errors = TemporaryFile("w+"), TemporaryFile("w+")  # noqa: SIM115 (closed by close)
        try:
            self._process = subprocess.Popen(
                command,
                env=os.environ | environment,
                stdout=self._output,
                stderr=self._errors,
                start_new_session=True,  # so that close ends what it started, too
            )
        except OSError as error:
            raise TargetError(f"cannot start {command[0]!r}: {error.strerror}") from None

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def exit_status(self, timeout: float) -> int | None:
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def output(self) -> str:
        return _read(self._output)

    def last_words(self) -> str:
        return _end(_read(self._output) + _read(self._errors))

    def close(self) -> None:
        """End the process, and whatever it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._output.close()
        self._errors.close()


class _Container(Running):
    def __init__(self, url: str, identifier: str) -> None:
        super().__init__(url)
        self._identifier = identifier

    def terminate(self) -> None:
        docker("kill", "--signal=TERM", self._identifier)

    def exit_status(self, timeout: float) -> int | None:
        try:
            return int(docker("wait", self._identifier, timeout=max(timeout, 0.5)))
        except subprocess.TimeoutExpired:
            return None

    def output(self) -> str:
        return docker("logs", self._identifier)

    def last_words(self) -> str:
        return _end(docker("logs", self._identifier, with_errors=True))


class Target(ABC):
    """Something that can be started."""

    @abstractmethod
    @contextmanager
    def started(self, environment: Mapping[str, str] = {}, options: tuple[str, ...] = ()) -> Iterator[Running]:
        """Start it; ended, whatever happens, when the block is left.

        Args:
            environment: further variables.
            options: further options of ``docker run``; ignored where there is no container.

        Raises:
            TargetError: it cannot be started.

        """

    @contextmanager
    def ready(self, environment: Mapping[str, str] = {}, options: tuple[str, ...] = ()) -> Iterator[Running]:
        """Start it as ``started`` does, and wait until /ping says 200.

        Raises:
            TargetError: it cannot be started, ends before, or takes longer than SageMaker waits.

        """
        with self.started(environment, options) as running:
            running.wait_until_ready()
            yield running


class CommandTarget(Target):
    """A command with ``serve`` appended.

    It is told its port by ``SAGEMAKER_BIND_TO_PORT``, as in an inference pipeline. A command with ``{port}`` in it gets
    the port there, and no ``serve``.
    """

    def __init__(self, command: str) -> None:
        self._command = command

    @property
    def names_its_port(self) -> bool:
        """Whether the command has a place for the port."""
        return "{port}" in self._command

    @contextmanager
    def started(self, environment: Mapping[str, str] = {}, options: tuple[str, ...] = ()) -> Iterator[Running]:  # noqa: ARG002
        """Start the process."""
        port = int(environment.get("SAGEMAKER_BIND_TO_PORT", free_port()))
        command = self._command.replace("{port}", str(port)) if self.names_its_port else f"{self._command} serve"
        variables = {"SAGEMAKER_BIND_TO_PORT": str(port)} | dict(environment)
        running = _Process(f"http://127.0.0.1:{port}", shlex.split(command), variables)
        try:
            yield running
        finally:
            running.close()


class ImageTarget(Target):
    """An image, started as SageMaker starts it: port 8080, the command ``serve``."""

    def __init__(self, image: str) -> None:
        self._image = image

    @contextmanager
    def started(self, environment: Mapping[str, str] = {}, options: tuple[str, ...] = ()) -> Iterator[Running]:
        """Start the container."""
        port = free_port()
        inside = environment.get("SAGEMAKER_BIND_TO_PORT", "8080")
        variables = [f"--env={name}={value}" for name, value in environment.items()]
        publish = f"--publish=127.0.0.1:{port}:{inside}"
        identifier = docker("run", "--detach", publish, *variables, *options, self._image, "serve").strip()
        try:
            yield _Container(f"http://127.0.0.1:{port}", identifier)
        finally:
            docker("rm", "--force", identifier)

    def configuration(self) -> dict[str, Any]:
        """Read what the image says of itself: ``Entrypoint``, ``User``, ``Labels`` and more."""
        configuration: dict[str, Any] = json.loads(docker("image", "inspect", self._image))[0]["Config"]
        return configuration

    def has_label(self, label: str) -> bool:
        """Whether the image says ``true`` to a capability."""
        return (self.configuration().get("Labels") or {}).get(label) == "true"


def docker(*arguments: str, timeout: float | None = None, with_errors: bool = False) -> str:
    """Run the docker client; gives its standard output, and its standard error if asked.

    Raises:
        TargetError: there is no docker client, or it refuses.
        subprocess.TimeoutExpired: it takes longer.

    """
    errors = subprocess.STDOUT if with_errors else subprocess.PIPE
    try:
        ended = subprocess.run(
            ["docker", *arguments], stdout=subprocess.PIPE, stderr=errors, text=True, timeout=timeout, check=True
        )
    except FileNotFoundError:
        raise TargetError("--image needs the docker client, and there is none on the PATH") from None
    except subprocess.CalledProcessError as error:
        raise TargetError(f"docker {arguments[0]} failed: {_end(error.stderr or error.output or '')}") from None
    return ended.stdout


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _read(file: Any) -> str:
    file.seek(0)
    content: str = file.read()
    return content


def _end(text: str) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines()[-3:]) or "(none)"
