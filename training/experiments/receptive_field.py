"""What of the picture reaches a network: arithmetic over its layers, checked against the networks by a test."""

from dataclasses import dataclass

from training.experiments.registry import EXPERIMENTS

SIZE = 28


@dataclass(frozen=True)
class ReceptiveField:
    """What a network sees.

    Attributes:
        size: of one unit in front of the head, in pixels: height, and width alike.
        rows: how many rows, from the top, and columns, from the left, reach the network at all.

    """

    size: int
    rows: int


def receptive_field(name: str) -> ReceptiveField:
    """Compute it for an experiment: each layer widens the field by its reach times the steps taken before it."""
    experiment = EXPERIMENTS[name]
    if experiment.kernel_size is None:
        return ReceptiveField(SIZE, SIZE)
    layers = [layer for layer in experiment.layers if layer.startswith(("Conv2D", "MaxPool"))]
    field = step = 1
    maps = [SIZE]
    for layer in layers:
        size = _size(layer)
        field += (size - 1) * step
        step *= size if layer.startswith("MaxPool") else 1
        maps.append(_out(layer, maps[-1]))
    seen = maps[-1]
    for layer, before in zip(reversed(layers), reversed(maps[:-1]), strict=True):
        size = _size(layer)
        reach = seen * size if layer.startswith("MaxPool") else seen + (size - 1 if "same padding" not in layer else 0)
        seen = min(reach, before)
    return ReceptiveField(field, seen)


def _size(layer: str) -> int:
    """Read a kernel's or a pool's size out of a layer's words."""
    return int(layer.partition("×")[0].rpartition(" ")[2])


def _out(layer: str, before: int) -> int:
    size = _size(layer)
    if layer.startswith("MaxPool"):
        return -(-before // size) if "drops nothing" in layer else before // size
    return before if "same padding" in layer else before - size + 1
