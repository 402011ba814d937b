"""Sentences derived from the numbers by stated rules; nothing here knows the outcome beforehand.

The rule for every comparison: two experiments are *separable* when the paired t-test over seeds, Holm-adjusted for
all comparisons of the report, has p below 0.05. Differences are in percentage points of accuracy.
"""

from typing import Any

from training.statistics import holm

SIGNIFICANCE = 0.05

Row = dict[str, Any]


def separable(comparison: Row) -> bool:
    """Apply the rule; False where one seed leaves nothing to test."""
    return comparison["p_value_holm"] is not None and comparison["p_value_holm"] < SIGNIFICANCE


def best(rows: list[Row], comparisons: list[Row]) -> Row:
    """Choose the experiment to serve by default, on validation; the test set decides nothing.

    It is the cheapest, in multiply-adds, of those that are not separable from the highest mean validation accuracy.
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
    return min((row for row in rows if row is highest or row["name"] in tied), key=lambda row: row["multiply_adds"])


def observation(row: Row, comparisons: list[Row]) -> str:
    """Say what was measured of one experiment against each it is compared with, and what was expected."""
    measured = [
        f"{_measured(c)} against {c['b']} on the test set"
        for c in comparisons
        if c["a"] == row["name"] and c["metric"] == "test_accuracy"
    ]
    return f"Expected: {row['hypothesis']}." + (f" Measured: {'; '.join(measured)}." if measured else "")


def findings(rows: list[Row], comparisons: list[Row]) -> list[str]:
    """Derive the report's sentences on the first group: CNNs against dense network, kernel sizes, parameter counts."""
    rows = [row for row in rows if row["group"] == rows[0]["group"]]
    dense = [row for row in rows if row["kernel_size"] is None]
    convolutional = [row for row in rows if row["kernel_size"] is not None]
    by_pair = {(c["a"], c["b"]): c for c in comparisons if c["metric"] == "test_accuracy"}
    sentences = [
        _against_dense(a, b, by_pair) if b in dense else _kernel_sizes(a, b, by_pair)
        for a in convolutional
        for b in (*dense, *convolutional)
        if (a["name"], b["name"]) in by_pair
    ]
    sentences += [_parameters(cnn, reference) for reference in dense for cnn in convolutional]
    return sentences


def _against_dense(cnn: Row, dense: Row, by_pair: dict[tuple[str, str], Row]) -> str:
    comparison = by_pair[cnn["name"], dense["name"]]
    if comparison["p_value_holm"] is None:
        return f"{cnn['title']} against {dense['title']} on the test set: {_measured(comparison)}."
    if not separable(comparison):
        return f"{cnn['title']} and {dense['title']} are not separable on the test set: {_measured(comparison)}."
    verb = "beats" if comparison["difference"] > 0 else "loses to"
    return f"{cnn['title']} {verb} {dense['title']} on the test set: {_measured(comparison)}."


def _kernel_sizes(wide: Row, narrow: Row, by_pair: dict[tuple[str, str], Row]) -> str:
    comparison = by_pair[wide["name"], narrow["name"]]
    sizes = f"{wide['title']} against {narrow['title']} on the test set: {_measured(comparison)}"
    if comparison["p_value_holm"] is None:
        return f"{sizes}."
    if not separable(comparison):
        return f"{sizes}; the two kernel sizes are not separable."
    better = wide if comparison["difference"] > 0 else narrow
    return f"{sizes}; {better['title']} is better."


def _parameters(cnn: Row, dense: Row) -> str:
    order = "more" if cnn["parameters"] > dense["parameters"] else "fewer"
    return (
        f"{cnn['title']} has {order} parameters than {dense['title']} ({cnn['parameters']:,}, {dense['parameters']:,})."
    )


def _measured(comparison: Row) -> str:
    points = f"{comparison['difference'] * 100:+.2f} points"
    if comparison["ci95"] is None:
        return f"{points} (too few seeds to test)"
    low, high = (bound * 100 for bound in comparison["ci95"])
    p = comparison["p_value_holm"]
    p_text = "" if p is None else f"; p {'< 0.001' if p < 0.001 else f'= {p:.3f}'} after Holm's correction"
    return f"{points} (95 % CI {low:+.2f} to {high:+.2f}{p_text})"
