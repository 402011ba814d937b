"""What runs a model: LiteRT, or TensorFlow with the same answers."""

import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from service.bundle import Bundle
from service.manifest import ModelEntry

Pixels = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.float32]


class EngineError(Exception):
    """A model cannot be run here; the message says what is missing."""


class Engine(Protocol):
    """Maps pixels float32 (N, 28, 28, 1) in 0…1 to probabilities float32 (N, classes); safe to call from any thread."""

    def predict(self, pixels: Pixels) -> Probabilities:
        """Run the model."""


class LiteRTEngine:
    """The model compiled for LiteRT, on one thread.

    Its time per image does not depend on the batch size, so nothing is gained by resizing the interpreter to every
    batch that comes: there is one for single images and one for blocks.
    """

    _BLOCK = 32

    def __init__(self, model: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter
        self._content = model.read_bytes()
        self._local = threading.local()  # an interpreter must not be shared between threads

    def predict(self, pixels: Pixels) -> Probabilities:
        """Run the model; see ``Engine``."""
        whole = len(pixels) - len(pixels) % self._BLOCK
        steps = [(start, self._BLOCK) for start in range(0, whole, self._BLOCK)]
        steps += [(start, 1) for start in range(whole, len(pixels))]
        return np.concatenate([self._invoke(pixels[start : start + size]) for start, size in steps])

    def _invoke(self, pixels: Pixels) -> Probabilities:
        interpreter, into, out_of = self._of_size(len(pixels))
        interpreter.set_tensor(into, pixels)
        interpreter.invoke()
        probabilities: Probabilities = interpreter.get_tensor(out_of)
        return probabilities

    def _of_size(self, size: int) -> tuple[Any, int, int]:
        prepared = self._local.__dict__.setdefault("prepared", {})
        if size not in prepared:
            interpreter = self._interpreter(model_content=self._content, num_threads=1)
            into, out_of = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
            interpreter.resize_tensor_input(into, (size, 28, 28, 1))
            interpreter.allocate_tensors()
            prepared[size] = (interpreter, into, out_of)
        found: tuple[Any, int, int] = prepared[size]
        return found


class TensorFlowEngine:
    """The SavedModel's ``serving_default`` signature, in TensorFlow; it has one input and one output, of any name."""

    def __init__(self, saved_model: Path) -> None:
        import tensorflow as tf

        self._to_tensor = tf.constant
        # The loaded object owns the variables; the signature alone would outlive them.
        self._loaded = tf.saved_model.load(str(saved_model))
        self._signature = self._loaded.signatures["serving_default"]
        _, inputs = self._signature.structured_input_signature
        (self._input,), (self._output,) = inputs, self._signature.structured_outputs

    def predict(self, pixels: Pixels) -> Probabilities:
        """Run the model; see ``Engine``."""
        # By keyword: TensorFlow 2.21 takes milliseconds longer for a positional argument.
        outputs = self._signature(**{self._input: self._to_tensor(pixels)})
        probabilities: Probabilities = outputs[self._output].numpy()
        return probabilities


def load(kind: str, bundle: Bundle, entry: ModelEntry) -> Engine:
    """Load a model of the bundle with the engine called ``litert`` or ``tensorflow``.

    A SavedModel without a LiteRT twin is run by TensorFlow.

    Raises:
        EngineError: that would take TensorFlow, and it is not installed.

    """
    if entry.litert is None and find_spec("tensorflow") is None:
        raise EngineError(
            f"{bundle.path(entry.saved_model)} has no LiteRT twin (assets.extra/model.tflite) and TensorFlow is not "
            "installed; make the twin with: python -m training twin DIR, or serve with the training image"
        )
    if kind == "tensorflow" or entry.litert is None:
        return TensorFlowEngine(bundle.path(entry.saved_model))
    return LiteRTEngine(bundle.path(entry.litert))
