"""What Model Monitor's container runs on each captured request: its label and its calibrated confidence.

The labels and the temperature of the calibration are appended when it is uploaded. Batches, streams and answers
that are no JSON give nothing: the drift reference is of single pictures.
"""

import json
from typing import Any

LABELS: list[str] = []
TEMPERATURE = 1.0


def preprocess_handler(inference_record: Any) -> Any:
    """Read one captured request; gives its features, or an empty list for none."""
    try:
        answer = json.loads(inference_record.endpoint_output.data)
    except (ValueError, TypeError, AttributeError):
        return []
    if isinstance(answer, dict) and "label" in answer and "confidence" in answer:  # a verbose answer
        return {"confidence": answer["confidence"], "label": answer["label"]}
    predictions = answer.get("predictions") if isinstance(answer, dict) else None
    if not predictions or len(predictions) != 1:
        return []
    (found,) = predictions
    if isinstance(found, dict):
        return {"confidence": found["confidence"], "label": found["label"]}
    weights = [max(probability, 1e-12) ** (1 / TEMPERATURE) for probability in found]
    largest = max(weights)
    return {"confidence": largest / sum(weights), "label": LABELS[weights.index(largest)]}
