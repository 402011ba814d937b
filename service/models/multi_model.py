"""Multi-model mode: which models are loaded, shared by the worker processes.

A request to load a model reaches one worker, requests to that model reach all. So what is loaded is a folder with one
small JSON file a model, written atomically under a lock; each worker loads what it is asked for when it first is, and
drops what it was not asked for longest when its share of the memory is used up. Copies of one model in several workers
count once against the whole: the memory holds as many models as it would in one process.
"""

import asyncio
import json
import re
from collections import OrderedDict
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex

from service import file_lock
from service.arrays import Precision
from service.errors import AlreadyLoadedError, NotFoundError, NotReadyError, OutOfMemoryError, UnusableError, shortened
from service.models.bundle import Bundle, BundleError
from service.models.classifier import Models

NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,149}"
"""What a model may be called, as a regular expression."""

_PER_MODEL_BYTES = 4 * 1024 * 1024
"""An estimate of what an interpreter and its tensors take beside the weights."""


@dataclass(frozen=True)
class Registration:
    """A loaded model.

    Attributes:
        name: what requests call it.
        url: the folder it lies in.
        size: bytes of memory it takes in each worker.
        token: tells it from another one loaded later under the same name.

    """

    name: str
    url: str
    size: int
    token: str


@dataclass(frozen=True)
class _Copy:
    registration: Registration
    models: Models


def _size(bundle: Bundle) -> int:
    """Estimate the memory a bundle's models take in a worker, in bytes."""
    entries = bundle.manifest.models.values()
    files = [bundle.path(entry.litert or f"{entry.saved_model}/saved_model.pb") for entry in entries]
    return sum(file.stat().st_size + _PER_MODEL_BYTES for file in files)


def _reason(error: Exception) -> str:
    """Quote why a model cannot be served, without advice on settings that do not count in this mode."""
    return shortened(error.reason if isinstance(error, BundleError) else str(error), 500)


class ModelRegistry:
    """The loaded models, as all workers see them, and this worker's own copies."""

    def __init__(
        self, folder: Path, *, engine: str, memory: int, workers: int, precision: Precision = "float32"
    ) -> None:
        """Share ``folder`` with the other workers.

        Args:
            folder: must exist; holds a file for each loaded model.
            engine: ``litert`` or ``tensorflow``.
            precision: of the weights.
            memory: bytes for models, over all workers.
            workers: how many share it: each has copies of its own.

        """
        self._folder = folder
        self._engine, self._precision = engine, precision
        self._memory, self._share = memory, memory // workers
        self._copies: OrderedDict[str, _Copy] = OrderedDict()
        self._reading = asyncio.Lock()

    def names(self) -> list[str]:
        """List the loaded models, sorted."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def registrations(self, names: list[str]) -> list[Registration]:
        """Look several up; those unloaded meanwhile are left out."""
        found = []
        for name in names:
            with suppress(NotFoundError):
                found.append(self.registration(name))
        return found

    def registration(self, name: str) -> Registration:
        """Look a loaded model up.

        Raises:
            NotFoundError: it is not loaded.

        """
        try:
            return Registration(**json.loads(self._file(name).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise NotFoundError(f"no model {name!r} is loaded; POST /models loads one") from None

    def load(self, name: str, url: str) -> Registration:
        """Load the bundle or SavedModel in the folder ``url`` under a name.

        Raises:
            AlreadyLoadedError: the name is taken.
            OutOfMemoryError: with what is loaded already it would not fit into memory.
            UnusableError: the folder holds nothing that can be served.

        """
        if "://" in url:
            raise UnusableError(
                f"url is {shortened(url)}; give a folder on this machine, as SageMaker does after it has unpacked "
                "an archive"
            )
        with self._locked():
            if self._file(name).exists():
                raise AlreadyLoadedError(f"a model {name!r} is loaded already; DELETE /models/{name} unloads it")
            try:
                bundle = Bundle(Path(url))
                size = _size(bundle)
                self._require_memory(name, size)
                Models(bundle, self._engine, self._precision).load()
            except OutOfMemoryError:
                raise
            except Exception as error:  # junk in a model's file makes LiteRT and TensorFlow raise errors of many kinds
                raise UnusableError(f"the model in {shortened(url)} cannot be served: {_reason(error)}") from error
            registration = Registration(name, url, size, token_hex(8))
            temporary = self._file(name).with_suffix(".tmp")
            temporary.write_text(json.dumps(asdict(registration)), encoding="utf-8")
            temporary.replace(self._file(name))
        return registration

    def unload(self, name: str) -> None:
        """Unload a model; each worker drops its copy when it is next asked for any model.

        Raises:
            NotFoundError: it is not loaded.

        """
        with self._locked():
            self.registration(name)
            self._file(name).unlink()

    async def get(self, name: str) -> Models:
        """Give this worker's copy of a loaded model, which is read now if it is not there.

        Raises:
            NotFoundError: the model is not loaded, or was unloaded.

        """
        async with self._reading:  # two requests for one model read it once
            self._drop_unloaded()
            registration = self.registration(name)
            copy = self._copies.get(name)
            if copy is None or copy.registration != registration:
                models = await asyncio.to_thread(self._read, registration)
                self._copies[name] = copy = _Copy(registration, models)
            self._copies.move_to_end(name)
            self._drop_oldest()
            return copy.models

    def _read(self, registration: Registration) -> Models:
        try:
            models = Models(Bundle(Path(registration.url)), self._engine, self._precision)
            models.load()
        except Exception as error:  # it could be served when it was loaded
            raise NotReadyError(f"{registration.url} can no longer be served: {_reason(error)}") from error
        return models

    def _drop_unloaded(self) -> None:
        for name in [name for name in self._copies if not self._file(name).exists()]:
            del self._copies[name]

    def _drop_oldest(self) -> None:
        """Keep to this worker's share; requests that still use a dropped copy hold it until they are done."""
        while sum(copy.registration.size for copy in self._copies.values()) > self._share:
            self._copies.popitem(last=False)

    def _require_memory(self, name: str, size: int) -> None:
        free = self._memory - sum(other.size for other in self.registrations(self.names()))
        if size > min(free, self._share):
            raise OutOfMemoryError(
                f"model {name!r} takes {size:,} bytes; {max(0, free):,} of {self._memory:,} are free, and a worker's "
                f"share is {self._share:,}; unload another model, or start with a larger SERVICE_MODEL_MEMORY_MB"
            )

    def _file(self, name: str) -> Path:
        if not re.fullmatch(NAME, name):
            raise NotFoundError(f"no model {shortened(name)} is loaded; names are {NAME}")
        return self._folder / f"{name}.json"

    def _locked(self) -> AbstractContextManager[None]:
        return file_lock.exclusive(self._folder / "lock")
