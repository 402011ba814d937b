"""What runs a model: LiteRT, or TensorFlow with the same answers."""

import threading
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from service.arrays import PROBABILITIES, Activations, Engine, Pixels, Precision, Probabilities
from service.models.bundle import Bundle
from service.models.manifest import ModelEntry

_SERVING = "serving_default"
_IMAGE_SHAPES = ((28, 28, 1), (28, 28), (784,))
_CLASSES = 10  # of a model that does not say which output is its answer


class EngineError(Exception):
    """A model cannot be run here; the message says what is missing."""


class LiteRTEngine:
    """The model compiled for LiteRT, on one thread.

    Its time per image hardly depends on the batch size, so nothing is gained by resizing the interpreter to every batch
    that comes: there is one for each of three sizes, of which a batch is put together. That of 4 is for the pictures
    that arrive together: less is done between the calls.
    """

    _SIZES = (32, 4, 1)

    def __init__(self, model: Path) -> None:
        """Load the model.

        Raises:
            EngineError: its inputs or outputs are not those of a classifier of 28×28 pixels.

        """
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
        if len(pixels) in self._SIZES:
            return dict(zip(names, self._invoke(pixels, names), strict=True))
        parts, start = [], 0
        for size in self._SIZES:
            while len(pixels) - start >= size:
                parts.append(self._invoke(pixels[start : start + size], names))
                start += size
        return {name: np.concatenate([part[index] for part in parts]) for index, name in enumerate(names)}

    def _invoke(self, pixels: Pixels, names: Sequence[str]) -> list[Activations]:
        interpreter, into, out_of = self._of_size(len(pixels))
        interpreter.set_tensor(into, pixels.reshape(-1, *self._shape))
        interpreter.invoke()
        return [interpreter.get_tensor(out_of[name]) for name in names]

    def _of_size(self, size: int) -> tuple[Any, int, dict[str, int]]:
        """Prepare an interpreter for batches of a size; returns it, its input's index and its outputs' by name."""
        prepared = self._local.__dict__.setdefault("prepared", {})
        if size not in prepared:
            interpreter = self._interpreter(model_content=self._content, num_threads=1)
            inputs, outputs = _details(interpreter)
            into = inputs[_only_input(list(inputs))]
            self._shape = _input_shape(into.get("shape_signature", into["shape"]), np.dtype(into["dtype"]).name)
            try:
                interpreter.resize_tensor_input(into["index"], (size, *self._shape))
                interpreter.allocate_tensors()
            except (RuntimeError, ValueError) as error:
                raise EngineError(
                    f"LiteRT cannot run the model for {size} images at a time ({error}); export it for any number (a "
                    "batch dimension of None), and convert that"
                ) from error
            found = {name: o["index"] for name, o in outputs.items()}
            if PROBABILITIES not in found:  # a stranger's model calls its output what it likes
                name = _answer_name({name: tuple(o["shape"]) for name, o in outputs.items()})
                found = {PROBABILITIES: outputs[name]["index"]}
            prepared[size] = (interpreter, into["index"], found)
        return prepared[size]  # type: ignore[no-any-return]


class TensorFlowEngine:
    """The SavedModel in TensorFlow.

    Its ``serving_default`` signature, or its only one, has one input and an output for the labels, of any name;
    ``explain`` is this project's own.
    """

    def __init__(self, saved_model: Path) -> None:
        """Load the model.

        Raises:
            EngineError: as ``LiteRTEngine``.

        """
        import tensorflow as tf

        self._to_tensor = tf.constant
        # The loaded object owns the variables; the signatures alone would outlive them.
        self._loaded = tf.saved_model.load(str(saved_model))
        self._signature = self._loaded.signatures[_signature_name(self._loaded.signatures)]
        _, inputs = self._signature.structured_input_signature
        self._input = _only_input(list(inputs))
        self._shape = _input_shape(inputs[self._input].shape, inputs[self._input].dtype.name)
        if (size := inputs[self._input].shape[0]) is not None:
            raise EngineError(
                f"the model takes {size} image{'s' if size != 1 else ''} at a time, no more and no fewer; export it "
                "for any number (a batch dimension of None)"
            )
        outputs = self._signature.structured_outputs
        self._output = _answer_name({name: tuple(output.shape) for name, output in outputs.items()})
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
        outputs = self._signature(**{self._input: self._to_tensor(pixels.reshape(-1, *self._shape))})
        probabilities: Probabilities = outputs[self._output].numpy()
        return probabilities

    def explain(self, pixels: Pixels, *names: str) -> dict[str, Activations]:
        """Run the model once; see ``Engine``."""
        if self._explain_signature is None:
            return {PROBABILITIES: self.predict(pixels)}
        outputs = self._explain_signature(images=self._to_tensor(pixels))
        return {name: outputs[name].numpy() for name in names}


