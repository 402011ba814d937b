"""Probing trained networks: recorded once, and only for the network that is on record."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.data import fashion_mnist
from training.data.fashion_mnist import FashionMNIST
from training.errors import TrainingError
from training.experiments import run_probes, trainer
from training.experiments.experiment import Experiment, Recipe
from training.experiments.progress import Console
from training.experiments.registry import EXPERIMENTS
from training.experiments.runs import Run, RunFolder

Trained = tuple[list[Experiment], RunFolder]


@pytest.fixture(scope="module")
def trained(tiny: FashionMNIST, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    runs = RunFolder(tmp_path_factory.mktemp("runs"))
    names = ("cnn_a", "baseline_permuted", "cnn_a_n100")
    experiments = [replace(EXPERIMENTS[name], recipe=Recipe(epochs=2)) for name in names]
    with Console(runs=3) as console:
        for experiment in experiments:
            trainer.train(experiment, 0, tiny, runs, console)
    return experiments, runs


@pytest.fixture(autouse=True)
def _use_tiny(tiny: FashionMNIST, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_mnist, "load", lambda folder: tiny)  # noqa: ARG005


def finished(experiment: Experiment, runs: RunFolder) -> Run:
    run = runs.finished(experiment, 0)
    assert run is not None
    return run


@pytest.mark.slow
def test_probes_are_recorded_once(trained: Trained, capsys: pytest.CaptureFixture[str]) -> None:
    experiments, runs = trained
    run_probes.probe_finished(experiments, runs, data_folder=None)
    said = capsys.readouterr().out
    assert "cnn_a seed 0: " in said
    assert "baseline_permuted seed 0: " in said
    assert "n100" not in said, "networks trained on fewer images are not probed"
    cnn, permuted = (runs.probes(finished(e, runs)) for e in experiments[:2])
    assert cnn is not None
    assert permuted is not None
    assert np.array(cnn.translation["accuracy"]).shape == (17, 17)
    home = finished(experiments[0], runs).test["accuracy"]
    assert cnn.translation["accuracy"][8][8] == pytest.approx(home)
    assert cnn.corruptions["clean"] == pytest.approx(home)
    assert cnn.anatomy is not None
    assert np.array(cnn.anatomy["kernels"]).shape == (32, 3, 3)
    first, second = (np.array(layer["maps"]) for layer in cnn.anatomy["feature_maps"])
    assert (first.shape, second.shape) == ((8, 26, 26), (8, 11, 11))
    assert first.max() == 255
    assert permuted.anatomy is None
    run_probes.probe_finished(experiments, runs, data_folder=None)
    assert "seed" not in capsys.readouterr().out


def test_other_weights_are_refused(trained: Trained, tiny: FashionMNIST) -> None:
    experiments, runs = trained
    run = finished(experiments[0], runs)
    other = replace(run, test_predictions=run.test_predictions[::-1])
    with pytest.raises(TrainingError, match="answers otherwise than cnn_a seed 0 is recorded to; delete the record"):
        run_probes.probe(experiments[0], other, tiny, runs)


def test_a_repeated_run_is_probed_again(trained: Trained, tiny: FashionMNIST) -> None:
    experiments, runs = trained
    run = finished(experiments[1], runs)
    run_probes.probe(experiments[1], run, tiny, runs)
    assert runs.probes(run) is not None
    assert runs.probes(replace(run, test_predictions="0" * len(run.test_predictions))) is None


def test_runs_without_weights_are_counted(trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    experiments, runs = trained
    elsewhere = RunFolder(tmp_path)
    with pytest.raises(TrainingError, match="has no finished run to probe"):
        run_probes.probe_finished(experiments, elsewhere, data_folder=None)
    elsewhere.save(finished(experiments[0], runs))
    run_probes.probe_finished(experiments, elsewhere, data_folder=None)
    assert capsys.readouterr().out.startswith("1 finished run has no weights here")


def test_records_are_a_line_a_field(trained: Trained, tiny: FashionMNIST) -> None:
    experiments, runs = trained
    run = finished(experiments[1], runs)
    run_probes.probe(experiments[1], run, tiny, runs)
    lines = (runs.folder / "baseline_permuted" / "seed-0.probes.json").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 + len(vars(runs.probes(run)))
    assert json.loads("\n".join(lines))["seed"] == 0
