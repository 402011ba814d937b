"""Accuracy against the number of training images, for the dense network and CNN A."""

from math import exp, log
from typing import Any

from training.report.claims import TARGET

NETWORKS = ("baseline", "cnn_a")


def build(rows: list[dict[str, Any]], *, all_images: int) -> dict[str, Any] | None:
    """Collect the curve from the rows of ``baseline``, ``baseline_n100`` …, and the same of ``cnn_a``.

    Args:
        rows: the report's experiments.
        all_images: how many training images an experiment sees that sets no number of its own.

    Returns:
        For each network its points by ``images``, with ``test_accuracy`` and ``seeds``, and ``images_for_85``:
        where the curve first reaches ``claims.TARGET``, interpolated linearly in the logarithm of the number of
        images; None where it never does. None altogether while a network
        has fewer than two points, or none with all images.

    """
    curves = {
        network: sorted(
            (
                {"images": r["train_size"] or all_images, "test_accuracy": r["test_accuracy"], "seeds": r["seeds"]}
                for r in rows
                if r["name"] == network or r["name"].startswith(f"{network}_n")
            ),
            key=lambda point: point["images"],
        )
        for network in NETWORKS
    }
    names = {row["name"] for row in rows}
    if not names.issuperset(NETWORKS) or any(len(points) < 2 for points in curves.values()):
        return None
    return {**curves, "images_for_85": {name: _reached(points) for name, points in curves.items()}}


def _reached(points: list[dict[str, Any]]) -> float | None:
    below = None
    for point in points:
        accuracy = point["test_accuracy"]["mean"]
        if accuracy >= TARGET:
            if below is None:
                return float(point["images"])
            start, of_start = log(below["images"]), below["test_accuracy"]["mean"]
            share = (TARGET - of_start) / (accuracy - of_start)
            return exp(start + share * (log(point["images"]) - start))
        below = point
    return None