def _details(interpreter: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Describe the inputs and outputs of a LiteRT model's signature, by name."""
    signatures = interpreter.get_signature_list()
    if signatures:
        # This must not outlive the call: an interpreter is not resized while somebody else has it.
        runner = interpreter.get_signature_runner(_signature_name(signatures))
        return runner.get_input_details(), runner.get_output_details()
    described = (interpreter.get_input_details(), interpreter.get_output_details())  # an old converter's model
    inputs, outputs = ({one["name"]: one for one in details} for details in described)
    return inputs, outputs


def _signature_name(names: Iterable[str]) -> str:
    """Choose the signature to ask: ``serving_default``, or the only one."""
    found = [name for name in names if name != "__saved_model_init_op"]
    if _SERVING in found or len(found) == 1:
        return _SERVING if _SERVING in found else found[0]
    raise EngineError(
        f"the model has no signature {_SERVING}, and {', '.join(sorted(found)) or 'no other'} instead; "
        "export it with that one: model.export(DIR), or signatures={'serving_default': …}"
    )


def _only_input(names: list[str]) -> str:
    if len(names) != 1:
        raise EngineError(
            f"the model has {len(names)} inputs ({', '.join(sorted(names))}); a classifier of pictures has one"
        )
    return names[0]


def _input_shape(shape: Iterable[int | None], dtype: str) -> tuple[int, ...]:
    """Give the shape of an image in a model's input: 28×28×1, 28×28 or 784."""
    if getattr(shape, "rank", 0) is None:
        raise EngineError("the model does not say of what shape its input is; export it with (None, 28, 28, 1)")
    _, *image = shape
    if tuple(image) not in _IMAGE_SHAPES or dtype != "float32":
        written = "×".join("?" if edge in (None, -1) else str(edge) for edge in image)
        raise EngineError(
            f"the model's input is {dtype}, {written or 'a number'} an image; this service gives float32, 28×28×1, "
            "28×28 or 784"
        )
    return tuple(edge for edge in image if edge is not None)


def _answer_name(shapes: dict[str, tuple[int | None, ...]]) -> str:
    """Choose the output to read: ``probabilities``, the only one, or the only one with a number for each label."""
    if PROBABILITIES in shapes:
        return PROBABILITIES
    fitting = [name for name, shape in shapes.items() if len(shape) == 2 and shape[1] == _CLASSES]
    if len(shapes) == 1 or len(fitting) == 1:
        return (fitting or list(shapes))[0]
    raise EngineError(
        f"the model has {len(shapes)} outputs ({', '.join(sorted(shapes))}), {len(fitting)} of them of {_CLASSES} "
        f"numbers an image; name the one with the labels {PROBABILITIES!r}"
    )


def load(kind: str, bundle: Bundle, entry: ModelEntry, precision: Precision = "float32") -> Engine:
    """Load a model of the bundle with the engine called ``litert`` or ``tensorflow``, or its int8 file with LiteRT.

    A SavedModel without a LiteRT model is run by TensorFlow.

    Raises:
        EngineError: that would take TensorFlow, and it is not installed.

    """
    if precision == "int8" and entry.int8 is not None:
        return LiteRTEngine(bundle.path(entry.int8.litert))
    if entry.litert is None and find_spec("tensorflow") is None:
        raise EngineError(
            f"{bundle.path(entry.saved_model)} has no LiteRT model (assets.extra/model.tflite) and TensorFlow is not "
            "installed; make it with: python -m training litert DIR, or serve with the training image"
        )
    if kind == "tensorflow" or entry.litert is None:
        return TensorFlowEngine(bundle.path(entry.saved_model))
    return LiteRTEngine(bundle.path(entry.litert))
