"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): found, verified, scaled and split.

The IDX files are looked for in this order:

1. the folder the user names (``--data``);
2. SageMaker's input channel (``SM_CHANNEL_TRAINING``, else ``/opt/ml/input/data/training``);
3. the folder of Debian's package ``dataset-fashion-mnist``;
4. Keras's cache, filled by a download where it is empty.

Whatever the source, the *decompressed* bytes must have the SHA-256 pinned here: distributors compress anew, so the
checksums of their ``.gz`` files differ.
"""

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.errors import TrainingError

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
"""The labels, in class order."""

SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
"""SHA-256 of each decompressed IDX file."""

VALIDATION_SHARE = 12
"""One training image in twelve is held out: 5,000, which give ±0.8 points at 91 %, while training keeps 55,000."""

_SAGEMAKER_CHANNEL = Path("/opt/ml/input/data/training")
_DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"  # as keras.datasets.fashion_mnist has it

Images = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class FashionMNIST:
    """The dataset as published.

    Attributes:
        train_images: uint8 (60000, 28, 28), 0 is background.
        train_labels: uint8 (60000,), 0 to 9 as in ``CLASS_NAMES``.
        test_images: uint8 (10000, 28, 28).
        test_labels: uint8 (10000,).
        source: the folder the files were read from.

    """

    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels
    source: Path


@dataclass(frozen=True)
class Split:
    """Indices into the training images, sorted: of 60,000, int64 (55000,) and (5000,)."""

    train: npt.NDArray[np.int64]
    validation: npt.NDArray[np.int64]


def load(folder: Path | None = None) -> FashionMNIST:
    """Find, verify and read the dataset.

    Args:
        folder: where the four IDX files are, gzipped or not; looked for (see the module) when not given.

    Raises:
        TrainingError: the folder or a file is missing, or a file is unreadable or not Fashion-MNIST's.

    """
    source = folder if folder is not None else _find()
    if not source.is_dir():
        raise TrainingError(f"there is no folder {source} (--data, or the variable SM_CHANNEL_TRAINING, names it)")
    contents = {name: _read_verified(source, name) for name in SHA256}
    return FashionMNIST(
        train_images=_array(contents["train-images-idx3-ubyte"], offset=16).reshape(-1, 28, 28),
        train_labels=_array(contents["train-labels-idx1-ubyte"], offset=8),
        test_images=_array(contents["t10k-images-idx3-ubyte"], offset=16).reshape(-1, 28, 28),
        test_labels=_array(contents["t10k-labels-idx1-ubyte"], offset=8),
        source=source,
    )


def scale(images: Images) -> Pixels:
    """Scale uint8 (N, 28, 28) in 0…255 to the networks' input, float32 (N, 28, 28, 1) in 0…1."""
    return (images.astype(np.float32) / np.float32(255))[..., np.newaxis]


def stratified_split(labels: Labels, *, seed: int) -> Split:
    """Hold out the same share of every class, drawn by the seed.

    Args:
        labels: uint8 (N,).
        seed: decides which images are held out; the same seed gives the same split everywhere.

    """
    validation_size = len(labels) // VALIDATION_SHARE
    rng = np.random.default_rng([seed, validation_size])
    classes = np.unique(labels)
    per_class = validation_size // len(classes)
    held_out = np.sort(np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:per_class] for c in classes]))
    kept = np.setdiff1d(np.arange(len(labels)), held_out, assume_unique=True)
    return Split(train=kept, validation=held_out)


def stratified_subset(labels: Labels, indices: npt.NDArray[np.int64], *, size: int, seed: int) -> npt.NDArray[np.int64]:
    """Draw ``size`` of the indices, as many of every class; a smaller subset of a seed is part of its larger ones.

    Args:
        labels: uint8 (N,), of all images.
        indices: int64, into the labels.
        size: how many to draw; a multiple of the number of classes.
        seed: decides which.

    """
    shuffled = np.random.default_rng([seed, 1]).permutation(indices)
    classes = np.unique(labels)
    drawn = [shuffled[labels[shuffled] == c][: size // len(classes)] for c in classes]
    return np.sort(np.concatenate(drawn))


def permute_pixels(images: Images) -> Images:
    """Apply one fixed permutation to the 784 pixels of every image, uint8 (N, 28, 28): neighbours no longer are."""
    order = np.random.default_rng(0).permutation(28 * 28)
    return images.reshape(-1, 28 * 28)[:, order].reshape(-1, 28, 28)


VISIBLE = 26
"""CNN A sees this many rows and columns, from the upper left: its poolings drop what the rest would give."""


def black_out_strip(images: Images) -> Images:
    """Set the rows and columns that CNN A does not see to background, uint8 (N, 28, 28)."""
    visible = np.zeros_like(images)
    visible[:, :VISIBLE, :VISIBLE] = images[:, :VISIBLE, :VISIBLE]
    return visible


def permute_visible_pixels(images: Images, *, seed: int) -> Images:
    """Permute the pixels that CNN A sees among themselves, the strip black; the seed decides the permutation."""
    order = np.random.default_rng([seed, VISIBLE]).permutation(VISIBLE**2)
    permuted = np.zeros_like(images)
    seen = images[:, :VISIBLE, :VISIBLE].reshape(-1, VISIBLE**2)
    permuted[:, :VISIBLE, :VISIBLE] = seen[:, order].reshape(-1, VISIBLE, VISIBLE)
    return permuted


def _find() -> Path:
    channel = os.environ.get("SM_CHANNEL_TRAINING")
    if channel:
        return Path(channel)
    for folder in (_SAGEMAKER_CHANNEL, _DEBIAN_FOLDER):
        if folder.is_dir():
            return folder
    return _download()


def _download() -> Path:
    import keras  # imported late: its start takes seconds, and only a machine without the data needs it

    try:
        files = [
            keras.utils.get_file(f"{name}.gz", f"{_ORIGIN}/{name}.gz", cache_subdir="datasets/fashion-mnist")
            for name in SHA256
        ]
    except Exception as error:  # Keras raises a bare Exception when a download fails
        raise TrainingError(
            f"Fashion-MNIST is not on this machine and could not be downloaded ({error}). Put its four IDX files into "
            "a folder and name it with --data DIR, or on Debian: apt-get install dataset-fashion-mnist"
        ) from error
    return Path(files[0]).parent


def _read_verified(folder: Path, name: str) -> bytes:
    path = next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)
    if path is None:
        raise TrainingError(
            f"{folder} has neither {name} nor {name}.gz; Fashion-MNIST is these four files: {', '.join(SHA256)}"
        )
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise TrainingError(f"{path} cannot be read ({error}); replace it with a fresh copy") from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise TrainingError(
            f"{path} is not Fashion-MNIST's {name}: its decompressed SHA-256 is {found}, expected {SHA256[name]}; "
            "replace it with a fresh copy"
        )
    return content


def _array(content: bytes, *, offset: int) -> Images:
    """View the bytes behind an IDX header (16 bytes for images, 8 for labels) as uint8."""
    return np.frombuffer(content, np.uint8, offset=offset)
