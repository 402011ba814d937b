"""Batch normalisation folded into weights: the same probabilities, or an error."""

import keras
import numpy as np
import pytest

from training.errors import TrainingError
from training.experiments import architectures, batch_norm_folding


def test_batch_normalisation_gives_its_weights_in_the_order_that_folding_reads() -> None:
    """``BatchNormalization.get_weights``, whose order Keras does not promise: docs/architecture.md."""
    layer = keras.layers.BatchNormalization(
        scale=False,
        epsilon=0.5,
        beta_initializer=keras.initializers.Constant(1),
        moving_mean_initializer=keras.initializers.Constant(2),
        moving_variance_initializer=keras.initializers.Constant(3),
    )
    layer.build((None, 1))
    assert [float(weights[0]) for weights in layer.get_weights()] == [1, 2, 3]
    assert layer.epsilon == 0.5


def test_folding_changes_no_probability_and_a_wrong_fold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).random((200, 28, 28, 1), np.float32)
    trained = architectures.cnn(3, normalised=True, dropout=0.2)
    trained.compile("sgd", "sparse_categorical_crossentropy")
    trained.fit(pixels, np.arange(200) % 10, epochs=2, verbose=0)
    plain = architectures.cnn(3)
    assert batch_norm_folding.fold(trained, plain, pixels) < batch_norm_folding.LARGEST_DIFFERENCE
    assert plain.count_params() == 121_930
    # An eleventh class is left out, and the others share its probability.
    for normalised in (True, False):
        of_eleven = architectures.cnn(3, normalised=normalised, classes=11)
        assert batch_norm_folding.fold(of_eleven, plain, pixels) < batch_norm_folding.LARGEST_DIFFERENCE
    # Weights that are not the trained network's: folded from another one, they give other probabilities.
    monkeypatch.setattr(batch_norm_folding, "LARGEST_DIFFERENCE", -1.0)
    with pytest.raises(TrainingError, match="changed a probability"):
        batch_norm_folding.fold(trained, plain, pixels)
