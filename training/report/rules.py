"""The rules of the report, as ``rules.toml`` states them: which comparisons decide claims, and when they do."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

COMMIT = "6de999e580d3"
"""The commit that brought ``rules.toml``, before any run it names as new."""

CONTROL_REPEATED = {"date": "2026-11-27", "commit": "f5616fa488b4"}
"""When the dense network on visible pixels got 15 seeds in place of 5, before any of the ten more was run."""

Pair = tuple[str, str, str]
"""Experiments a and b, and the metric whose difference a - b is tested."""


@dataclass(frozen=True)
class Rule:
    """One claim and what decides it.

    Attributes:
        id: names the claim.
        claim: in words.
        rule: in words.
        comparisons: those of the primary family that it uses.
        equivalence: those for which equivalence is asked.

    """

    id: str
    claim: str
    rule: str
    comparisons: tuple[Pair, ...]
    equivalence: tuple[Pair, ...] = ()


_TEXT = tomllib.loads(Path(__file__).with_name("rules.toml").read_text(encoding="utf-8"))
_STATISTICS = _TEXT["statistics"]

DATE: str = _TEXT["date"].isoformat()
SIGNIFICANCE: float = _STATISTICS["significance"]
MIN_PAIRS: int = _STATISTICS["min_pairs"]
MARGIN: float = _STATISTICS["equivalence"]
"""Networks whose accuracies differ by less than this share are called equivalent."""

POWER: float = _STATISTICS["power"]

RULES: dict[str, Rule] = {
    found["id"]: Rule(
        found["id"],
        found["claim"],
        found["rule"],
        *(tuple((a, b, metric) for a, b, metric in found.get(key, [])) for key in ("comparisons", "equivalence")),
    )
    for found in _TEXT["claim"]
}
"""Every claim's rule, by id, in the order of the report."""

PRIMARY: tuple[Pair, ...] = tuple(dict.fromkeys(pair for rule in RULES.values() for pair in rule.comparisons))
EQUIVALENCE: tuple[Pair, ...] = tuple(dict.fromkeys(pair for rule in RULES.values() for pair in rule.equivalence))
