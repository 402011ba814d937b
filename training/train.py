"""Runs experiments and writes a bundle: one file, started in three ways.

- As ``train`` in this project's training container, by Amazon SageMaker AI's contract for training containers
  (developer guide, "Use your own training algorithms"): hyperparameters come as JSON strings in
  ``/opt/ml/input/config/hyperparameters.json``, the data in the channel ``training``, finished epochs go to
  ``/opt/ml/checkpoints``, the bundle to ``/opt/ml/model``, and the reason of a failure to ``/opt/ml/output/failure``.
- As the entry script of another TensorFlow image, such as AWS's, through the SageMaker SDK's ``SourceCode``: its
  driver passes hyperparameters as options and folders in ``SM_*`` variables.
- In a plain shell; options are the same hyperparameters, and win over the file::

    python training/train.py --experiments cnn_a --epochs 1 --model-dir /tmp/bundle --checkpoints /tmp/runs

With ``seed``, it is one worker of many: it trains and probes that one seed, and leaves the records and weights in
``/opt/ml/output/data`` for whoever submitted it, instead of a bundle.
"""

import argparse
import json
import os
import shutil
import signal
import sys
from pathlib import Path

if not __package__:
    # Run as a file: Python put this folder first on its path, where our modules would hide standard ones.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from training.arguments import positive
from training.errors import TrainingError
from training.experiments.registry import for_serving, select
from training.experiments.runs import RunFolder

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
        raise TrainingError(f"{message}; the hyperparameters are: experiments, seeds or seed, epochs, probe")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="train", description="Run experiments and write a bundle.", allow_abbrev=False)
    parser.add_argument("--experiments", default="baseline,cnn_a,cnn_b", help="names, separated by commas")
    parser.add_argument("--seeds", type=positive, default=1, help="seeds 0 to N-1; seed 0 is the one in the bundle")
    parser.add_argument("--seed", type=_seed, help="this one seed only, and its records instead of a bundle")
    parser.add_argument("--epochs", type=positive, help="instead of the recipe's number")
    parser.add_argument(
        "--probe", type=_flag, default=False, help="true: try the networks on moved and corrupted pictures"
    )
    parser.add_argument("--data", type=Path, help="folder with Fashion-MNIST's four IDX files")
    parser.add_argument("--model-dir", type=Path, default=Path(os.environ.get("SM_MODEL_DIR", ML / "model")))
    parser.add_argument(
        "--output-data", type=Path, default=Path(os.environ.get("SM_OUTPUT_DATA_DIR", ML / "output/data"))
    )
    parser.add_argument("--checkpoints", type=Path, default=ML / "checkpoints", help="folder of the runs")
    return parser


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number, 0 or more, not {text!r}")
    return int(text)


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"must be true or false, not {text!r}")
    return text.lower() == "true"


def _from_file() -> list[str]:
    """Turn SageMaker's hyperparameters, all strings, into options, so that one parser checks both."""
    try:
        content = json.loads(_HYPERPARAMETERS.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise TrainingError(f"{_HYPERPARAMETERS} is not JSON: {error}") from error
    # What starts with sagemaker_ is AWS's training toolkit talking to itself.
    return [f"--{name}={value}" for name, value in content.items() if not name.startswith("sagemaker_")]


def _train(options: argparse.Namespace) -> None:
    experiments = select([name.strip() for name in options.experiments.split(",")], epochs=options.epochs)
    if options.seed is None:
        for_serving(experiments)  # before hours of training that nothing could be released from
    runs = RunFolder(options.checkpoints)

    from training.experiments.local_runner import plan_runs, run_experiments

    if options.seed is None:
        run_experiments(plan_runs(experiments, seeds=options.seeds), runs=runs, data_folder=options.data)
    else:
        run_experiments([(e, options.seed) for e in experiments], runs=runs, data_folder=options.data)
    if options.probe:
        from training.experiments.run_probes import probe_finished

        probe_finished(experiments, runs, data_folder=options.data)
    if options.seed is None:
        from training.release.bundle import release

        release(experiments, runs, options.model_dir, seed=0, data_folder=options.data)
    else:
        shutil.copytree(runs.folder, options.output_data / "runs", dirs_exist_ok=True)


def _report_failure(reason: str) -> None:
    print(f"error: {reason}", file=sys.stderr)
    if _FAILURE.parent.is_dir():
        _FAILURE.write_text(reason, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
