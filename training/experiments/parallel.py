"""Trains several networks at once, each in a process of its own with its share of the CPUs.

For machines with more CPUs than one network this small keeps busy. How sums are split among threads decides their last
digits: runs repeat exactly only with the same share, which their provenance records as ``cores``.
"""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

from training.data import fashion_mnist
from training.experiments.experiment import Experiment
from training.experiments.progress import Console, Lines
from training.experiments.runs import Run, RunFolder


def train(
    due: Sequence[tuple[Experiment, int]],
    runs: RunFolder,
    data_folder: Path | None,
    jobs: int,
    console: Console,
) -> Iterator[Run]:
    """Train all of ``due``, ``jobs`` at a time; yields runs as they finish.

    Raises:
        TrainingError: the data cannot be read.

    """
    # Not forked: a fork of a process that has loaded TensorFlow hangs.
    context = multiprocessing.get_context("spawn")
    shares: Queue[set[int]] = context.Queue()
    for share in _shares(jobs):
        shares.put(share)
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_take_share, initargs=(shares,)) as pool:
        try:
            started = [pool.submit(_train, e, seed, runs.folder, data_folder) for e, seed in due]
            for future in as_completed(started):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            console.line("stopping; networks in training are kept after their last whole epoch")
            raise


def _shares(jobs: int) -> list[set[int]]:
    """Deal the CPUs out; with more jobs than CPUs some share one."""
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return [set(cpus[job::jobs]) or {cpus[job % len(cpus)]} if cpus else set() for job in range(jobs)]


def _take_share(shares: "Queue[set[int]]") -> None:
    share = shares.get()
    if share:  # Keras's backends start as many threads as the process may use CPUs
        os.sched_setaffinity(0, share)


_loaded: dict[Any, fashion_mnist.FashionMNIST] = {}


def _train(experiment: Experiment, seed: int, folder: Path, data_folder: Path | None) -> Run:
    from training.experiments import (
        trainer,  # in the worker, after it took its share: the backend counts CPUs when it loads
    )

    if data_folder not in _loaded:
        _loaded[data_folder] = fashion_mnist.load(data_folder)
    return trainer.train(
        experiment, seed, _loaded[data_folder], RunFolder(folder), Lines(f"{experiment.name} seed {seed}")
    )
