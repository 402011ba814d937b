"""A Fashion-MNIST of 300 images, all of them real."""

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Samples
from training.data.fashion_mnist import FashionMNIST


@pytest.fixture(scope="session")
def tiny(samples: Samples) -> FashionMNIST:
    """240 images to train on (20 of them to validate), 60 to test."""
    order = np.random.default_rng(0).permutation(len(samples.labels))
    by_class = np.concatenate([order[samples.labels[order] == c][:24] for c in range(10)])
    rest = np.setdiff1d(order, by_class)
    return FashionMNIST(
        samples.images[by_class], samples.labels[by_class], samples.images[rest], samples.labels[rest], Path("tiny")
    )
