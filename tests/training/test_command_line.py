"""``python -m training`` and ``training/train.py``, as a person or SageMaker starts them."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.models.bundle import Bundle
from tests.conftest import ROOT
from training import train
from training.__main__ import main
from training.data.fashion_mnist import FashionMNIST


def test_help_and_typing_errors_do_not_wait_for_tensorflow() -> None:
    code = "import sys; from training.__main__ import main; main(['list']); assert 'keras' not in sys.modules"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "cnn_a              CNN A (3×3)" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "vgg"], ["error: no experiment is called vgg", "baseline, cnn_a, cnn_b"]),
        (["run", "cnn_a", "--data", "/nowhere", "--runs", "/tmp/none"], ["there is no folder /nowhere (--data"]),  # noqa: S108
        (["report", "--models", "/nowhere"], ["/nowhere holds no bundle"]),
    ],
)
def test_mistakes_end_in_one_line(arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    for word in words:
        assert word in said


@pytest.mark.parametrize("number", ["0", "-1", "x"])
def test_numbers_are_checked(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", "--seeds", number])
    assert "--seeds" in capsys.readouterr().err


def test_an_interrupted_run_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.experiments.local_runner.run_experiments", interrupt)
    assert main(["run"]) == 130
    assert "the same command continues" in capsys.readouterr().err


def test_whoever_reads_may_have_enough() -> None:
    command = [sys.executable, "-u", "-m", "training", "list"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        # A page, of which hardly any is read: the list does not fit, so it cannot end before its reader leaves.
        fcntl.fcntl(listing.stdout, fcntl.F_SETPIPE_SZ, 4096)
        assert os.read(listing.stdout.fileno(), 9) == b"baseline "
        listing.stdout.close()
        assert listing.stderr.read() == ""
    assert listing.returncode == 1


@pytest.mark.slow
def test_train_script_from_a_plain_shell_writes_a_bundle(dataset: FashionMNIST, tmp_path: Path) -> None:
    """One epoch of the dense network on all 55,000 images: seconds."""
    options = ["--experiments=baseline", "--epochs=1", f"--data={dataset.source}"]
    folders = [f"--model-dir={tmp_path / 'model'}", f"--checkpoints={tmp_path / 'checkpoints'}"]
    command = [sys.executable, str(ROOT / "training" / "train.py"), *options, *folders]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "baseline seed 0 epoch 1/1 accuracy=0." in ended.stdout
    bundle = Bundle(tmp_path / "model")
    assert bundle.manifest.default_model == "baseline"
    assert bundle.manifest.models["baseline"].training["test_accuracy"] > 0.75


@pytest.fixture
def opt_ml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """SageMaker's folder, elsewhere."""
    for folder in ("input/config", "output", "model"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(train, "_HYPERPARAMETERS", tmp_path / "input" / "config" / "hyperparameters.json")
    monkeypatch.setattr(train, "_FAILURE", tmp_path / "output" / "failure")
    return tmp_path


@pytest.mark.parametrize(
    ("hyperparameters", "words"),
    [
        (
            {"learning_rate": "0.1"},
            ["learning_rate", "hyperparameters are: experiments, seeds or seed, epochs, probe"],
        ),
        ({"probe": "maybe"}, ["probe", "must be true or false, not 'maybe'"]),
        ({"seed": "-1"}, ["seed", "0 or more, not '-1'"]),
        ({"epochs": "many"}, ["epochs", "'many'"]),
        ({"epochs": "0"}, ["epochs", "1 or more, not '0'"]),
        ({"experiments": "cnn_a,vgg"}, ["no experiment is called vgg"]),
    ],
)
def test_bad_hyperparameters_become_the_jobs_failure(
    opt_ml: Path, hyperparameters: dict[str, str], words: list[str]
) -> None:
    (opt_ml / "input" / "config" / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    assert train.main([]) == 1
    reason = (opt_ml / "output" / "failure").read_text()
    assert "\n" not in reason
    for word in words:
        assert word in reason
