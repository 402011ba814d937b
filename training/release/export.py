"""One trained network → one SavedModel version folder, with its LiteRT model proven equal. Needs TensorFlow."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from training.data.fashion_mnist import Images, Labels, Pixels, scale
from training.errors import TrainingError
from training.evaluation.metrics import Probabilities
from training.release.assessment import run_litert

MAX_DIFFERENCE = 1e-5
"""How far the LiteRT model's probabilities may be from the SavedModel's; an export over it fails."""

GOLDEN_PER_CLASS = 2


@dataclass(frozen=True)
class Equivalence:
    """How far the LiteRT model is from the SavedModel, over so many ``images``."""

    images: int
    largest_difference: float
    differing_classes: int


def export(weights: Path, folder: Path, *, images: Images, labels: Labels) -> tuple[Equivalence, float]:
    """Write a version folder that TensorFlow Serving, and this project's service, can serve.

    Its signature ``serving_default`` maps ``images`` float32 (N, 28, 28, 1) in 0…1 to ``probabilities`` float32
    (N, 10); ``explain`` gives beside them what the layers before found, see ``_layers_within``. In ``assets.extra``,
    the folder SavedModel reserves for such things, lie the LiteRT model and the golden samples, whose probabilities are
    the SavedModel's own.

    Args:
        weights: a model saved by Keras.
        folder: where to write; replaced if it exists.
        images: uint8 (N, 28, 28), the whole test set.
        labels: uint8 (N,); golden samples are the first images of each class.

    Returns:
        The proof of equality, and the SavedModel's accuracy on the images.

    Raises:
        TrainingError: as ``require_equal``.

    """
    shutil.rmtree(folder, ignore_errors=True)
    _save(keras.models.load_model(weights, compile=False), folder)
    write_litert_model(folder)
    extra = folder / "assets.extra"

    pixels = scale(images)
    reference = _run_saved_model(folder, pixels)
    equivalence = _require_equal(folder, pixels, reference)
    golden = np.sort(np.concatenate([np.flatnonzero(labels == c)[:GOLDEN_PER_CLASS] for c in np.unique(labels)]))
    np.savez(extra / "golden.npz", images=images[golden], probabilities=reference[golden])
    return equivalence, float((reference.argmax(axis=1) == labels).mean())


def require_equal(folder: Path, pixels: Pixels) -> Equivalence:
    """Compare a version folder's LiteRT model with its SavedModel, on float32 (N, 28, 28, 1).

    Raises:
        TrainingError: their probabilities differ by more than ``MAX_DIFFERENCE``, or their answers do.

    """
    return _require_equal(folder, pixels, _run_saved_model(folder, pixels))


def _require_equal(folder: Path, pixels: Pixels, reference: Probabilities) -> Equivalence:
    found, _ = run_litert(folder / "assets.extra" / "model.tflite", pixels)
    equivalence = Equivalence(
        images=len(pixels),
        largest_difference=float(np.abs(found - reference).max()),
        differing_classes=int((found.argmax(axis=1) != reference.argmax(axis=1)).sum()),
    )
    if equivalence.largest_difference > MAX_DIFFERENCE or equivalence.differing_classes:
        raise TrainingError(
            f"the LiteRT model of {folder} is not the same model: probabilities differ by up to "
            f"{equivalence.largest_difference:.2g} ({MAX_DIFFERENCE:g} is allowed), "
            f"{equivalence.differing_classes} of {len(pixels):,} answers differ"
        )
    return equivalence


def write_litert_model(folder: Path) -> None:
    """Compile a SavedModel for LiteRT, into its ``assets.extra/model.tflite``.

    It has one signature: ``explain`` where the SavedModel has that, whose further outputs cost nothing until they are
    read, else ``serving_default``.

    Raises:
        TrainingError: the folder holds no SavedModel.

    """
    if not (folder / "saved_model.pb").is_file():
        raise TrainingError(f"{folder} holds no saved_model.pb; name the folder that does, such as DIR/1")
    signatures = tf.saved_model.load(str(folder)).signatures
    ours = "explain" in signatures and "probabilities" in signatures["explain"].structured_outputs
    key = "explain" if ours else "serving_default"
    litert_model: bytes = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[key]).convert()
    extra = folder / "assets.extra"
    extra.mkdir(exist_ok=True)
    (extra / "model.tflite").write_bytes(litert_model)


def checksums(root: Path, *folders: Path) -> dict[str, str]:
    """SHA-256 of every file below the folders, by path relative to the root, sorted."""
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _save(model: keras.Model, folder: Path) -> None:
    module = tf.Module()
    # Plain variables: tracking the Keras model itself would store every weight twice.
    module.weights = [variable.value for variable in model.variables]

    images = [tf.TensorSpec((None, 28, 28, 1), tf.float32, name="images")]
    module.serve = tf.function(lambda images: {"probabilities": model(images, training=False)}, input_signature=images)
    inner = keras.Model(model.inputs, _layers_within(model))
    module.explain = tf.function(lambda images: inner(images, training=False), input_signature=images)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve, "explain": module.explain})


def _layers_within(model: keras.Model) -> dict[str, Any]:
    """Name the outputs of a network's layers.

    ``probabilities`` (N, 10); ``features`` (N, units), what the last layer decides from; ``convolution_1`` and so on
    (N, height, width, channels), after their ReLU and before pooling.
    """
    convolutions = [layer.output for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    return {
        "probabilities": model.outputs[0],
        "features": model.layers[-1].input,
        **{f"convolution_{number}": output for number, output in enumerate(convolutions, start=1)},
    }


def _run_saved_model(folder: Path, pixels: Pixels) -> Probabilities:
    loaded = tf.saved_model.load(str(folder))
    serve = loaded.signatures["serving_default"]
    blocks = np.split(pixels, range(1_000, len(pixels), 1_000))
    return np.concatenate([serve(images=tf.constant(block))["probabilities"].numpy() for block in blocks])
