"""Runs a plan of (experiment, seed) pairs on this machine: one after the other, or several at once."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from training.data import fashion_mnist
from training.errors import TrainingError
from training.experiments import parallel
from training.experiments.experiment import Experiment
from training.experiments.progress import Console
from training.experiments.registry import EXPERIMENTS
from training.experiments.runs import Run, RunFolder

Plan = Sequence[tuple[Experiment, int]]


def plan_runs(experiments: Sequence[Experiment], *, seeds: int | None) -> Plan:
    """Pair experiments with seeds, seed by seed: an interruption leaves paired runs.

    Args:
        experiments: in this order for each seed.
        seeds: how many, from the experiment's first; each experiment's own number when not given.

    """
    wanted = {e.name: range(e.first_seed, e.first_seed + (seeds or e.seeds)) for e in experiments}
    last = max(numbers.stop for numbers in wanted.values())
    return [(e, seed) for seed in range(last) for e in experiments if seed in wanted[e.name]]


def run_experiments(plan: Plan, *, runs: RunFolder, data_folder: Path | None, jobs: int = 1) -> None:
    """Train and evaluate what the plan asks for, skipping finished runs.

    Args:
        plan: experiments and seeds.
        runs: where finished runs are, and new ones go.
        data_folder: see ``fashion_mnist.load``.
        jobs: how many networks to train at once, each in a process with its share of the CPUs.

    Raises:
        TrainingError: the data cannot be read, or a finished run of the registry's recipe would be overwritten.

    """
    for experiment, seed in plan:
        refuse_to_overwrite(experiment, seed, runs)
    with Console(runs=len(plan)) as console:
        due = []
        for experiment, seed in plan:
            run = runs.finished(experiment, seed)
            if run is None:
                due.append((experiment, seed))
            else:
                _finish(console, run, "done before")
        if jobs > 1:  # students would otherwise each train their teacher
            teachers = {e.recipe.teacher for e, _ in due}
            first = [(e, seed) for e, seed in due if e.name in teachers]
            for run in _one_by_one(first, runs, data_folder, jobs, console):
                _finish(console, run, f"{run.wall_time_s:.0f} s")
            due = [pair for pair in due if pair not in first]
        trained = _one_by_one if jobs == 1 else parallel.train
        for run in trained(due, runs, data_folder, jobs, console):
            _finish(console, run, f"{run.wall_time_s:.0f} s")


def _one_by_one(due: Plan, runs: RunFolder, data_folder: Path | None, _: int, console: Console) -> Iterator[Run]:
    if not due:
        return
    from training.experiments import (
        trainer,  # imported late: Keras takes seconds, which finished runs need not wait for
    )

    data = fashion_mnist.load(data_folder)
    for experiment, seed in due:
        console.start(f"{experiment.name} seed {seed}")
        yield trainer.train(experiment, seed, data, runs, console)


def _finish(console: Console, run: Run, how: str) -> None:
    console.finish(
        f"{run.experiment} seed {run.seed}: validation {run.validation['accuracy']:.2%}, "
        f"test {run.test['accuracy']:.2%} ({how})"
    )


def refuse_to_overwrite(experiment: Experiment, seed: int, runs: RunFolder) -> None:
    """Protect finished runs of the registry's recipes from shorter ones.

    Raises:
        TrainingError: there is one, and this would be another.

    """
    registered = EXPERIMENTS[experiment.name]
    if experiment != registered and runs.finished(registered, seed):
        raise TrainingError(
            f"{runs.folder} holds a finished run of {experiment.name} seed {seed} with {registered.recipe.epochs} "
            f"epochs, which one of {experiment.recipe.epochs} would replace; name another folder with --runs DIR"
        )
