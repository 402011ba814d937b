"""The workshop's claims, each with the rule that decides it and the numbers it is decided by.

Nothing here knows the outcome. *Separable* is defined in ``conclusions``. A claim is *not tested* where an experiment
it needs is missing, or has too few seeds for a test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from training.report.comparisons import TOLERANCE
from training.report.conclusions import Row, measured, p_value, separable
from training.sentences import joined, say

SUPPORTED, NOT_SUPPORTED = "supported", "not supported"
NOT_SEPARABLE, NOT_TESTED = "not separable", "not tested"

INVARIANT = 0.02
"""Answers are called invariant when moving pictures by two pixels costs no more accuracy than this."""

TARGET = 0.85
"""The test accuracy whose price in training images is compared."""


@dataclass(frozen=True)
class _Claim:
    id: str
    claim: str
    rule: str
    figures: tuple[str, ...]
    decide: Callable[["_Evidence"], str]
    tell: Callable[["_Evidence"], list[str]]


class _Evidence:
    """Looks things up in a report; what is not there is None."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.rows: dict[str, Row] = {row["name"]: row for row in report["experiments"]}
        self._comparisons = {(c["a"], c["b"], c["metric"]): c for c in report["comparisons"]}
        self.mcnemar = report["mcnemar"]
        self.curve = report["learning_curve"]

    def compared(self, a: str, b: str, metric: str = "test_accuracy") -> Row | None:
        return self._comparisons.get((a, b, metric))

    def translation(self, name: str) -> Row | None:
        probes = self.rows[name]["probes"] if name in self.rows else None
        return probes["translation"] if probes else None

    def sentence(self, a: str, b: str) -> list[str]:
        """One sentence on a pair's test accuracy; none where they were not compared."""
        found = self.compared(a, b)
        if found is None:
            return []
        return [say("{a} against {b}, on the test set: {measured}.", **self._pair(a, b), measured=measured(found))]

    def _pair(self, a: str, b: str) -> dict[str, str]:
        return {"a": self.title(a), "b": self.title(b)}

    def title(self, name: str) -> str:
        title: str = self.rows[name]["title"]
        return title


