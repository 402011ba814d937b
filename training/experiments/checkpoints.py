"""Checkpoints: what an interrupted training continues from."""

import json
import os

import keras

from training.experiments.experiment import Experiment
from training.experiments.runs import RunFolder, to_json, write_atomically


def save(
    experiment: Experiment,
    seed: int,
    runs: RunFolder,
    model: keras.Model,
    history: dict[str, list[float]],
    seconds: float,
) -> None:
    """Keep the network and its optimiser's state; the progress file, written last, says which epoch they are of."""
    weights = runs.weights(experiment.name, seed)
    weights.parent.mkdir(parents=True, exist_ok=True)
    temporary = weights.with_suffix(f".{os.getpid()}.keras")
    model.save(temporary)
    temporary.replace(weights)
    described = {"fingerprint": experiment.fingerprint(seed), "history": history, "seconds": seconds}
    write_atomically(runs.progress(experiment.name, seed), to_json(described))


def load(
    experiment: Experiment, seed: int, runs: RunFolder, *, batches: int
) -> tuple[keras.Model, dict[str, list[float]], float] | None:
    """Load the network with its optimiser, the history and the seconds so far; None where there is no checkpoint.

    One that is damaged or of another epoch than its history counts as none.
    """
    try:
        described = json.loads(runs.progress(experiment.name, seed).read_text(encoding="utf-8"))
        if described["fingerprint"] != experiment.fingerprint(seed):
            return None
        model = keras.models.load_model(runs.weights(experiment.name, seed))
        # A process that ended between the two files of a checkpoint left weights one epoch ahead of the history.
        if int(model.optimizer.iterations) != batches * len(described["history"]["loss"]):
            return None
        return model, described["history"], described["seconds"]
    except Exception:  # no checkpoint, or one that a crash left unreadable, in whatever way: start over
        return None
