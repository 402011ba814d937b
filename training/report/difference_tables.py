"""The paired differences as Markdown, a table a family."""

from typing import Any

from training.sentences import MINUS

_METRICS = {
    "val_accuracy": "validation accuracy",
    "test_accuracy": "test accuracy",
    "lost_at_2px": "accuracy lost at 2 pixels",
    "lost_to_blur": "accuracy lost to blur",
}

_STATISTICS = (
    "Primary comparisons decide claims; exploratory ones decide nothing. Each family is corrected by itself (Holm). "
    "p: paired t-test over seeds. Equivalence: two one-sided t-tests against half a point, where it was asked. "
    "Detectable: the difference in points that the uncorrected t-test would find in 80 % of the cases, given the "
    "spread of these seeds. The last column is the interval when seeds and test images are both drawn anew "
    "(bootstrap). Fewer than five shared seeds are not tested."
)


def tables(report: dict[str, Any]) -> list[str]:
    """Write the section on paired differences."""
    lines = ["## Paired differences", "", _STATISTICS, ""]
    for family in ("primary", "exploratory", "validation"):
        of_family = [c for c in report["comparisons"] if c["family"] == family]
        if of_family:
            lines += [
                f"### {family.capitalize()}",
                "",
                "| a − b | of | Seeds | Points (95 % CI over seeds) | p | p (Holm) | p (equivalence, Holm) | "
                "Detectable | 95 % CI, seeds and images |",
                "| --- | --- | ---: | --- | --- | --- | --- | ---: | --- |",
                *(_comparison(c) for c in of_family),
                "",
            ]
    if report["mcnemar"]:
        lines += [
            "McNemar's exact test on the served networks (exploratory):",
            "",
            "| a | b | only a is right | only b is right | p | p (Holm) |",
            "| --- | --- | ---: | ---: | --- | --- |",
            *(
                f"| {m['a']} | {m['b']} | {m['a_only_right']} | {m['b_only_right']} | {m['p_value']:.2g} | "
                f"{m['p_value_holm']:.2g} |"
                for m in report["mcnemar"]
            ),
            "",
        ]
    return lines


def _comparison(c: dict[str, Any]) -> str:
    p_values = ("–" if p is None else f"{p:.2g}" for p in (c["p_value"], c["p_value_holm"], c["p_equivalent_holm"]))
    detectable = "–" if c["detectable"] is None else f"{c['detectable'] * 100:.2f}"
    return (
        f"| {c['a']} − {c['b']} | {_METRICS[c['metric']]} | {c['seeds']} | {_points(c['difference'])} "
        f"{_interval(c['ci95'])} | {' | '.join(p_values)} | {detectable} | {_interval(c['combined_ci95'])} |"
    )


def _interval(interval: list[float] | None) -> str:
    return "–" if interval is None else f"({_points(interval[0])} to {_points(interval[1])})"


def _points(share: float) -> str:
    return f"{share * 100:+.2f}".replace("-", MINUS)