def decide(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Apply each claim's rule to a report's numbers.

    Args:
        report: with ``experiments``, ``comparisons``, ``mcnemar`` and ``learning_curve``.

    Returns:
        For each claim ``id``, ``claim``, ``verdict``, ``rule``, ``evidence`` (sentences) and ``figures`` (their ids).

    """
    evidence = _Evidence(report)
    return [
        {
            "id": claim.id,
            "claim": claim.claim,
            "verdict": claim.decide(evidence),
            "rule": claim.rule,
            "evidence": claim.tell(evidence),
            "figures": list(claim.figures),
        }
        for claim in _CLAIMS
    ]


def _verdict(comparison: Row | None, *, higher: bool = True) -> str:
    """Decide by one comparison: supported when a is separably higher (or lower) than b."""
    if comparison is None or comparison["p_value_holm"] is None:
        return NOT_TESTED
    if not separable(comparison):
        return NOT_SEPARABLE
    return SUPPORTED if (comparison["difference"] > 0) is higher else NOT_SUPPORTED


def _beats_dense(e: _Evidence) -> str:
    verdicts = [_verdict(e.compared(cnn, "baseline")) for cnn in ("cnn_a", "cnn_b")]
    for verdict in (NOT_TESTED, NOT_SUPPORTED, NOT_SEPARABLE):
        if verdict in verdicts:
            return verdict
    return SUPPORTED


def _tell_beats_dense(e: _Evidence) -> list[str]:
    told = [*e.sentence("cnn_a", "baseline"), *e.sentence("cnn_b", "baseline")]
    for test in e.mcnemar:
        if test["b"] == "baseline":
            told.append(
                say(
                    "Of the served networks, only {a} is right on {a_right} test images and only {b} on {b_right} "
                    "(McNemar's exact test, {p_value}).",
                    a=e.title(test["a"]),
                    b=e.title("baseline"),
                    a_right=test["a_only_right"],
                    b_right=test["b_only_right"],
                    p_value=p_value(test["p_value_holm"]),
                )
            )
    return told


def _kernel_size(e: _Evidence) -> str:
    return _verdict(e.compared("cnn_b", "cnn_a"), higher=False)


def _tell_kernel_size(e: _Evidence) -> list[str]:
    pairs = (("cnn_b", "cnn_a"), ("cnn_5x5_same", "cnn_3x3_same"), ("cnn_5x5_matched", "cnn_a"), ("cnn_7x7", "cnn_a"))
    return [sentence for pair in pairs for sentence in e.sentence(*pair)]


def _structure(e: _Evidence) -> str:
    sanity = e.compared("baseline_permuted", "baseline")
    if sanity is None or not _unmoved(sanity):
        return NOT_TESTED
    return _verdict(e.compared("cnn_a_permuted", "cnn_a"), higher=False)


def _unmoved(sanity: Row) -> bool:
    return sanity["ci95"] is not None and bool(sanity["ci95"][0] <= 0 <= sanity["ci95"][1])


def _tell_structure(e: _Evidence) -> list[str]:
    told = e.sentence("cnn_a_permuted", "cnn_a")
    sanity = e.compared("baseline_permuted", "baseline")
    if sanity is not None:
        changed = say(
            "The dense network, to which all orders of the pixels are alike, changes by {measured}.",
            measured=measured(sanity),
        )
        expected = [say("No change was found, as expected.")] if _unmoved(sanity) else []
        told.append(joined(" ", [changed, *expected]))
    return [*told, *e.sentence("cnn_a_permuted", "baseline_permuted"), *e.sentence("cnn_1x1", "cnn_a")]


def _invariance(e: _Evidence) -> str:
    found = e.translation("cnn_a")
    if found is None:
        return NOT_TESTED
    return SUPPORTED if found["lost_at"]["2"]["mean"] <= INVARIANT else NOT_SUPPORTED


def _tell_invariance(e: _Evidence) -> list[str]:
    told: list[str] = []
    for name in ("cnn_a", "cnn_b", "baseline", "cnn_a_gap"):
        found = e.translation(name)
        if found is not None:
            one, two, four = (found["lost_at"][distance]["mean"] * 100 for distance in ("1", "2", "4"))
            told.append(
                say(
                    "{title}, over {seeds} seeds, loses {one:.1f} points when pictures move by one pixel, {two:.1f} by "
                    "two, {four:.1f} by four; moved up, down, left or right by one pixel, {changed:.1f} % of its "
                    "answers change.",
                    title=e.title(name),
                    seeds=e.rows[name]["probes"]["seeds"],
                    one=one,
                    two=two,
                    four=four,
                    changed=found["changed_at_1px"]["mean"] * 100,
                )
            )
    return told


def _tolerance(e: _Evidence) -> str:
    return _verdict(e.compared("cnn_a", "baseline", TOLERANCE), higher=False)


def _tell_tolerance(e: _Evidence) -> list[str]:
    told: list[str] = []
    for a, b in (("cnn_a", "baseline"), ("cnn_b", "baseline")):
        found = e.compared(a, b, TOLERANCE)
        if found is not None:
            told.append(
                say(
                    "Accuracy lost at 2 pixels, {a} against {b}, over {seeds} seeds: {measured}.",
                    a=e.title(a),
                    b=e.title(b),
                    seeds=found["seeds"],
                    measured=measured(found),
                )
            )
    return told


def _fewer_parameters(e: _Evidence) -> str:
    if not {"baseline", "cnn_a", "cnn_b"} <= e.rows.keys():
        return NOT_TESTED
    dense = e.rows["baseline"]["parameters"]
    return SUPPORTED if all(e.rows[cnn]["parameters"] < dense for cnn in ("cnn_a", "cnn_b")) else NOT_SUPPORTED


def _tell_fewer_parameters(e: _Evidence) -> list[str]:
    counts = [
        say(
            "{title} {parameters:,} ({convolutions:,} of them in its convolutions)"
            if row["kernel_size"]
            else "{title} {parameters:,}",
            title=row["title"],
            parameters=row["parameters"],
            convolutions=row["convolution_parameters"],
        )
        for row in (e.rows.get(name) for name in ("baseline", "cnn_a", "cnn_b"))
        if row is not None
    ]
    told: list[str] = [say("Trainable parameters: {counts}.", counts=joined("; ", counts))]
    smaller = e.rows.get("cnn_5x5_matched")
    if smaller is not None:
        told.append(
            say("{title} has {parameters:,} parameters.", title=smaller["title"], parameters=smaller["parameters"])
        )
    pairs = (("cnn_5x5_matched", "baseline"), ("dense_matched", "cnn_a"), ("dense_matched", "baseline"))
    return [*told, *(sentence for pair in pairs for sentence in e.sentence(*pair))]


def _less_data(e: _Evidence) -> str:
    if e.curve is None:
        return NOT_TESTED
    cnn, dense = (e.curve["images_for_85"][name] or inf for name in ("cnn_a", "baseline"))
    return SUPPORTED if cnn < dense else NOT_SUPPORTED


def _tell_less_data(e: _Evidence) -> list[str]:
    if e.curve is None:
        return []
    needed = [
        say("{title} needs about {images:,.0f}", title=e.title(name), images=round(images, -2))
        for name, images in e.curve["images_for_85"].items()
        if images is not None
    ]
    told: list[str] = []
    if needed:
        told.append(
            say(
                "Training images needed for {target:.0f} % test accuracy: {needed}.",
                target=TARGET * 100,
                needed=joined("; ", needed),
            )
        )
    for point in e.curve["cnn_a"]:
        found = e.compared(f"cnn_a_n{point['images']}", f"baseline_n{point['images']}")
        if found is not None:
            told.append(
                say(
                    "With {images:,} images, CNN A against the dense network: {measured}.",
                    images=point["images"],
                    measured=measured(found),
                )
            )
    return told


_CLAIMS = (
    _Claim(
        "convolution-beats-dense",
        "CNNs beat the dense baseline.",
        "Supported when CNN A and CNN B are both separably more accurate than the dense network on the test set; not "
        "supported when one is separably less accurate; otherwise not separable.",
        ("accuracy", "controls", "confusion"),
        _beats_dense,
        _tell_beats_dense,
    ),
    _Claim(
        "kernel-size",
        "3×3 kernels see finer detail; 5×5 kernels are slightly less precise.",
        "Supported when CNN B (5×5) is separably less accurate than CNN A (3×3) on the test set; not supported when it "
        "is separably more accurate; otherwise not separable. It decides on precision; what the kernels see was not "
        "tested. The further pairs change less along with the kernel: with same padding the "
        "feature maps keep their size, with 40 channels the arithmetic stays what it is.",
        ("kernels",),
        _kernel_size,
        _tell_kernel_size,
    ),
    _Claim(
        "spatial-structure",
        "They win through the spatial hierarchy that the dense network loses.",
        "One fixed permutation of the pixels takes the neighbourhoods away and leaves everything else. Supported when "
        "CNN A is separably less accurate on permuted pixels. If the dense network changed too (its interval excludes "
        "0), the test would be invalid and the verdict not tested. This is about neighbouring pixels; whether it takes "
        "a hierarchy of layers was not tested.",
        ("feature_maps",),
        _structure,
        _tell_structure,
    ),
    _Claim(
        "translation-invariance",
        "They win through translation invariance.",
        "Supported when moving 1,000 test pictures (100 a class) by two pixels costs CNN A no more than "
        f"{INVARIANT * 100:.0f} points of accuracy, on average over the places at that distance; not supported "
        "otherwise.",
        ("translation",),
        _invariance,
        _tell_invariance,
    ),
    _Claim(
        "translation-tolerance",
        "A weaker form: convolution bears small moves better than a dense network.",
        "Supported when CNN A separably loses less accuracy than the dense network where pictures are moved by two "
        "pixels; not supported when it loses separably more.",
        (),
        _tolerance,
        _tell_tolerance,
    ),
    _Claim(
        "fewer-parameters",
        "CNNs need fewer effective parameters.",
        "Supported when CNN A and CNN B both have fewer trainable parameters than the dense network; not supported "
        "otherwise. That is about these two: other CNNs may do with fewer. Whether parameters are what counts is shown "
        "by a dense network with as many as CNN A.",
        (),
        _fewer_parameters,
        _tell_fewer_parameters,
    ),
    _Claim(
        "less-data",
        "Beyond the workshop: convolution needs fewer training images.",
        f"Supported when CNN A reaches {TARGET * 100:.0f} % test accuracy with fewer training images than the dense "
        "network, interpolated between means on a logarithmic scale, without a test; not supported otherwise.",
        ("learning_curves",),
        _less_data,
        _tell_less_data,
    ),
)
