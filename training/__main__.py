"""``python -m training``: the offline commands."""

import argparse
import os
import sys
from pathlib import Path

from training.arguments import positive
from training.errors import TrainingError
from training.experiments.registry import select
from training.experiments.runs import DEFAULT_FOLDER, RunFolder

# TensorFlow logs notices, some marked as errors, that a user of these commands cannot act on; failures are exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_ROOT = Path(__file__).parent.parent
_DEFAULT_MODELS = _ROOT / "models"
_README, _RESULTS = _ROOT / "README.md", _ROOT / "training" / "RESULTS.md"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    if getattr(options, "photographs", None) is not None:
        os.environ["TRAINING_PHOTOGRAPHS"] = str(options.photographs)  # processes that are started inherit it
    try:
        options.command(options)
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"error: {error}; KERAS_BACKEND must name a backend that is installed", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; finished epochs are kept, the same command continues after them", file=sys.stderr)
        return 130
    except BrokenPipeError:  # who reads, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python's flush at exit fails in its turn
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description="Train, evaluate, report and release.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="the experiments, and the seeds finished of each")
    listing.set_defaults(command=_list)

    run = commands.add_parser("run", help="train and evaluate experiments; skips what is done, resumes what is not")
    run.add_argument(
        "names", nargs="*", metavar="NAME", help="which experiments (default: all); see: python -m training list"
    )
    run.add_argument("--seeds", type=positive, metavar="N", help="seeds 0 to N-1 (default: each experiment's number)")
    run.add_argument("--jobs", type=positive, default=1, metavar="N", help="so many networks at once (default: 1)")
    run.add_argument("--on", choices=("sagemaker",), help="not here: one SageMaker training job per network")
    cloud = run.add_argument_group(
        "with --on sagemaker (costs money; region and credentials as the AWS CLI takes them)"
    )
    cloud.add_argument("--role", metavar="ARN", help="role of the jobs; may read the data and write to the bucket")
    cloud.add_argument("--bucket", metavar="NAME", help="S3 bucket for data and results; made if need be")
    cloud.add_argument("--image", metavar="URI", help="this project's training image (default: AWS's TensorFlow image)")
    cloud.add_argument("--instance", default="ml.m5.xlarge", metavar="TYPE", help="(default: ml.m5.xlarge)")
    cloud.add_argument("--spot", action="store_true", help="cheaper, may be interrupted; goes on after the last epoch")
    cloud.add_argument("--yes", action="store_true", help="do not ask before spending")
    run.set_defaults(command=_run)

    probe = commands.add_parser(
        "probe", help="try trained networks on moved and corrupted pictures; skips what is done"
    )
    probe.add_argument("names", nargs="*", metavar="NAME", help="which experiments (default: all)")
    probe.set_defaults(command=_probe)

    report = commands.add_parser("report", help="write the bundle's report anew from the finished runs")
    report.set_defaults(command=_report)

    release = commands.add_parser("release", help="write the bundle the service reads: models, golden samples, report")
    release.add_argument("names", nargs="*", metavar="NAME", help="only these, of those that are served (default: all)")
    release.add_argument(
        "--seed", type=int, default=0, metavar="N", help="the seed whose weights are served (default: 0)"
    )
    release.set_defaults(command=_release)

    quantize = commands.add_parser("quantize", help="make the int8 models of a bundle that has none, or anew")
    quantize.set_defaults(command=_quantize)

    duplicates = commands.add_parser("duplicates", help="find test images that training images are nearly alike to")
    duplicates.set_defaults(command=_duplicates)

    strange = commands.add_parser("outliers", help="tell how well pictures that are no clothing are recognised as such")
    strange.set_defaults(command=_outliers)

    notebook = commands.add_parser(
        "notebook", help="write the notebook's Spanish twin: its code, with translated prose"
    )
    notebook.set_defaults(command=_notebook)

    litert = commands.add_parser(
        "litert", help="compile a SavedModel for LiteRT, so that it is served without TensorFlow"
    )
    litert.add_argument("folder", type=Path, metavar="DIR", help="the folder with saved_model.pb")
    litert.set_defaults(command=_litert)

    pictures = commands.add_parser("photographs", help="fetch and verify the photographs; goes on where it stopped")
    pictures.set_defaults(command=_fetch_photographs)

    for command in (run, release, pictures):
        command.add_argument(
            "--photographs", type=Path, metavar="DIR", help="folder of the photographs (default: this project's cache)"
        )
    for command in (listing, run, probe, report, release):
        command.add_argument("--runs", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="folder of the runs")
        command.add_argument("--epochs", type=positive, metavar="N", help="runs of N epochs instead of the recipe's")
    for command in (report, release, quantize, strange):
        command.add_argument("--models", type=Path, default=_DEFAULT_MODELS, metavar="DIR", help="folder of the bundle")
    for command in (run, probe, report, release, quantize, duplicates, strange):
        command.add_argument("--data", type=Path, metavar="DIR", help="folder with Fashion-MNIST's four IDX files")
    return parser


