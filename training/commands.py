"""Runs a list of experiments, one network after the other."""

from collections.abc import Sequence
from pathlib import Path

from training import datasets, trainer
from training.errors import TrainingError
from training.experiments import Experiment
from training.progress import Console
from training.registry import EXPERIMENTS
from training.runs import Run, RunFolder


def run_experiments(
    experiments: Sequence[Experiment], *, seeds: int | None, runs: RunFolder, data_folder: Path | None
) -> list[Run]:
    """Train and evaluate every experiment with every seed, skipping finished runs.

    Args:
        experiments: which ones, in this order for each seed: an interruption leaves paired runs.
        seeds: how many, from 0; each experiment's own number when not given.
        runs: where finished runs are, and new ones go.
        data_folder: see ``datasets.load``.

    Raises:
        TrainingError: the data cannot be read, or a finished run of the registry's recipe would be overwritten.

    """
    wanted = {e.name: seeds or e.seeds for e in experiments}
    plan = [(e, seed) for seed in range(max(wanted.values())) for e in experiments if seed < wanted[e.name]]
    for experiment, seed in plan:
        _refuse_to_overwrite(experiment, seed, runs)
    data: datasets.FashionMNIST | None = None
    finished = []
    with Console(runs=len(plan)) as console:
        for experiment, seed in plan:
            run = runs.finished(experiment, seed)
            how = "done before"
            if run is None:
                data = data or datasets.load(data_folder)
                console.start(f"{experiment.name} seed {seed}")
                run = trainer.train(experiment, seed, data, runs, console)
                how = f"{run.wall_time_s:.0f} s"
            finished.append(run)
            console.finish(
                f"{experiment.name} seed {seed}: validation {run.validation['accuracy']:.2%}, "
                f"test {run.test['accuracy']:.2%} ({how})"
            )
    return finished


def _refuse_to_overwrite(experiment: Experiment, seed: int, runs: RunFolder) -> None:
    registered = EXPERIMENTS[experiment.name]
    if experiment != registered and runs.finished(registered, seed):
        raise TrainingError(
            f"{runs.folder} holds a finished run of {experiment.name} seed {seed} with {registered.recipe.epochs} "
            f"epochs, which one of {experiment.recipe.epochs} would replace; name another folder with --runs DIR"
        )
