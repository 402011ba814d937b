"""Which network answers by default."""

from pathlib import Path
from typing import Any

import pytest

from tests.training.report.test_report import HIGH, LOW, SIMILAR, build
from training.data.fashion_mnist import FashionMNIST
from training.release.default_model import choose


def entry(validation: float, held_out: float) -> dict[str, Any]:
    return {"training": {"val_accuracy": validation, "photographs": {"held_out": {"accuracy": held_out}}}}


def test_photographs_count_as_much_as_the_dataset() -> None:
    assert choose({"clean": entry(0.94, 0.20), "worldly": entry(0.92, 0.70)}, {}) == "worldly"
    assert choose({"clean": entry(0.94, 0.69), "worldly": entry(0.80, 0.70)}, {}) == "clean"


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [
        ({"baseline": LOW, "cnn_a": HIGH, "cnn_b": SIMILAR}, "cnn_a"),  # tied at the top: the cheaper
        ({"baseline": LOW, "cnn_a": HIGH, "cnn_b": [v + 0.02 for v in HIGH]}, "cnn_b"),
        ({"baseline": [v + 0.1 for v in LOW], "cnn_a": HIGH, "cnn_b": SIMILAR}, "baseline"),
        ({"baseline": [0.88], "cnn_a": [0.91], "cnn_b": [0.92]}, "cnn_b"),
        ({"baseline": [0.88]}, "baseline"),
    ],
)
def test_without_photographs_it_is_the_cheapest_of_the_best(
    tmp_path: Path, tiny: FashionMNIST, accuracies: dict[str, list[float]], expected: str
) -> None:
    content = build(tmp_path, tiny, **accuracies)
    for row, cost in zip(content["experiments"], (1, 20, 30), strict=False):
        row["multiply_adds"] = cost
    assert choose({name: {"training": {}} for name in accuracies}, content) == expected
