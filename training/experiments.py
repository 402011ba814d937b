"""The registry: an experiment is data, and its fingerprint says whether a recorded run is still a run of it."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace

from training.errors import TrainingError


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: Adam at a constant rate on shuffled mini-batches, for a fixed number of epochs.

    The weights of the last epoch count: picking the best epoch by validation accuracy would flatter that accuracy.
    """

    epochs: int = 12
    batch_size: int = 128
    learning_rate: float = 1e-3


@dataclass(frozen=True)
class Experiment:
    """One arm of the comparison.

    Attributes:
        name: what commands, files and the API call it.
        title: what people read.
        architecture: a key of ``architectures.ARCHITECTURES``.
        arguments: what that function is called with.
        hypothesis: what the workshop expects of it, shown beside what was measured.
        served: whether a release exports it.

    """

    name: str
    title: str
    architecture: str
    arguments: dict[str, int]
    hypothesis: str
    served: bool = True
    recipe: Recipe = field(default_factory=Recipe)

    @property
    def kernel_size(self) -> int | None:
        """Height and width of the convolution kernels in pixels; None where nothing is convolved."""
        return self.arguments.get("kernel_size")

    def fingerprint(self, seed: int) -> str:
        """Hash what decides a run's numbers, so that a changed experiment is run again and an unchanged one is not."""
        decisive = {
            "architecture": self.architecture,
            "arguments": self.arguments,
            "recipe": asdict(self.recipe),
            "seed": seed,
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            name="baseline",
            title="Baseline (dense)",
            architecture="dense",
            arguments={"units": 128},
            hypothesis="loses spatial structure",
        ),
        Experiment(
            name="cnn_a",
            title="CNN A (3×3)",
            architecture="cnn",
            arguments={"kernel_size": 3},
            hypothesis="better fine detail",
        ),
        Experiment(
            name="cnn_b",
            title="CNN B (5×5)",
            architecture="cnn",
            arguments={"kernel_size": 5},
            hypothesis="wider receptive field, slightly less precise",
        ),
    )
}
"""Every experiment, by name, in the order of the report."""


def select(names: list[str], *, epochs: int | None = None) -> list[Experiment]:
    """Look experiments up by name; no names means all.

    Args:
        names: keys of ``EXPERIMENTS``.
        epochs: trains for so many instead of the recipe's number.

    Raises:
        TrainingError: a name is not in the registry.

    """
    unknown = [name for name in names if name not in EXPERIMENTS]
    if unknown:
        raise TrainingError(f"no experiment is called {', '.join(unknown)}; there are: {', '.join(EXPERIMENTS)}")
    chosen = [EXPERIMENTS[name] for name in names or EXPERIMENTS]
    if epochs is None:
        return chosen
    return [replace(experiment, recipe=replace(experiment.recipe, epochs=epochs)) for experiment in chosen]
