"""What several seeds say together: means with intervals, paired differences, a correction for asking often."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
FEWEST_PAIRS = 3
"""Fewer pairs are not tested: two that happen to agree would look certain."""


@dataclass(frozen=True)
class Estimate:
    """A mean and its t-interval at 95 %; None where one value says nothing about spread."""

    mean: float
    ci95: tuple[float, float] | None


@dataclass(frozen=True)
class PairedDifference:
    """The mean of a - b over pairs, its t-interval and the paired t-test's p-value."""

    difference: float
    ci95: tuple[float, float] | None
    p_value: float | None


def estimate(values: Sequence[float]) -> Estimate:
    """Estimate the mean of independent values (Student's t-interval)."""
    mean = float(np.mean(values))
    half = _half_width(values)
    return Estimate(mean, None if half is None else (mean - half, mean + half))


def paired_difference(a: Sequence[float], b: Sequence[float]) -> PairedDifference:
    """Compare two experiments over the same seeds (paired t-test); ``a[i]`` and ``b[i]`` share a seed."""
    # Rounded to what an accuracy on 10,000 images can resolve a thousand times over: equal is to be equal.
    differences = np.round(np.subtract(a, b), 7)
    of_mean = estimate(differences.tolist())
    if len(differences) < FEWEST_PAIRS:
        return PairedDifference(of_mean.mean, None, None)
    if np.ptp(differences) == 0:  # no spread to compare with: as different, or as equal, as can be
        return PairedDifference(of_mean.mean, of_mean.ci95, 0.0 if differences[0] else 1.0)
    return PairedDifference(of_mean.mean, of_mean.ci95, float(stats.ttest_1samp(differences, 0).pvalue))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for the number of comparisons (Holm 1979); the order is kept."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(np.argsort(p_values).tolist()):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def _half_width(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    quantile = stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
    return float(quantile * np.std(values, ddof=1) / sqrt(len(values)))
