"""Which network answers where a request names none: chosen on validation and on people held out, never on a test."""

from typing import Any

from training.evaluation.statistics import holm
from training.report.conclusions import Row
from training.report.rules import SIGNIFICANCE


def choose(entries: dict[str, Any], content: dict[str, Any]) -> str:
    """Choose the network that answers where a request names none; nothing here was a test.

    Where photographs were measured, it is the one with the highest mean of two shares: right on the dataset's
    validation images, and right on the photographs of the people held out. Else see ``_cheapest_of_the_best``.
    """
    held_out = {name: parts["held_out"]["accuracy"] for name, parts in photographs_measured(entries).items()}
    if held_out.keys() == entries.keys():
        return max(held_out, key=lambda name: (held_out[name] + entries[name]["training"]["val_accuracy"]) / 2)
    rows = [row for row in content["experiments"] if row["name"] in entries]
    name: str = _cheapest_of_the_best(rows, content["comparisons"])["name"]
    return name


def _cheapest_of_the_best(rows: list[Row], comparisons: list[Row]) -> Row:
    """Choose an experiment on validation; the test set decides nothing.

    It is the cheapest, in multiply-adds, of those that are not separable from the highest mean validation accuracy;
    of equally cheap ones, the one with the higher mean.
    The comparisons of these experiments on validation are a family of their own for Holm's correction. Where too few
    seeds leave nothing to test, it is the highest itself.
    """
    names = {row["name"] for row in rows}
    family = [
        c
        for c in comparisons
        if c["metric"] == "val_accuracy" and {c["a"], c["b"]} <= names and c["p_value"] is not None
    ]
    highest = max(rows, key=lambda row: row["val_accuracy"]["mean"])
    tied = {
        name
        for c, p_value in zip(family, holm([c["p_value"] for c in family]), strict=True)
        if p_value >= SIGNIFICANCE and highest["name"] in (c["a"], c["b"])
        for name in (c["a"], c["b"])
    }
    return min(
        (row for row in rows if row is highest or row["name"] in tied),
        key=lambda row: (row["multiply_adds"], -row["val_accuracy"]["mean"]),
    )


def photographs_measured(entries: dict[str, Any]) -> dict[str, Any]:
    """What each served network does with photographs, by part, where it was measured."""
    of_all = {name: entry["training"].get("photographs") for name, entry in entries.items()}
    return {name: found for name, found in of_all.items() if found}
