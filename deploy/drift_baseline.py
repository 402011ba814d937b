"""The bundle's drift reference as Model Monitor's baseline: which labels and confidences are usual.

The reference is the answers to the held-out images, as histograms. Model Monitor compares what is captured with it. Of
the reference's quantities these two are in every answer; brightness and polarity would need the pictures decoded.
Source: Amazon SageMaker AI developer guide, "Schema for Statistics" and "Schema for Constraints".
"""

from itertools import pairwise
from typing import Any

from deploy.errors import DeploymentError

_SKETCH_SIZE = 2048
_THRESHOLD = 0.1  # of the largest distance between the two distributions: the guide's own


def statistics(manifest: dict[str, Any]) -> dict[str, Any]:
    """Write what was usual, as Model Monitor's ``statistics.json``.

    Args:
        manifest: the bundle's.

    Raises:
        DeploymentError: its default network has no drift reference.

    """
    entry, reference = _default(manifest)
    count = sum(reference["labels"])
    present = {"num_present": count, "num_missing": 0}
    edges, counts = reference["confidence"]["edges"], reference["confidence"]["counts"]
    bounds = list(pairwise([0.0, *edges, *([1.0] if edges[-1] < 1.0 else [])]))
    counts = counts[: len(bounds)]
    middles = [(low + high) / 2 for low, high in bounds]
    mean = sum(middle * many for middle, many in zip(middles, counts, strict=True)) / count
    variance = sum(many * (middle - mean) ** 2 for middle, many in zip(middles, counts, strict=True)) / count
    sample = [middle for middle, many in zip(middles, counts, strict=True) for _ in range(many * _SKETCH_SIZE // count)]
    confidence = {
        "common": present,
        "mean": mean,
        "sum": mean * count,
        "std_dev": variance**0.5,
        "min": min(low for (low, _), many in zip(bounds, counts, strict=True) if many),
        "max": max(high for (_, high), many in zip(bounds, counts, strict=True) if many),
        "distribution": {
            "kll": {
                "buckets": [
                    {"lower_bound": low, "upper_bound": high, "count": float(many)}
                    for (low, high), many in zip(bounds, counts, strict=True)
                ],
                "sketch": {"parameters": {"c": 0.64, "k": float(_SKETCH_SIZE)}, "data": [sample]},
            }
        },
    }
    labels = {
        "common": present,
        "distinct_count": float(sum(many > 0 for many in reference["labels"])),
        "distribution": {
            "categorical": {
                "buckets": [
                    {"value": label, "count": many}
                    for label, many in zip(entry["labels"], reference["labels"], strict=True)
                ]
            }
        },
    }
    features = [
        {"name": "confidence", "inferred_type": "Fractional", "numerical_statistics": confidence},
        {"name": "label", "inferred_type": "String", "string_statistics": labels},
    ]
    return {"version": 0.0, "dataset": {"item_count": count}, "features": features}


def constraints(manifest: dict[str, Any]) -> dict[str, Any]:
    """Write what has to hold, as Model Monitor's ``constraints.json``.

    Raises:
        DeploymentError: the bundle's default network has no drift reference.

    """
    entry, _ = _default(manifest)
    return {
        "version": 0.0,
        "features": [
            {
                "name": "confidence",
                "inferred_type": "Fractional",
                "completeness": 1.0,
                "num_constraints": {"is_non_negative": True},
            },
            {
                "name": "label",
                "inferred_type": "String",
                "completeness": 1.0,
                "string_constraints": {"domains": entry["labels"]},
            },
        ],
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": _THRESHOLD,
                "comparison_method": "Robust",
                "categorical_comparison_threshold": _THRESHOLD,
                "categorical_drift_method": "LInfinity",
            },
        },
    }


def _default(manifest: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Find the network that answers where a request names none, and its drift reference."""
    name = manifest.get("default_model", "")
    entry = manifest["models"].get(name, {})
    reference = (entry.get("assessment") or {}).get("reference")
    if reference is None:
        raise DeploymentError(
            f"the bundle's default network {name!r} has no drift reference, which the baseline is made of; release it "
            f"again: python -m training release"
        )
    return entry, reference