def _list(options: argparse.Namespace) -> None:
    runs = RunFolder(options.runs)
    for experiment in select([], epochs=options.epochs):
        seeds = [run.seed for run in runs.all(experiment)]
        print(f"{experiment.name:18} {experiment.title:32} {len(seeds)} of {experiment.seeds} seeds finished")


# The commands import late: Keras and TensorFlow take seconds to load, and --help need not wait for them.


def _run(options: argparse.Namespace) -> None:
    from training.experiments.local_runner import plan_runs, run_experiments

    plan = plan_runs(select(options.names, epochs=options.epochs), seeds=options.seeds)
    runs = RunFolder(options.runs)
    if options.on is None:
        run_experiments(plan, runs=runs, data_folder=options.data, jobs=options.jobs)
        return
    from training.experiments import sagemaker_jobs

    where = sagemaker_jobs.Where(options.role, options.bucket, options.image, options.instance, spot=options.spot)
    sagemaker_jobs.run(plan, where, runs=runs, data_folder=options.data, jobs=options.jobs, ask=not options.yes)


def _probe(options: argparse.Namespace) -> None:
    from training.experiments.run_probes import probe_finished

    probe_finished(select(options.names, epochs=options.epochs), RunFolder(options.runs), data_folder=options.data)


def _report(options: argparse.Namespace) -> None:
    from training.release.bundle import renew_report

    renew_report(select([], epochs=options.epochs), RunFolder(options.runs), options.models, data_folder=options.data)
    _update_documents(options.models)


def _release(options: argparse.Namespace) -> None:
    from training.release.bundle import release

    release(
        select(options.names, epochs=options.epochs),
        RunFolder(options.runs),
        options.models,
        seed=options.seed,
        data_folder=options.data,
    )
    _update_documents(options.models)


def _quantize(options: argparse.Namespace) -> None:
    from training.release.bundle import renew_quantization

    renew_quantization(options.models, data_folder=options.data)


def _outliers(options: argparse.Namespace) -> None:
    from training.release import ood_evaluation

    for line in ood_evaluation.report(options.models, data_folder=options.data):
        print(line)


def _litert(options: argparse.Namespace) -> None:
    from training.release.export import write_litert_model

    write_litert_model(options.folder)
    print(options.folder / "assets.extra" / "model.tflite")


def _fetch_photographs(options: argparse.Namespace) -> None:  # noqa: ARG001 (its folder is in the environment)
    from training.data import photograph_download, photographs

    def progress(done: int, total: int) -> None:
        end = "\n" if done == total else ""
        print(f"\r{done:,} of {total:,} photographs", end=end, file=sys.stderr, flush=True)

    photograph_download.fetch(photographs.folder(), progress)
    print(f"{photographs.folder()}: complete and verified")


def _duplicates(options: argparse.Namespace) -> None:
    from training.data import fashion_mnist, near_duplicates
    from training.experiments.runs import to_json, write_atomically

    data = fashion_mnist.load(options.data)
    found = near_duplicates.find(data.train_images, data.test_images).tolist()
    write_atomically(
        near_duplicates.RECORD, to_json({"correlation": near_duplicates.CORRELATION, "test_images": found})
    )
    print(f"{near_duplicates.RECORD}: {len(found)} of {len(data.test_images):,} test images")


def _notebook(options: argparse.Namespace) -> None:  # noqa: ARG001 (it has none)
    from training import notebook

    notebook.write_spanish_twin()


def _update_documents(models: Path) -> None:
    from training.release.bundle import update_documents

    if models == _DEFAULT_MODELS:  # the documents show the released bundle's results, and no other's
        update_documents(models, readme=_README, results=_RESULTS)


if __name__ == "__main__":
    sys.exit(main())
