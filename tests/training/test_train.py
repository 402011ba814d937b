"""``training/train.py`` as one worker of many: started by the SDK's driver, killed, resumed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sagemaker.train import container_drivers

from tests.conftest import ROOT
from training.data.fashion_mnist import FashionMNIST
from training.experiments.local_runner import plan_runs, run_experiments
from training.experiments.registry import select
from training.experiments.runs import RunFolder

NAME, EPOCHS = "baseline_n1000", 12

pytestmark = pytest.mark.slow


def start(checkpoints: Path, output: Path, dataset: FashionMNIST) -> "subprocess.Popen[str]":
    command = [sys.executable, "training/train.py", f"--experiments={NAME}", "--seed=3", f"--epochs={EPOCHS}"]
    folders = [f"--checkpoints={checkpoints}", f"--output-data={output}", f"--data={dataset.source}"]
    return subprocess.Popen([*command, *folders], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_epoch(process: "subprocess.Popen[str]", epoch: int) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if f"epoch {epoch}/{EPOCHS}" in line:
            return
    raise AssertionError("the process ended before it was stopped")


@pytest.fixture(scope="module")
def uninterrupted(dataset: FashionMNIST, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    folder = tmp_path_factory.mktemp("whole")
    process = start(folder / "checkpoints", folder / "output", dataset)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    return weights(folder / "output")


def weights(output: Path) -> list[Any]:
    found: list[Any] = keras.models.load_model(output / "runs" / NAME / "seed-3.keras").get_weights()
    return found


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_stopped_job_goes_on_where_it_was(
    uninterrupted: list[Any], dataset: FashionMNIST, tmp_path: Path, sent: signal.Signals, status: int
) -> None:
    """A spot instance is taken away: SIGTERM, 120 s later SIGKILL; the checkpoints come back with the next one."""
    checkpoints, output = tmp_path / "checkpoints", tmp_path / "output"
    first = start(checkpoints, output, dataset)
    wait_for_epoch(first, 4)
    first.send_signal(sent)
    _, errors = first.communicate(timeout=120)
    assert first.returncode == status
    assert ("the same job continues after them" in errors) == (sent == signal.SIGTERM)
    assert not output.exists()

    second = start(checkpoints, output, dataset)
    printed, errors = second.communicate()
    assert second.returncode == 0, errors
    assert f"epoch 3/{EPOCHS}" not in printed, "it began anew"
    for expected, found in zip(uninterrupted, weights(output), strict=True):
        assert np.array_equal(expected, found)


def test_as_the_entry_script_of_another_image(dataset: FashionMNIST, tmp_path: Path) -> None:
    """Started by the driver that the SDK puts into a job with SourceCode, in the environment it makes."""
    driver = Path(container_drivers.__file__).parent / "distributed_drivers" / "basic_script_driver.py"
    hyperparameters: dict[str, object] = {"experiments": "baseline_n100", "seed": 0, "epochs": 1, "probe": True}
    hyperparameters["checkpoints"] = str(tmp_path / "checkpoints")
    environment = {
        "SM_ENTRY_SCRIPT": "training/train.py",
        "SM_HPS": json.dumps(hyperparameters),
        "SM_MODEL_DIR": str(tmp_path / "model"),
        "SM_OUTPUT_DATA_DIR": str(tmp_path / "output"),
        "SM_CHANNEL_TRAINING": str(dataset.source),
    }
    ended = subprocess.run(
        [sys.executable, str(driver)], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    record = json.loads((tmp_path / "output" / "runs" / "baseline_n100" / "seed-0.json").read_text())
    assert (record["experiment"], record["epochs"]) == ("baseline_n100", 1)
    assert not (tmp_path / "model").exists()


def test_several_networks_at_once(dataset: FashionMNIST, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    runs = RunFolder(tmp_path)
    plan = plan_runs(select(["baseline_n100"], epochs=2), seeds=2)
    run_experiments(plan, runs=runs, data_folder=dataset.source, jobs=2)
    printed = capfd.readouterr().out
    cpus = len(os.sched_getaffinity(0))
    for experiment, seed in plan:
        run = runs.finished(experiment, seed)
        assert run is not None
        assert run.provenance["cores"] == max(1, cpus // 2)
        assert f"baseline_n100 seed {seed} epoch 2/2 " in printed
        assert f"baseline_n100 seed {seed}: validation " in printed
