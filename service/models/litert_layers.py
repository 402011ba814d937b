"""A LiteRT file's layers with their weights, for whoever runs the network without LiteRT.

The file is a FlatBuffer (https://flatbuffers.dev/internals): tables that point to each other by offsets, whose fields
have the slots that LiteRT's schema gives them (``tensorflow/compiler/mlir/lite/schema/schema.fbs``). LiteRT's own
reader of that schema takes half a second and 47 MB to import, so the few fields that are needed are read here.
"""

from dataclasses import dataclass
from struct import unpack_from
from typing import Literal

import numpy as np
import numpy.typing as npt

_Weights = npt.NDArray[np.float32]

# Operators, of the schema's enumeration BuiltinOperator.
_CONVOLUTION, _DENSE, _MAX_POOLING, _RESHAPE, _SOFTMAX = 3, 9, 17, 22, 25
# SHAPE, STRIDED_SLICE and PACK only work out what RESHAPE makes of a batch.
_OF_SHAPES = frozenset([77, 45, 83])
_VALID, _RELU, _FLOAT32 = 1, 1, 0


class UnreadableLayersError(Exception):
    """The file holds an operator, or an option of one, that is not read here."""


@dataclass(frozen=True)
class Layer:
    """One layer of a network that is a chain.

    Attributes:
        kind: ``convolution`` (stride 1, without padding), ``max_pooling`` or ``dense``.
        kernel: float32 (height, width, inputs, outputs) of a convolution, (inputs, outputs) of a dense layer, which
            takes feature maps flattened from (height, width, channels); None of pooling.
        bias: float32 (outputs,); None of pooling.
        relu: whether a ReLU follows.
        size: edge of pooling's window, and its stride; 0 of the others.

    """

    kind: Literal["convolution", "max_pooling", "dense"]
    kernel: _Weights | None = None
    bias: _Weights | None = None
    relu: bool = False
    size: int = 0


@dataclass(frozen=True)
class _Table:
    """A table of the FlatBuffer at a position."""

    data: bytes
    at: int

    def _field(self, slot: int) -> int:
        """Where a field is; 0 where it has its default."""
        entry = 4 + 2 * slot
        fields = self.at - unpack_from("<i", self.data, self.at)[0]
        offset = unpack_from("<H", self.data, fields + entry)[0] if entry < self._size(fields) else 0
        return self.at + offset if offset else 0

    def _size(self, fields: int) -> int:
        size: int = unpack_from("<H", self.data, fields)[0]
        return size

    def number(self, slot: int, kind: str = "b") -> int:
        """Read an integer of a ``struct`` format."""
        at = self._field(slot)
        value: int = unpack_from(f"<{kind}", self.data, at)[0] if at else 0
        return value

    def table(self, slot: int) -> "_Table":
        """Follow a field to another table."""
        return self._pointed(self._field(slot))

    def tables(self, slot: int) -> list["_Table"]:
        """Follow a field to a vector of tables."""
        start, length = self._vector(slot)
        return [self._pointed(start + 4 * index) for index in range(length)]

    def numbers(self, slot: int) -> list[int]:
        """Read a vector of int32."""
        start, length = self._vector(slot)
        return list(unpack_from(f"<{length}i", self.data, start))

    def bytes(self, slot: int) -> bytes:
        """Read a vector of bytes."""
        start, length = self._vector(slot)
        return self.data[start : start + length]

    def _vector(self, slot: int) -> tuple[int, int]:
        at = self._field(slot)
        if not at:
            return 0, 0
        start = at + unpack_from("<I", self.data, at)[0]
        return start + 4, unpack_from("<I", self.data, start)[0]

    def _pointed(self, at: int) -> "_Table":
        return _Table(self.data, at + unpack_from("<I", self.data, at)[0])


def read(content: bytes) -> list[Layer]:
    """Read the layers in the order that a picture goes through them; a softmax follows the last.

    Raises:
        UnreadableLayersError: the network is not a chain of the layers that ``Layer`` knows, in float32, with a softmax
            at its end.

    """
    model = _Table(content, unpack_from("<I", content, 0)[0])
    graph, buffers = model.tables(2)[0], model.tables(4)
    tensors = graph.tables(0)
    codes = [max(code.number(0), code.number(3, "i")) for code in model.tables(1)]

    def weights(index: int) -> _Weights:
        tensor = tensors[index]
        data = buffers[tensor.number(2, "I")].bytes(0)
        if tensor.number(1) != _FLOAT32 or not data:
            raise UnreadableLayersError(f"tensor {index} does not hold float32 weights")
        return np.frombuffer(data, "<f4").reshape(tensor.numbers(0))

    layers: list[Layer] = []
    (flowing,) = graph.numbers(1)
    code = 0
    for operator in graph.tables(3):
        code = codes[operator.number(0, "I")]
        if code in _OF_SHAPES:
            continue
        inputs, options = operator.numbers(1), operator.table(4) if code != _RESHAPE else None
        if inputs[0] != flowing:
            raise UnreadableLayersError("the network is not a chain")
        (flowing,) = operator.numbers(2)
        if options is not None and code != _SOFTMAX:
            layers.append(_layer(code, options, [weights(index) for index in inputs[1:]]))
    if code != _SOFTMAX:
        raise UnreadableLayersError("the network does not end with a softmax")
    return layers


def _layer(code: int, options: _Table, weights: list[_Weights]) -> Layer:
    if code == _CONVOLUTION and (options.number(0), options.number(1, "i"), options.number(2, "i")) == (_VALID, 1, 1):
        kernel, bias = weights
        return Layer("convolution", kernel.transpose(1, 2, 3, 0), bias, options.number(3) == _RELU)
    if code == _MAX_POOLING and options.number(0) == _VALID:
        size, *others = (options.number(slot, "i") for slot in (1, 2, 3, 4))
        if others == [size] * 3:
            return Layer("max_pooling", size=size)
    if code == _DENSE:
        kernel, bias = weights
        return Layer("dense", kernel.T, bias, options.number(0) == _RELU)
    raise UnreadableLayersError(f"operator {code} with its options is not read here")
