"""The claims: how each one's rule is applied, and what is said of it.

The rules themselves, in words, are in ``rules.toml``. Nothing here knows the outcome. A claim is *not tested* where an
experiment that it needs is missing, or has too few seeds for a test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from training.report import evidence_wording
from training.report.comparisons import BLUR, TOLERANCE
from training.report.conclusions import Row, equivalent
from training.report.evidence import (
    EQUIVALENT,
    NOT_SEPARABLE,
    NOT_SUPPORTED,
    NOT_TESTED,
    SUPPORTED,
    Evidence,
    verdict,
)
from training.report.rules import RULES
from training.report.verdict_wording import PLAIN, UNTESTED
from training.sentences import say

NOTHING_KNOWN = say("Not tested: the training runs that this takes are not all there.")

INVARIANT = 0.02
"""Answers are called invariant when moving pictures by two pixels costs no more accuracy than this."""


@dataclass(frozen=True)
class _Claim:
    id: str
    figures: tuple[str, ...]  # the first is shown with the verdict, the others with the details
    decide: Callable[[Evidence], str]
    tell: Callable[[Evidence], list[str]]


def decide(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Apply each claim's rule to a report's numbers.

    Args:
        report: with ``experiments``, ``comparisons``, ``mcnemar``, ``learning_curve`` and ``fair``.

    Returns:
        For each claim ``id``, ``claim``, ``verdict``, ``sentence`` (the verdict in plain words), ``figure`` (the id of
        the one to show with it; None where it has none), and as details ``rule``, ``evidence`` (sentences) and
        ``figures`` (ids, that one first).

    """
    evidence = Evidence(report)
    found = []
    for claim in CLAIMS:
        word = claim.decide(evidence)
        found.append(
            {
                "id": claim.id,
                "claim": RULES[claim.id].claim,
                "verdict": word,
                "sentence": _sentence(claim.id, word, evidence),
                "figure": claim.figures[0] if claim.figures else None,
                "rule": RULES[claim.id].rule,
                "evidence": claim.tell(evidence),
                "figures": list(claim.figures),
            }
        )
    return found


def _sentence(claim: str, word: str, e: Evidence) -> str:
    if word == NOT_TESTED:
        known = UNTESTED[claim](e) if claim in UNTESTED else None
        return known or NOTHING_KNOWN
    plain = PLAIN[claim].get(word)
    if plain is None:
        return say("The networks differ too little, or were repeated too rarely, to tell their difference from chance.")
    return plain(e)


def _beats_dense(e: Evidence) -> str:
    verdicts = [verdict(e.compared(cnn, "baseline")) for cnn in ("cnn_a", "cnn_b")]
    for word in (NOT_TESTED, NOT_SUPPORTED, NOT_SEPARABLE):
        if word in verdicts:
            return word
    return SUPPORTED


def _fair_training(e: Evidence) -> str:
    return verdict(e.compared("cnn_a", e.fair)) if e.fair else NOT_TESTED


def _structure(e: Evidence) -> str:
    sanity = e.compared("baseline_permuted_visible", "baseline_visible")
    if sanity is None or not equivalent(sanity):
        return NOT_TESTED
    return verdict(e.compared("cnn_a_permuted_visible", "cnn_a"), higher=False)


def _invariance(e: Evidence) -> str:
    found = e.examined("cnn_a")
    if found is None:
        return NOT_TESTED
    low, high = found["lost"]["shrunk"]["2"]["ci95"]
    if high < INVARIANT:
        return SUPPORTED
    return NOT_SUPPORTED if low > INVARIANT else NOT_SEPARABLE


def _fewer_parameters(e: Evidence) -> str:
    word = verdict(e.compared("cnn_half", "baseline"))
    return SUPPORTED if word == EQUIVALENT else word


def _less_data(e: Evidence) -> str:
    found: Row | None = e.curve["comparison"] if e.curve else None
    return verdict(found, higher=False)


CLAIMS = (
    _Claim(
        "convolution-beats-dense", ("accuracy", "controls", "confusion"), _beats_dense, evidence_wording.beats_dense
    ),
    _Claim("fair-training", (), _fair_training, evidence_wording.fair_training),
    _Claim(
        "kernel-size",
        ("sight", "differences"),
        lambda e: verdict(e.compared("cnn_b_visible", "cnn_a"), higher=False),
        evidence_wording.kernel_size,
    ),
    _Claim(
        "finer-detail",
        ("kernels",),
        lambda e: verdict(e.compared("cnn_b", "cnn_a", BLUR), higher=False),
        evidence_wording.finer_detail,
    ),
    _Claim("spatial-structure", ("permuted",), _structure, evidence_wording.structure),
    _Claim(
        "hierarchy", ("feature_maps",), lambda e: verdict(e.compared("cnn_a", "cnn_one")), evidence_wording.hierarchy
    ),
    _Claim("translation-invariance", ("moved", "translation"), _invariance, evidence_wording.invariance),
    _Claim(
        "translation-tolerance",
        ("translation",),
        lambda e: verdict(e.compared("cnn_a", "baseline", TOLERANCE), higher=False),
        evidence_wording.tolerance,
    ),
    _Claim(
        "invariance-learned",
        ("moved",),
        lambda e: verdict(e.compared("baseline_shifted", "cnn_a", TOLERANCE), higher=False),
        evidence_wording.invariance_learned,
    ),
    _Claim("fewer-parameters", ("parameters",), _fewer_parameters, evidence_wording.fewer_parameters),
    _Claim("less-data", ("data_ratio", "learning_curves"), _less_data, evidence_wording.less_data),
)
"""In the order of the report."""
