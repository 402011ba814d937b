"""What several seeds say together: means with intervals, paired differences, a correction for asking often."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint

CONFIDENCE = 0.95
MIN_PAIRS = 5
"""Fewer pairs are not tested: three that happen to agree would look certain."""


Correctness = npt.NDArray[np.bool_]


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


@dataclass(frozen=True)
class Discordance:
    """How many images only the one network has right, how many only the other, and McNemar's exact p-value."""

    only_a: int
    only_b: int
    p_value: float


def estimate(values: Sequence[float]) -> Estimate:
    """Estimate the mean of independent values (Student's t-interval)."""
    mean = float(np.mean(values))
    half = _half_width(values)
    return Estimate(mean, None if half is None else (mean - half, mean + half))


def paired_difference(a: Sequence[float], b: Sequence[float]) -> PairedDifference:
    """Compare two experiments over the same seeds (paired t-test); ``a[i]`` and ``b[i]`` share a seed."""
    differences = _differences(a, b)
    of_mean = estimate(differences.tolist())
    if len(differences) < MIN_PAIRS:
        return PairedDifference(of_mean.mean, None, None)
    if np.ptp(differences) == 0:  # no spread to compare with: as different, or as equal, as can be
        return PairedDifference(of_mean.mean, of_mean.ci95, 0.0 if differences[0] else 1.0)
    return PairedDifference(of_mean.mean, of_mean.ci95, float(stats.ttest_1samp(differences, 0).pvalue))


def equivalent(a: Sequence[float], b: Sequence[float], *, margin: float) -> float | None:
    """Ask whether the mean of a - b lies within a margin of 0: two one-sided paired t-tests (Schuirmann 1987).

    Returns:
        The larger of their p-values; None with too few pairs.

    """
    differences = _differences(a, b)
    if len(differences) < MIN_PAIRS:
        return None
    if np.ptp(differences) == 0:
        return 0.0 if abs(differences[0]) < margin else 1.0
    above = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
    below = stats.ttest_1samp(differences, margin, alternative="less").pvalue
    return float(max(above, below))


def detectable(a: Sequence[float], b: Sequence[float], *, significance: float, power: float) -> float | None:
    """Find the smallest mean of a - b that a two-sided paired t-test finds with this power.

    The spread is that of these very pairs, the significance uncorrected. None with too few pairs.
    """
    differences = _differences(a, b)
    if len(differences) < MIN_PAIRS:
        return None
    effect = TTestPower().solve_power(nobs=len(differences), alpha=significance, power=power)
    return float(effect * np.std(differences, ddof=1))


def wilson(share: float, images: float) -> tuple[float, float]:
    """Estimate the interval at 95 % of a share of counted images (Wilson 1927); it never leaves 0 to 1."""
    low, high = proportion_confint(share * images, images, alpha=1 - CONFIDENCE, method="wilson")
    return float(low), float(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for the number of comparisons (Holm 1979); the order is kept."""
    return multipletests(p_values, method="holm")[1].tolist() if p_values else []


def mcnemar_exact(a_right: Correctness, b_right: Correctness) -> Discordance:
    """Compare two networks on the same test images by McNemar's exact test (McNemar 1947; Dietterich 1998).

    Only the images that exactly one of them has right say anything; if neither were better, each of those would be as
    likely to be the one's as the other's.

    Args:
        a_right: bool (N,), which images one network has right.
        b_right: bool (N,), and the other.

    """
    only_a, only_b = int((a_right & ~b_right).sum()), int((b_right & ~a_right).sum())
    return Discordance(only_a, only_b, float(mcnemar([[0, only_a], [only_b, 0]], exact=True).pvalue))


def bootstrap_over_images(differences: npt.NDArray[np.float64], *, resamples: int = 10_000) -> tuple[float, float]:
    """Estimate the interval at 95 % of a mean paired difference when the test images are drawn anew.

    The percentile bootstrap (Efron and Tibshirani 1993). Images with the same difference are interchangeable, so a
    resample is a multinomial draw of how many there are of each: the same distribution as drawing image by image,
    thousands of times faster.

    Args:
        differences: float (N,), for each image, how much more often the one experiment's networks have it right.
        resamples: how many draws.

    """
    values, counts = np.unique(differences, return_counts=True)
    drawn = np.random.default_rng(0).multinomial(len(differences), counts / len(differences), resamples)
    low, high = np.quantile(drawn @ values / len(differences), ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return float(low), float(high)


def bootstrap_over_seeds_and_images(
    a_right: Correctness, b_right: Correctness, *, resamples: int = 4_000
) -> tuple[float, float] | None:
    """Estimate the interval at 95 % of a mean paired difference when seeds and test images are drawn anew.

    Both are resampled (the pigeonhole bootstrap, Owen 2007). Resampling n seeds shows (n - 1) / n of their variance;
    the seeds' deviations are stretched to make up for it. Images on which all seeds' differences agree are
    interchangeable and drawn together, as in ``bootstrap_over_images``.

    Args:
        a_right: bool (seeds, N), which images each network of the one experiment has right.
        b_right: the same of the other, by the same seeds.
        resamples: how many draws.

    Returns:
        None with too few seeds.

    """
    seeds, images = a_right.shape
    if seeds < MIN_PAIRS:
        return None
    patterns, counts = np.unique(a_right.astype(np.int8) - b_right.astype(np.int8), axis=1, return_counts=True)
    mean = patterns.mean(axis=0)
    deviations = (patterns - mean) * sqrt(seeds / (seeds - 1))
    rng = np.random.default_rng(0)
    of_seeds = rng.multinomial(seeds, np.full(seeds, 1 / seeds), resamples) / seeds
    of_images = rng.multinomial(images, counts / images, resamples) / images
    drawn = of_images @ mean + ((of_seeds @ deviations) * of_images).sum(axis=1)
    low, high = np.quantile(drawn, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return float(low), float(high)


def _differences(a: Sequence[float], b: Sequence[float]) -> npt.NDArray[np.float64]:
    # Rounded to what an accuracy on 10,000 images can resolve a thousand times over: equal is to be equal.
    return np.round(np.asarray(a, np.float64) - np.asarray(b, np.float64), 7)


def _half_width(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    quantile = stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
    return float(quantile * np.std(values, ddof=1) / sqrt(len(values)))
