"""The training container's ``train``, and a script for a plain shell: run experiments, write a bundle.

Obeys Amazon SageMaker AI's contract for training containers (developer guide, "Use your own training algorithms"):
hyperparameters come as JSON strings in ``/opt/ml/input/config/hyperparameters.json``, the data in the channel
``training``, finished epochs go to ``/opt/ml/checkpoints``, the bundle to ``/opt/ml/model``, and the reason of a
failure to ``/opt/ml/output/failure``. Command-line options are the same hyperparameters, and win over the file::

    python training/train.py --experiments cnn_a --epochs 1 --model-dir /tmp/bundle --checkpoints /tmp/runs
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

if not __package__:
    # Run as a file: Python put this folder first on its path, where our modules would hide standard ones.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from training.errors import TrainingError
from training.registry import for_serving, select
from training.runs import RunFolder

ML = Path("/opt/ml")
_HYPERPARAMETERS = ML / "input" / "config" / "hyperparameters.json"
_FAILURE = ML / "output" / "failure"


def main(arguments: list[str] | None = None) -> int:
    """Train and write the bundle; returns the exit status."""
    # SageMaker stops a job with SIGTERM; as process 1 of a container, Python would not even notice.
    signal.signal(signal.SIGTERM, _stop)
    try:
        options = _parser().parse_args([*_from_file(), *(sys.argv[1:] if arguments is None else arguments)])
        _train(options)
    except TrainingError as error:
        _report_failure(str(error))
        return 1
    except Exception as error:
        _report_failure(f"{type(error).__name__}: {error}")
        raise
    return 0


def _stop(*_: object) -> None:
    print("stopped; finished epochs are in the checkpoints, the same job continues after them", file=sys.stderr)
    sys.exit(128 + signal.SIGTERM)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise TrainingError(f"{message}; the hyperparameters are: experiments, seeds, epochs")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="train", description="Run experiments and write a bundle.", allow_abbrev=False)
    parser.add_argument("--experiments", default="baseline,cnn_a,cnn_b", help="names, separated by commas")
    parser.add_argument("--seeds", type=int, default=1, help="seeds 0 to N-1; seed 0 is the one in the bundle")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's number")
    parser.add_argument("--data", type=Path, help="folder with Fashion-MNIST's four IDX files")
    parser.add_argument("--model-dir", type=Path, default=Path(os.environ.get("SM_MODEL_DIR", ML / "model")))
    parser.add_argument("--checkpoints", type=Path, default=ML / "checkpoints", help="folder of the runs")
    return parser


def _from_file() -> list[str]:
    """Turn SageMaker's hyperparameters, all strings, into options, so that one parser checks both."""
    try:
        content = json.loads(_HYPERPARAMETERS.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise TrainingError(f"{_HYPERPARAMETERS} is not JSON: {error}") from error
    return [f"--{name}={value}" for name, value in content.items()]


def _train(options: argparse.Namespace) -> None:
    if options.seeds < 1 or (options.epochs is not None and options.epochs < 1):
        raise TrainingError("seeds and epochs must be 1 or more")
    experiments = select([name.strip() for name in options.experiments.split(",")], epochs=options.epochs)
    for_serving(experiments)  # before hours of training that nothing could be released from
    runs = RunFolder(options.checkpoints)

    from training.commands import run_experiments
    from training.release import release

    run_experiments(experiments, seeds=options.seeds, runs=runs, data_folder=options.data)
    release(experiments, runs, options.model_dir, seed=0, data_folder=options.data)


def _report_failure(reason: str) -> None:
    print(f"error: {reason}", file=sys.stderr)
    if _FAILURE.parent.is_dir():
        _FAILURE.write_text(reason, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
