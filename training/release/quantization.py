"""A SavedModel's weights as int8: a second LiteRT file beside the first, with its own golden samples and record.

Post-training dynamic-range quantisation (LiteRT's guide of that name): weights are int8, one scale a channel;
activations are quantised as they come, by their own range; sums leave as float32. No data is needed, nothing is trained
again, and the answers differ a little: ``quantize`` says how much. Needs TensorFlow.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from training.data import fashion_mnist
from training.data.fashion_mnist import FashionMNIST, scale
from training.errors import TrainingError
from training.release.assessment import OutlierScore, run_litert
from training.release.export import checksums

FILE, GOLDEN = "model-int8.tflite", "golden-int8.npz"


def quantize(folder: Path, data: FashionMNIST) -> dict[str, Any]:
    """Write ``model-int8.tflite`` and ``golden-int8.npz`` into a released version folder's ``assets.extra``.

    Args:
        folder: of this project's: its SavedModel has the signature ``explain``, and lies beside its LiteRT model,
            golden samples and outlier score.
        data: the dataset; both LiteRT models classify its test images.

    Returns:
        The record: ``images``, ``accuracy`` of the int8 model and ``float32_accuracy``, ``differing_answers`` (the
        share of images that the two give another class), ``largest_difference`` of a probability, and both files'
        sizes in bytes.

    """
    extra = folder / "assets.extra"
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=["explain"])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    (extra / FILE).write_bytes(converter.convert())

    with np.load(extra / "golden.npz") as content:
        images = content["images"]
    probabilities, features = run_litert(extra / FILE, scale(images))
    golden: dict[str, Any] = {"images": images, "probabilities": probabilities}
    for name, outliers in (("scores", "outliers.npz"), ("photo_scores", "photo_outliers.npz")):
        if (extra / outliers).is_file():
            with np.load(extra / outliers) as arrays:
                golden[name] = OutlierScore(**arrays)(scale(images), features)
    np.savez(extra / GOLDEN, **golden)

    pixels = scale(data.test_images)
    of_float32, of_int8 = (run_litert(extra / name, pixels)[0] for name in ("model.tflite", FILE))
    return {
        "images": len(pixels),
        "accuracy": float((of_int8.argmax(axis=1) == data.test_labels).mean()),
        "float32_accuracy": float((of_float32.argmax(axis=1) == data.test_labels).mean()),
        "differing_answers": float((of_int8.argmax(axis=1) != of_float32.argmax(axis=1)).mean()),
        "largest_difference": float(np.abs(of_int8 - of_float32).max()),
        "bytes": (extra / FILE).stat().st_size,
        "float32_bytes": (extra / "model.tflite").stat().st_size,
    }


def entry(inside: str, record: dict[str, Any]) -> dict[str, Any]:
    """What ``bundle.json`` says of a model under ``int8``; ``inside`` is its version folder, relative to the bundle."""
    return {"litert": f"{inside}/assets.extra/{FILE}", "golden": f"{inside}/assets.extra/{GOLDEN}", "record": record}


def quantize_bundle(models: Path, *, data_folder: Path | None) -> dict[str, Any]:
    """Quantise every model of a released bundle; returns its models' entries, for the manifest to be written anew.

    Raises:
        TrainingError: ``models`` is no bundle.

    """
    try:
        entries: dict[str, Any] = json.loads((models / "bundle.json").read_text(encoding="utf-8"))["models"]
    except (OSError, ValueError) as error:
        raise TrainingError(f"{models} holds no bundle ({error}); make one: python -m training release") from error
    data = fashion_mnist.load(data_folder)
    for name, described in entries.items():
        record = quantize(models / described["saved_model"], data)
        described["int8"] = entry(described["saved_model"], record)
        described["files"] = checksums(models, models / described["saved_model"])
        report(name, record)
    return entries


def report(name: str, record: dict[str, Any]) -> None:
    """Print a model's record in a line."""
    print(
        f"{name}: int8 {record['accuracy']:.2%} right, float32 {record['float32_accuracy']:.2%}; "
        f"{record['differing_answers']:.2%} of {record['images']:,} answers differ, a probability by "
        f"{record['largest_difference']:.2g} at most; {record['bytes']:,} bytes, not {record['float32_bytes']:,}"
    )
