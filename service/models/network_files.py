"""Each served network as one small file, with which the page runs it in the browser.

A file is, little-endian: the length of the header, uint32; the header, JSON in UTF-8; then, for each layer that has
them, its scales and its bias, float32 (outputs,), and its kernel, int16 in the header's shape, row by row. A weight is
its int16 × the scale of its output. Header and kernels are padded to a multiple of four bytes. Rounded so,
probabilities differ by less than 0.001; as float16, of the same size, they differed by 0.007.

The header is ``{"layers": [{"kind", "kernel": [shape], "relu", "size"}, …], "calibration": {"dataset", "photo"}}``:
layers as ``litert_layers.Layer`` has them, and what calibrates answers to pictures of either kind, as
``{"temperature", "bias"}``; nothing where nobody fitted any.
"""

import hashlib
import json
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from service.errors import NotFoundError, shortened
from service.models import litert_layers
from service.models.bundle import Bundle
from service.models.litert_layers import Layer, UnreadableLayersError
from service.models.manifest import ModelEntry

_DIGEST_CHARACTERS = 16


class NetworkFiles:
    """The files of one bundle's networks; they are made once, when first asked for."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self.layers = cache(self._read)

    def names(self) -> dict[str, str]:
        """Give the files' names by network, for those of which there can be one.

        A name holds a digest of the content, so that browsers may keep the file for good.
        """
        return {network: file_name for network, (file_name, _) in self._files.items()}

    def content(self, file_name: str) -> bytes:
        """Give a file's content by its name.

        Raises:
            NotFoundError: no network has such a file, or no longer.

        """
        contents = dict(self._files.values())
        if file_name not in contents:
            raise NotFoundError(f"no network's file is called {shortened(file_name)}; load the page again")
        return contents[file_name]

    @cached_property
    def _files(self) -> dict[str, tuple[str, bytes]]:
        """By network, its file's name and content."""
        files = {}
        for name, entry in self._bundle.manifest.models.items():
            if (layers := self.layers(name)) is not None:
                content = encode(layers, _calibration(entry))
                files[name] = f"{name}.{_digest(content)}.bin", content
        return files

    def _read(self, name: str) -> list[Layer] | None:
        """Read a network's layers; None where it is none that ``litert_layers`` reads."""
        litert = self._bundle.manifest.models[name].litert
        try:
            return None if litert is None else litert_layers.read(self._bundle.path(litert).read_bytes())
        except UnreadableLayersError:
            return None


def encode(layers: list[Layer], calibration: dict[str, Any]) -> bytes:
    """Write a network's file."""
    described = [
        {"kind": layer.kind, "kernel": [] if layer.kernel is None else layer.kernel.shape}
        | {"relu": layer.relu, "size": layer.size}
        for layer in layers
    ]
    header = json.dumps({"layers": described, "calibration": calibration}, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 4)
    weights = b"".join(
        _weights(layer.kernel, layer.bias) for layer in layers if layer.kernel is not None and layer.bias is not None
    )
    return len(header).to_bytes(4, "little") + header + weights


def _weights(kernel: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> bytes:
    largest = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)))
    scales = np.where(largest == 0, 1, largest / np.iinfo(np.int16).max).astype("<f4")
    levels: bytes = np.rint(kernel / scales).astype("<i2").tobytes()
    return b"".join((scales.tobytes(), bias.astype("<f4").tobytes(), levels, bytes(-len(levels) % 4)))


def _calibration(entry: ModelEntry) -> dict[str, Any]:
    of_kind = {"dataset": entry.assessment, "photo": entry.photo_assessment or entry.assessment}
    return {
        kind: {} if found is None else {"temperature": found.temperature, "bias": found.bias}
        for kind, found in of_kind.items()
    }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGEST_CHARACTERS]
