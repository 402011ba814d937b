"""Makes this folder's fixtures from Fashion-MNIST's test set: python tests/data/make.py, from the root.

``test_images.npz`` holds the first 30 test images of each class: ``images`` uint8 (300, 28, 28), ``labels`` uint8
(300,), ``indices`` int64 (300,) into the 10,000. ``*.png`` are the first of each class, for curl and a first look,
and a copy of them in ``service/web/static/samples`` for the page. ``service/models/probe.npz`` holds the first ten
training images of each class, ``images`` uint8 (100, 28, 28) and ``labels`` uint8 (100,), by which the service tells
what a model of others takes and gives.
"""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.fashion_mnist import CLASS_NAMES, load

HERE = Path(__file__).parent
SERVICE = HERE.parent.parent / "service"
SAMPLES = SERVICE / "web" / "static" / "samples"


def main() -> None:
    """Write the files."""
    data = load()
    of_class = [np.flatnonzero(data.test_labels == c)[:30] for c in range(10)]
    indices = np.sort(np.concatenate(of_class))
    np.savez_compressed(
        HERE / "test_images.npz", images=data.test_images[indices], labels=data.test_labels[indices], indices=indices
    )
    first = np.concatenate([np.flatnonzero(data.train_labels == c)[:10] for c in range(10)])
    np.savez_compressed(
        SERVICE / "models" / "probe.npz", images=data.train_images[first], labels=data.train_labels[first]
    )
    for name, first in zip(CLASS_NAMES, of_class, strict=True):
        slug = name.lower().replace("/", "-").replace(" ", "-")
        Image.fromarray(data.test_images[first[0]]).save(HERE / f"{slug}.png", optimize=True)
        shutil.copy(HERE / f"{slug}.png", SAMPLES)


if __name__ == "__main__":
    main()
