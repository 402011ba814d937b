"""Probes the network of a finished run, and puts what was found beside the run's record."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import keras

from training.data import fashion_mnist
from training.data.fashion_mnist import FashionMNIST, scale, stratified_split
from training.errors import TrainingError
from training.evaluation import activations, metrics, probes
from training.experiments import provenance
from training.experiments.experiment import Experiment
from training.experiments.progress import Console
from training.experiments.runs import Probes, Run, RunFolder


def probe(experiment: Experiment, run: Run, data: FashionMNIST, runs: RunFolder) -> Probes:
    """Load a finished run's weights, measure, and record.

    Raises:
        TrainingError: the weights are not those of the recorded run.

    """
    started = time.perf_counter()
    model = keras.models.load_model(runs.weights(run.experiment, run.seed), compile=False)
    network = partial(metrics.predict, model)
    as_seen = partial(experiment.as_seen, seed=run.seed)
    test = network(scale(as_seen(data.test_images)))
    if run.predictions_sha256 != replace(run, test_predictions=metrics.classes(test)).predictions_sha256:
        raise TrainingError(
            f"{runs.weights(run.experiment, run.seed)} answers otherwise than {run.experiment} seed {run.seed} is "
            "recorded to; delete the record and train it again"
        )
    held_out = stratified_split(data.train_labels, seed=run.seed).validation
    validation = network(scale(as_seen(data.train_images[held_out])))
    sample = as_seen(data.test_images[probes.SAMPLE : probes.SAMPLE + 1])[0]
    measured = (network, data.test_images, data.test_labels, as_seen)
    found = Probes(
        experiment=run.experiment,
        seed=run.seed,
        predictions_sha256=run.predictions_sha256,
        translation=probes.translation(*measured),
        corruptions=probes.corrupted(*measured),
        calibration=probes.calibrated((validation, data.train_labels[held_out]), (test, data.test_labels)),
        confident_errors=probes.confident_errors(test, data.test_labels),
        anatomy=activations.describe(model, sample) if experiment.served else None,
        wall_time_s=0.0,
        provenance={"finished": datetime.now(UTC).isoformat(timespec="seconds"), **provenance.collect()},
    )
    found = replace(found, wall_time_s=round(time.perf_counter() - started, 1))
    runs.save_probes(found)
    return found


def probe_finished(experiments: Sequence[Experiment], runs: RunFolder, *, data_folder: Path | None) -> None:
    """Probe every finished run that has not been probed and whose weights are here; says which have none.

    Raises:
        TrainingError: nothing is finished, the data cannot be read, or weights are not those of their run.

    """
    if not any(list(runs.all(experiment)) for experiment in experiments):
        raise TrainingError(f"{runs.folder} has no finished run to probe; start with: python -m training run")
    due = [
        (experiment, run)
        for experiment in experiments
        if experiment.probed
        for run in runs.all(experiment)
        if runs.probes(run) is None
    ]
    plan = [(experiment, run) for experiment, run in due if runs.weights(run.experiment, run.seed).is_file()]
    data: fashion_mnist.FashionMNIST | None = None
    with Console(runs=len(plan)) as console:
        for experiment, run in plan:
            data = data or fashion_mnist.load(data_folder)
            console.start(f"{run.experiment} seed {run.seed}")
            found = probe(experiment, run, data, runs)
            console.finish(
                f"{run.experiment} seed {run.seed}: {found.translation['changed_at_1px']:.2%} of answers change at "
                f"1 pixel, ECE {found.calibration['before']['ece']:.4f} ({found.wall_time_s:.0f} s)"
            )
        if len(due) > len(plan):
            missing = len(due) - len(plan)
            have = "run has" if missing == 1 else "runs have"
            console.line(f"{missing} finished {have} no weights here: train again to probe what is not on this machine")
