"""The registry of experiments, in the order of the report."""

from collections.abc import Sequence
from dataclasses import replace

from training.errors import TrainingError
from training.experiments.causes import CAUSES
from training.experiments.experiment import Experiment, Recipe
from training.experiments.photograph_experiments import in_the_world
from training.sentences import say

REPLICATION, CONTROLS = "The workshop's three networks", "Controls"
PERMUTATION, DATA = "Pixels permuted", "Fewer training images"
RECIPE = "A better recipe"

_WORKSHOP = (
    Experiment(
        name="baseline",
        title="Baseline (dense)",
        group=REPLICATION,
        architecture="dense",
        arguments={"units": 128},
        hypothesis="loses spatial structure",
        seeds=15,
        served=True,
    ),
    Experiment(
        name="cnn_a",
        title="CNN A (3×3)",
        group=REPLICATION,
        architecture="cnn",
        arguments={"kernel_size": 3},
        hypothesis="better fine detail",
        against=("baseline",),
        seeds=15,
        served=True,
    ),
    Experiment(
        name="cnn_b",
        title="CNN B (5×5)",
        group=REPLICATION,
        architecture="cnn",
        arguments={"kernel_size": 5},
        hypothesis="wider receptive field, slightly less precise",
        against=("baseline", "cnn_a"),
        seeds=15,
        served=True,
    ),
)

_CONTROLS = (
    Experiment(
        name="dense_matched",
        title="Dense 154",
        group=CONTROLS,
        architecture="dense",
        arguments={"units": 154},
        hypothesis="as many parameters as CNN A: if parameters were what helps, it would come close",
        against=("baseline", "cnn_a"),
    ),
    Experiment(
        name="cnn_1x1",
        title="CNN 1×1",
        group=CONTROLS,
        architecture="cnn",
        arguments={"kernel_size": 1},
        hypothesis="convolution without spatial extent: what pooling and weight sharing alone give",
        against=("baseline", "cnn_a"),
    ),
    Experiment(
        name="cnn_7x7",
        title="CNN 7×7",
        group=CONTROLS,
        architecture="cnn",
        arguments={"kernel_size": 7},
        hypothesis="a still wider kernel, which leaves a smaller feature map",
        against=("cnn_a",),
    ),
    Experiment(
        name="cnn_3x3_same",
        title="CNN 3×3, same padding",
        group=CONTROLS,
        architecture="cnn",
        arguments={"kernel_size": 3, "padding": "same"},
        hypothesis="the kernel size without the change of feature map size, one of a pair",
        against=("cnn_a",),
        seeds=3,  # the two of this pair take two to four times as long as the others
    ),
    Experiment(
        name="cnn_5x5_same",
        title="CNN 5×5, same padding",
        group=CONTROLS,
        architecture="cnn",
        arguments={"kernel_size": 5, "padding": "same"},
        hypothesis="the other of the pair",
        against=("cnn_3x3_same",),
        seeds=3,
    ),
    Experiment(
        name="cnn_5x5_matched",
        title="CNN 5×5, 40 channels",
        group=CONTROLS,
        architecture="cnn",
        arguments={"kernel_size": 5, "channels": 40},
        hypothesis="CNN A's multiply-adds spent on wider kernels and fewer channels",
        against=("cnn_a", "baseline"),
    ),
    Experiment(
        name="cnn_a_gap",
        title="CNN A, global average pooling",
        group=CONTROLS,
        architecture="cnn",
        arguments={"kernel_size": 3, "head": "average"},
        hypothesis="a head that forgets positions: invariance from the head, not from convolution",
        against=("cnn_a",),
    ),
)

_PERMUTATION = (
    Experiment(
        name="baseline_permuted",
        title="Baseline, pixels permuted",
        group=PERMUTATION,
        architecture="dense",
        arguments={"units": 128},
        hypothesis="must not move: a dense network does not know which pixels are neighbours",
        against=("baseline",),
        permuted=True,
    ),
    Experiment(
        name="cnn_a_permuted",
        title="CNN A, pixels permuted",
        group=PERMUTATION,
        architecture="cnn",
        arguments={"kernel_size": 3},
        hypothesis="loses what it owes to neighbourhoods",
        against=("cnn_a", "baseline_permuted"),
        permuted=True,
    ),
)

