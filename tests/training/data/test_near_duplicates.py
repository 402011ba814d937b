"""Near-duplicates: nearly alike counts, brightness does not, another garment is not one."""

import numpy as np

from training.data import near_duplicates
from training.data.fashion_mnist import FashionMNIST


def test_what_is_nearly_alike_is_found(tiny: FashionMNIST) -> None:
    train, test = tiny.train_images, tiny.test_images[:4].copy()
    noise = np.random.default_rng(0).normal(0, 4, (28, 28))
    test[1] = np.clip(train[7] + noise, 0, 255).astype(np.uint8)
    test[3] = train[9] // 2
    found = set(near_duplicates.find(train, test).tolist())
    correlations = [max(np.corrcoef(t.ravel(), other.ravel())[0, 1] for other in train) for t in test]
    assert found == {i for i, c in enumerate(correlations) if c >= near_duplicates.CORRELATION}
    assert {1, 3} <= found


def test_the_record_is_of_the_test_set() -> None:
    found = near_duplicates.recorded()
    assert found is not None
    assert len(np.unique(found)) == len(found)
    assert 0 <= found.min() <= found.max() < 10_000
