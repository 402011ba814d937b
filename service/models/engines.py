"""What runs a model: LiteRT, or TensorFlow with the same answers."""

import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from service.arrays import PROBABILITIES, Activations, Engine, Pixels, Probabilities
from service.models.bundle import Bundle
from service.models.manifest import ModelEntry


class EngineError(Exception):
    """A model cannot be run here; the message says what is missing."""


class LiteRTEngine:
    """The model compiled for LiteRT, on one thread.

    Its time per image does not depend on the batch size, so nothing is gained by resizing the interpreter to every
    batch that comes: there is one for single images and one for blocks.
    """

    _BLOCK_IMAGES = 32

    def __init__(self, model: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter
        self._content = model.read_bytes()
        self._local = threading.local()  # an interpreter must not be shared between threads
        self.outputs = frozenset(self._of_size(1)[2])

    def predict(self, pixels: Pixels) -> Probabilities:
        """Classify; see ``Engine``."""
        return self.explain(pixels, PROBABILITIES)[PROBABILITIES]

    def explain(self, pixels: Pixels, *names: str) -> dict[str, Activations]:
        """Run the model once; see ``Engine``."""
        if len(pixels) in (1, self._BLOCK_IMAGES):
            return dict(zip(names, self._invoke(pixels, names), strict=True))
        whole = len(pixels) - len(pixels) % self._BLOCK_IMAGES
        steps = [(start, self._BLOCK_IMAGES) for start in range(0, whole, self._BLOCK_IMAGES)]
        steps += [(start, 1) for start in range(whole, len(pixels))]
        parts = [self._invoke(pixels[start : start + size], names) for start, size in steps]
        return {name: np.concatenate([part[index] for part in parts]) for index, name in enumerate(names)}

    def _invoke(self, pixels: Pixels, names: Sequence[str]) -> list[Activations]:
        interpreter, into, out_of = self._of_size(len(pixels))
        interpreter.set_tensor(into, pixels)
        interpreter.invoke()
        return [interpreter.get_tensor(out_of[name]) for name in names]

    def _of_size(self, size: int) -> tuple[Any, int, dict[str, int]]:
        """Prepare an interpreter for batches of a size; returns it, its input's index and its outputs' by name."""
        prepared = self._local.__dict__.setdefault("prepared", {})
        if size not in prepared:
            interpreter = self._interpreter(model_content=self._content, num_threads=1)
            interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], (size, 28, 28, 1))
            interpreter.allocate_tensors()
            found = {name: o["index"] for name, o in interpreter.get_signature_runner().get_output_details().items()}
            if PROBABILITIES not in found:  # a stranger's model calls its one output what it likes
                found = {PROBABILITIES: interpreter.get_output_details()[0]["index"]}
            prepared[size] = (interpreter, interpreter.get_input_details()[0]["index"], found)
        return prepared[size]  # type: ignore[no-any-return]


class TensorFlowEngine:
    """The SavedModel in TensorFlow.

    Its ``serving_default`` signature has one input and one output, of any name; ``explain`` is this project's own.
    """

    def __init__(self, saved_model: Path) -> None:
        import tensorflow as tf

        self._to_tensor = tf.constant
        # The loaded object owns the variables; the signatures alone would outlive them.
        self._loaded = tf.saved_model.load(str(saved_model))
        self._signature = self._loaded.signatures["serving_default"]
        _, inputs = self._signature.structured_input_signature
        (self._input,), (self._output,) = inputs, self._signature.structured_outputs
        explain_signature = self._loaded.signatures.get("explain")
        self._explain_signature = (
            explain_signature
            if explain_signature is not None and PROBABILITIES in explain_signature.structured_outputs
            else None
        )
        self.outputs = frozenset(
            self._explain_signature.structured_outputs if self._explain_signature is not None else [PROBABILITIES]
        )

    def predict(self, pixels: Pixels) -> Probabilities:
        """Classify; see ``Engine``."""
        # By keyword: TensorFlow 2.21 takes milliseconds longer for a positional argument.
        outputs = self._signature(**{self._input: self._to_tensor(pixels)})
        probabilities: Probabilities = outputs[self._output].numpy()
        return probabilities

    def explain(self, pixels: Pixels, *names: str) -> dict[str, Activations]:
        """Run the model once; see ``Engine``."""
        if self._explain_signature is None:
            return {PROBABILITIES: self.predict(pixels)}
        outputs = self._explain_signature(images=self._to_tensor(pixels))
        return {name: outputs[name].numpy() for name in names}


def load(kind: str, bundle: Bundle, entry: ModelEntry) -> Engine:
    """Load a model of the bundle with the engine called ``litert`` or ``tensorflow``.

    A SavedModel without a LiteRT model is run by TensorFlow.

    Raises:
        EngineError: that would take TensorFlow, and it is not installed.

    """
    if entry.litert is None and find_spec("tensorflow") is None:
        raise EngineError(
            f"{bundle.path(entry.saved_model)} has no LiteRT model (assets.extra/model.tflite) and TensorFlow is not "
            "installed; make it with: python -m training litert DIR, or serve with the training image"
        )
    if kind == "tensorflow" or entry.litert is None:
        return TensorFlowEngine(bundle.path(entry.saved_model))
    return LiteRTEngine(bundle.path(entry.litert))
