"""What claims look up in a report, and the sentences on it that several claims share."""

from typing import Any

from training.report.comparisons import TOLERANCE
from training.report.conclusions import Row, equivalent, measured, separable
from training.sentences import say

SUPPORTED, NOT_SUPPORTED = "supported", "not supported"
EQUIVALENT, NOT_SEPARABLE, NOT_TESTED = "equivalent", "not separable", "not tested"


class Evidence:
    """Looks things up in a report; what is not there is None."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.rows: dict[str, Row] = {row["name"]: row for row in report["experiments"]}
        self._comparisons = {(c["a"], c["b"], c["metric"]): c for c in report["comparisons"]}
        self.mcnemar = report["mcnemar"]
        self.curve = report["learning_curve"]
        self.fair: str | None = report["fair"]

    def compared(self, a: str, b: str, metric: str = "test_accuracy") -> Row | None:
        """The comparison of a and b."""
        return self._comparisons.get((a, b, metric))

    def examined(self, name: str) -> Row | None:
        """What examinations of an experiment's networks found, where there are enough seeds for an interval."""
        found: Row | None = self.rows[name]["examined"] if name in self.rows else None
        return found if found and found["seeds"] > 1 else None

    def accuracy(self, name: str) -> float | None:
        """Mean test accuracy in percent."""
        return float(self.rows[name]["test_accuracy"]["mean"]) * 100 if name in self.rows else None

    def lost(self, name: str) -> float | None:
        """Mean points of accuracy that moving pictures by two pixels costs."""
        found = self.rows[name]["measured"].get(TOLERANCE) if name in self.rows else None
        return float(found["mean"]) * 100 if found else None

    def lost_uncut(self, name: str) -> float | None:
        """Mean points of accuracy that moving by two pixels costs, for garments so small that nothing is cut off."""
        found = self.examined(name)
        return float(found["lost"]["shrunk"]["2"]["mean"]) * 100 if found else None

    def title(self, name: str) -> str:
        """What people read."""
        title: str = self.rows[name]["title"]
        return title

    def sentences(self, *pairs: tuple[str, str]) -> list[str]:
        """One sentence on each pair's test accuracy; none where they were not compared."""
        return [
            say("{a} against {b}, on the test set: {measured}.", a=self.title(a), b=self.title(b), measured=measured(c))
            for a, b in pairs
            if (c := self.compared(a, b))
        ]

    def moved(self, *pairs: tuple[str, str]) -> list[str]:
        """One sentence on what moving by two pixels costs each pair; none where that was not compared."""
        return [
            say(
                "Accuracy lost at 2 pixels, {a} against {b}, over {seeds} seeds: {measured}.",
                a=self.title(a),
                b=self.title(b),
                seeds=c["seeds"],
                measured=measured(c),
            )
            for a, b in pairs
            if (c := self.compared(a, b, TOLERANCE))
        ]


def verdict(comparison: Row | None, *, higher: bool = True) -> str:
    """Decide by one comparison.

    Supported when a is separably higher (or lower) than b, not supported when it is the other way round; else
    equivalent where that was asked and found.
    """
    if comparison is None or comparison["p_value_holm"] is None:
        return NOT_TESTED
    if separable(comparison):
        return SUPPORTED if (comparison["difference"] > 0) is higher else NOT_SUPPORTED
    return EQUIVALENT if equivalent(comparison) else NOT_SEPARABLE
