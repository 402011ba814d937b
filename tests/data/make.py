"""Makes this folder's fixtures from Fashion-MNIST's test set: python tests/data/make.py, from the root.

``test_images.npz`` holds the first 30 test images of each class: ``images`` uint8 (300, 28, 28), ``labels`` uint8
(300,), ``indices`` int64 (300,) into the 10,000. ``*.png`` are the first of each class, for curl and a first look,
and a copy of them in ``service/web/static/samples`` for the page.
"""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.fashion_mnist import CLASS_NAMES, load

HERE = Path(__file__).parent
SAMPLES = HERE.parent.parent / "service" / "web" / "static" / "samples"


def main() -> None:
    """Write the files."""
    data = load()
    of_class = [np.flatnonzero(data.test_labels == c)[:30] for c in range(10)]
    indices = np.sort(np.concatenate(of_class))
    np.savez_compressed(
        HERE / "test_images.npz", images=data.test_images[indices], labels=data.test_labels[indices], indices=indices
    )
    for name, first in zip(CLASS_NAMES, of_class, strict=True):
        slug = name.lower().replace("/", "-").replace(" ", "-")
        Image.fromarray(data.test_images[first[0]]).save(HERE / f"{slug}.png", optimize=True)
        shutil.copy(HERE / f"{slug}.png", SAMPLES)


if __name__ == "__main__":
    main()
