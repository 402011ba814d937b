"""What writes probabilities float32 (N, 10), by the media type that a client accepts.

Field names follow TensorFlow Serving's REST API: ``predictions`` answers ``instances``, ``outputs`` answers ``inputs``.
"""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import orjson

from service.arrays import Probabilities
from service.http.media_types import CSV, JSON, JSON_LINES, JSON_LINES_ALIASES, NPY
from service.inputs.batch_validation import Batch

# Rows that are written at a time: between them another thread has its turn.
_ROWS_AT_ONCE = 256


def write_json(probabilities: Probabilities, batch: Batch) -> bytes:
    """Write ``{"predictions": [[…], …]}``, or ``{"outputs": …}`` where the request said ``inputs``."""
    field = "predictions" if batch.field == "instances" else "outputs"
    rows = (
        orjson.dumps(probabilities[start : start + _ROWS_AT_ONCE], option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
        for start in range(0, len(probabilities), _ROWS_AT_ONCE)
    )
    return b'{"%s":[%s]}' % (field.encode(), b",".join(rows))


def write_json_lines(probabilities: Probabilities, batch: Batch) -> bytes:  # noqa: ARG001 (one signature for all)
    """Write one JSON array of probabilities an image and line."""
    return b"".join(orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n" for row in probabilities)


def write_csv(probabilities: Probabilities, batch: Batch) -> bytes:  # noqa: ARG001
    """Write one row of probabilities an image."""
    return "".join(",".join(map(str, row)) + "\n" for row in probabilities.tolist()).encode()


def write_npy(probabilities: Probabilities, batch: Batch) -> bytes:  # noqa: ARG001
    """Write a NumPy array file, float32 (N, 10)."""
    stream = BytesIO()
    np.save(stream, probabilities, allow_pickle=False)
    return stream.getvalue()


WRITERS: dict[str, Callable[[Probabilities, Batch], bytes]] = {
    JSON: write_json,
    JSON_LINES: write_json_lines,
    CSV: write_csv,
    NPY: write_npy,
    **dict.fromkeys(JSON_LINES_ALIASES, write_json_lines),
}
