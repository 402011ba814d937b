"""What the other servers run: the released default model, as SavedModel or as LiteRT file.

``ENGINE`` is ``tensorflow``, ``litert``, or ``litert int8`` for the file with int8 weights.
"""

import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[np.float32]

MODELS = Path(__file__).parents[3] / "models"
_manifest = json.loads((MODELS / "bundle.json").read_bytes())
_entry = _manifest["models"][_manifest["default_model"]]
SAVED_MODEL = MODELS / _entry["saved_model"]
LITERT = {"litert": MODELS / _entry["litert"], "litert int8": MODELS / _entry["int8"]["litert"]}
PORT = int(os.environ.get("SERVICE_PORT", "8080"))


def pixels(picture: bytes) -> Array:
    """Read a 28×28 grey PNG: float32 (1, 28, 28, 1) in 0…1."""
    return (np.asarray(Image.open(BytesIO(picture)), np.float32) / 255).reshape(1, 28, 28, 1)


class Model:
    """The model that ENGINE names: float32 (N, 28, 28, 1) → float32 (N, 10)."""

    def __init__(self) -> None:
        engine = os.environ.get("ENGINE", "tensorflow")
        self._run = _litert(LITERT[engine]) if engine in LITERT else _tensorflow()

    def __call__(self, images: Any) -> Array:
        """Classify."""
        probabilities: Array = self._run(np.asarray(images, np.float32).reshape(-1, 28, 28, 1))
        return probabilities


def _tensorflow() -> Any:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(SAVED_MODEL))
    signature = loaded.signatures["serving_default"]
    ((_, inputs), (output,)) = signature.structured_input_signature, signature.structured_outputs
    (name,) = inputs
    # By keyword: positionally TensorFlow 2.21 takes milliseconds longer. The closure keeps the variables alive.
    return lambda images: loaded.signatures["serving_default"](**{name: tf.constant(images)})[output].numpy()


def _litert(file: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    prepared: dict[int, tuple[Any, int, int]] = {}

    def prepare(shape: tuple[int, ...]) -> tuple[Any, int, int]:
        interpreter = Interpreter(model_path=str(file), num_threads=1)
        into = interpreter.get_input_details()[0]["index"]
        interpreter.resize_tensor_input(into, shape)
        interpreter.allocate_tensors()
        return interpreter, into, interpreter.get_signature_runner().get_output_details()["probabilities"]["index"]

    def run(images: Array) -> Any:
        if len(images) not in prepared:
            prepared[len(images)] = prepare(images.shape)
        interpreter, into, out_of = prepared[len(images)]
        interpreter.set_tensor(into, images)
        interpreter.invoke()
        return interpreter.get_tensor(out_of)

    return run
