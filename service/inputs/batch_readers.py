"""What reads a batch of images, by its content type.

Field names follow TensorFlow Serving's REST API, media types follow SageMaker's.
"""

from collections.abc import Callable

from service.http.media_types import CSV, JSON, JSON_LINES, NPY
from service.inputs.batch_validation import Batch
from service.inputs.csv_images import read_csv
from service.inputs.json_images import read_json, read_json_lines
from service.inputs.npy_images import read_npy

READERS: dict[str, Callable[..., Batch]] = {
    JSON: read_json,
    JSON_LINES: read_json_lines,
    CSV: read_csv,
    NPY: read_npy,
}
