"""Experiments with photographs beside the dataset, and what each part of their recipe gains."""

from collections.abc import Sequence
from dataclasses import replace

from training.experiments.experiment import Experiment, Recipe
from training.sentences import say

PHOTOGRAPHS = "In the world: photographs"
ABLATION = "In the world: what each part gains"


def in_the_world(workshop: Sequence[Experiment], recipe: Recipe) -> tuple[Experiment, ...]:
    """Give the workshop's three networks, trained with photographs, and an ablation of CNN A's training.

    Args:
        workshop: the dense network, CNN A and CNN B.
        recipe: as for the dataset alone.

    """
    shown = replace(recipe, epochs=28, photographs=4)

    def with_photographs(experiment: Experiment, hypothesis: str) -> Experiment:
        title = say("{title}, photographs", title=experiment.title.split(" (")[0])
        return experiment.trained_otherwise(f"{experiment.name}_photos", title, PHOTOGRAPHS, hypothesis, shown)

    dense, cnn_a, cnn_b = workshop
    cnn_a = with_photographs(cnn_a, "CNN A unchanged, having seen photographs")
    return (
        replace(with_photographs(dense, "whether the world's variety helps a dense network as much"), seeds=3),
        replace(cnn_a, against=("cnn_a", "baseline_photos"), seeds=3, served=True, probed=True),
        replace(with_photographs(cnn_b, "whether wider kernels suit photographs"), against=("cnn_a_photos",)),
        *_ablation(cnn_a),
    )


def _ablation(experiment: Experiment) -> tuple[Experiment, ...]:
    """Train half as long, so that all arms can be had, and change one part in each arm but the first."""
    half = replace(experiment.recipe, epochs=experiment.recipe.epochs // 2)
    parts = (
        ("half", "CNN A, photographs, half as long", "what the others are compared with", half),
        (
            "one_copy",
            "One copy of each photograph",
            "fewer copies: the dataset outweighs the photographs",
            replace(half, photographs=1),
        ),
        (
            "brightness",
            "Brightness alone",
            "the plainest conversion: no colour's distance from the border's",
            replace(half, mixtures=(1.0,)),
        ),
        (
            "distance",
            "Colour distance alone",
            "without brightness: the colour's distance from the border's alone",
            replace(half, mixtures=(0.0,)),
        ),
        (
            "unmoved",
            "Dataset images as they are",
            "neither mirrored nor moved: what mixing views within each batch gains",
            replace(half, jittered=False),
        ),
        (
            "unnormalised",
            "No batch normalisation",
            "at a fifth of the rate, which is as much as it bears",
            replace(half, batch_normalisation=False, learning_rate=half.learning_rate / 5),
        ),
    )
    return tuple(
        experiment.trained_otherwise(f"{experiment.name}_{name}", title, ABLATION, hypothesis, recipe)
        for name, title, hypothesis, recipe in parts
    )
