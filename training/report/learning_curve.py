"""Accuracy against the number of training images, for the dense network and CNN A."""

from dataclasses import asdict
from math import exp, log
from typing import Any

import numpy as np

from training.evaluation.statistics import estimate

NETWORKS = ("baseline", "cnn_a")

TARGET = 0.85
"""The test accuracy whose price in training images decides a claim."""

TARGETS = tuple(round(0.72 + 0.01 * step, 2) for step in range(17))

Points = list[tuple[int, float]]
"""Training images and the test accuracy they gave, by rising number of images."""


def build(rows: list[dict[str, Any]], *, all_images: int) -> dict[str, Any] | None:
    """Collect the curve from the rows of ``baseline``, ``baseline_n100`` …, and the same of ``cnn_a``.

    Args:
        rows: the report's experiments.
        all_images: how many training images an experiment sees that sets no number of its own.

    Returns:
        For each network its points by ``images``, with ``test_accuracy`` and ``seeds``; ``images_for_85``, where the
        curve of the means first reaches 85 %, interpolated linearly in the logarithm of the number of images, None
        where it never does; ``ratios``, for each target that both networks' curves reach, how many times as many
        images the dense network needs (``ratio``, ``ci95`` over seeds, ``seeds``). None altogether while a network
        has fewer than two points, or none with all images.

    """
    curves = {
        network: sorted(
            (
                {"images": r["train_size"] or all_images, "test_accuracy": r["test_accuracy"], "seeds": r["seeds"]}
                for r in _of_curve(rows, network)
            ),
            key=lambda point: point["images"],
        )
        for network in NETWORKS
    }
    names = {row["name"] for row in rows}
    if not names.issuperset(NETWORKS) or any(len(points) < 2 for points in curves.values()):
        return None
    means = {name: [(p["images"], p["test_accuracy"]["mean"]) for p in points] for name, points in curves.items()}
    return {
        **curves,
        "images_for_85": {name: _reached(points, TARGET) for name, points in means.items()},
        "ratios": _ratios(rows, all_images),
    }


def log_images(rows: list[dict[str, Any]], *, all_images: int, target: float = TARGET) -> dict[str, dict[int, float]]:
    """Read off each seed's learning curve the logarithm of the images needed for a test accuracy, by network.

    A seed counts where it has every size of the curve, and reaches the target.
    """
    found: dict[str, dict[int, float]] = {}
    for network in NETWORKS:
        accuracies = {
            r["train_size"] or all_images: {run["seed"]: run["test_accuracy"] for run in r["runs"]}
            for r in _of_curve(rows, network)
        }
        seeds = set.intersection(*map(set, accuracies.values())) if len(accuracies) > 1 else set()
        reached = {s: _reached(sorted((n, of[s]) for n, of in accuracies.items()), target) for s in sorted(seeds)}
        found[network] = {seed: log(images) for seed, images in reached.items() if images is not None}
    return found


def _of_curve(rows: list[dict[str, Any]], network: str) -> list[dict[str, Any]]:
    """The rows of a network with all training images and with fewer."""
    return [r for r in rows if r["name"] == network or r["name"].startswith(f"{network}_n")]


def _ratios(rows: list[dict[str, Any]], all_images: int) -> list[dict[str, Any]]:
    found = []
    for target in TARGETS:
        dense, cnn = (log_images(rows, all_images=all_images, target=target)[name] for name in NETWORKS)
        seeds = sorted(dense.keys() & cnn.keys())
        if len(seeds) > 2:
            of_log = asdict(estimate([dense[seed] - cnn[seed] for seed in seeds]))
            interval = [float(np.exp(bound)) for bound in of_log["ci95"]]
            found.append({"target": target, "ratio": exp(of_log["mean"]), "ci95": interval, "seeds": len(seeds)})
    return found


def _reached(points: Points, target: float) -> float | None:
    below: tuple[int, float] | None = None
    for images, accuracy in points:
        if accuracy >= target:
            if below is None:
                return float(images)
            start, of_start = log(below[0]), below[1]
            share = (target - of_start) / (accuracy - of_start)
            return exp(start + share * (log(images) - start))
        below = (images, accuracy)
    return None
