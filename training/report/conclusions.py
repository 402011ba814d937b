"""How numbers become words; nothing here knows the outcome beforehand.

The rule for every comparison: two experiments are *separable* when the paired t-test over seeds, Holm-adjusted for
its family of comparisons (see ``comparisons.adjust``), has p below 0.05. Differences are in percentage points.
"""

from typing import Any

from training.report.rules import MARGIN, SIGNIFICANCE
from training.sentences import Sentence, joined, say

Row = dict[str, Any]


def separable(comparison: Row) -> bool:
    """Apply the rule; False where one seed leaves nothing to test."""
    return comparison["p_value_holm"] is not None and comparison["p_value_holm"] < SIGNIFICANCE


def equivalent(comparison: Row) -> bool:
    """Tell whether equivalence was asked of two experiments and found; see ``rules.toml``."""
    found = comparison["p_equivalent_holm"]
    return found is not None and found < SIGNIFICANCE and not separable(comparison)


def observation(row: Row, comparisons: list[Row], titles: dict[str, str]) -> str:
    """Say what was measured of one experiment against each it is compared with, and what was expected."""
    found = [
        say("{measured} against {other} on the test set", measured=measured(c), other=titles[c["b"]])
        for c in comparisons
        if c["a"] == row["name"] and c["metric"] == "test_accuracy"
    ]
    expected = say("Expected: {hypothesis}.", hypothesis=row["hypothesis"])
    return joined(" ", [expected, say("Measured: {results}.", results=joined("; ", found))]) if found else expected


def measured(comparison: Row) -> Sentence:
    """Word a paired difference: points, interval, corrected p."""
    points = comparison["difference"] * 100
    if comparison["ci95"] is None:
        return say("{points:+.2f} points (too few seeds to test)", points=points)
    low, high = (bound * 100 for bound in comparison["ci95"])
    said = [say("95 % CI {low:+.2f} to {high:+.2f}", low=low, high=high)]
    if comparison["p_value_holm"] is not None:
        said = [joined("; ", [*said, p_value(comparison["p_value_holm"])])]
    if equivalent(comparison):
        said.append(say("equivalent within {margin:.1f} points", margin=MARGIN * 100))
    elif not separable(comparison):
        said.append(say("not separable"))
        if comparison["detectable"] is not None:
            said.append(say("detectable from {points:.2f} points on", points=comparison["detectable"] * 100))
    return say("{points:+.2f} points ({uncertainty})", points=points, uncertainty=joined(", ", said))


def p_value(value: float) -> Sentence:
    """Word a p-value that was corrected for the number of comparisons."""
    return say("corrected p < 0.001") if value < 0.001 else say("corrected p = {p:.3f}", p=value)