# Fewer images need more epochs and smaller mini-batches to be fitted at all.
_BY_SIZE = {
    100: Recipe(epochs=100, batch_size=32),
    300: Recipe(epochs=80, batch_size=32),
    1_000: Recipe(epochs=60, batch_size=32),
    3_000: Recipe(epochs=40, batch_size=32),
    10_000: Recipe(epochs=25),
    30_000: Recipe(epochs=16),
}


def _with_fewer_images(experiment: Experiment, size: int, recipe: Recipe) -> Experiment:
    return replace(
        experiment.trained_otherwise(
            f"{experiment.name}_n{size}",
            say("{title}, {size:,} images", title=experiment.title, size=size),
            DATA,
            "how much data its assumptions are worth",
            recipe,
        ),
        against=() if experiment.name == "baseline" else (f"baseline_n{size}",),
        seeds=5,
        train_size=size,
    )


_DATA = tuple(
    _with_fewer_images(experiment, size, recipe) for size, recipe in _BY_SIZE.items() for experiment in _WORKSHOP[:2]
)

_ONE_CYCLE = Recipe(
    epochs=50,
    optimizer="sgd",
    learning_rate=0.1,
    cosine=True,
    warmup_share=0.2,
    weight_decay=5e-3,  # times the rate; as 5e-4 in a gradient to which momentum adds ninefold
    batch_normalisation=True,
    bfloat16=True,
    dropout=0.2,
    jittered=True,
)

_BETTER = (
    Experiment(
        name="teacher",
        title="Teacher",
        group=RECIPE,
        architecture="deep",
        arguments={"channels": 48},
        hypothesis="a larger network, for the next one to learn from; never served",
        against=(),
        seeds=1,
        recipe=Recipe(epochs=18, learning_rate=3e-3, cosine=True, weight_decay=1e-3, copies=18),
        probed=False,
        spared_seeds=3,
    ),
    Experiment(
        name="cnn_a_taught",
        title="CNN A, taught",
        group=RECIPE,
        architecture="cnn",
        arguments={"kernel_size": 3},
        hypothesis="CNN A unchanged, taught by the teacher on varied copies of the images",
        against=("cnn_a",),
        seeds=3,
        recipe=Recipe(
            epochs=31,  # odd: the last one, at the lowest rate, is of the mirrored images, not of moved ones
            learning_rate=2e-3,
            cosine=True,
            copies=9,
            interleaved=True,
            redrawn=True,
            teacher="teacher",
        ),
    ),
    Experiment(
        name="cnn_a_tuned",
        title="CNN A, tuned",
        group=RECIPE,
        architecture="cnn",
        arguments={"kernel_size": 3},
        hypothesis="CNN A unchanged: without a teacher, views mixed within each batch, normalised, for longer",
        against=("cnn_a",),
        seeds=2,
        served=True,
        recipe=_ONE_CYCLE,
    ),
    _WORKSHOP[0].trained_otherwise(
        "baseline_tuned", "Baseline, tuned", RECIPE, "the dense network by the same recipe", _ONE_CYCLE
    ),
    _WORKSHOP[2].trained_otherwise("cnn_b_tuned", "CNN B, tuned", RECIPE, "CNN B by the same recipe", _ONE_CYCLE),
)

_WORLD = in_the_world(_WORKSHOP, _ONE_CYCLE)

EXPERIMENTS = {e.name: e for e in (*_WORKSHOP, *_CONTROLS, *_PERMUTATION, *CAUSES, *_DATA, *_BETTER, *_WORLD)}
"""Every experiment, by name."""


def for_serving(experiments: Sequence[Experiment]) -> list[Experiment]:
    """Pick the experiments that a release exports.

    Raises:
        TrainingError: there is none.

    """
    served = [experiment for experiment in experiments if experiment.served]
    if not served:
        raise TrainingError("none of these experiments is for serving; add baseline, cnn_a, cnn_b or cnn_a_tuned")
    return served


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
