"""``sagemaker-contract``, in this repository ``python -m tests.contract``: run the suite and print its table."""

import argparse
import os
import sys
from pathlib import Path

import httpx
import pytest

from .subject import Sample, Subject
from .table import Table
from .targets import CommandTarget, ImageTarget, Target, TargetError

_FOLDER = Path(__file__).parent
_BREACH, _NOT_JUDGED = 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Run the suite; the exit status is 1 if a must failed, 2 if nothing could be judged, else 0."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        subject = _subject(options)
        _require_answer(subject)
    except (OSError, ValueError, TargetError) as error:
        print(f"error: {error}", file=sys.stderr)
        return _NOT_JUDGED
    table = Table(subject)
    # The suite's own settings and plugins, wherever it is run; its table says what pytest would.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    settings = ["-c", os.devnull, f"--rootdir={_FOLDER}", f"--confcutdir={_FOLDER}", "--import-mode=importlib"]
    settings += ["-p", "no:cacheprovider", "-p", "no:terminal"]
    if options.only:
        settings += ["-k", options.only]
    status = pytest.main([*settings, str(_FOLDER)], plugins=[table])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        reasons = {
            pytest.ExitCode.NO_TESTS_COLLECTED: f"--only {options.only} matches no row; try --only ping",
            pytest.ExitCode.USAGE_ERROR: f"--only {options.only} is no expression as pytest -k takes it",
        }
        reason = reasons.get(pytest.ExitCode(status), f"pytest ended with {status!s}")
        print(f"error: no row was judged: {reason}", file=sys.stderr)
        return _NOT_JUDGED
    if options.json:
        table.write(options.json)
    print(f"\n{table.summary()}")
    return _BREACH if table.breaches else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sagemaker-contract",
        description="Check a server or an image against SageMaker's hosting contract.",
        epilog="Exit status: 1 if a row failed that AWS demands, 2 if nothing could be judged, else 0.",
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--url", help="a running server; rows that restart it are skipped")
    target.add_argument("--image", help="an image, started with docker as SageMaker does")
    target.add_argument(
        "--command",
        help="a command that starts a server: with {port} in it, or else with 'serve' appended, on the port in "
        "SAGEMAKER_BIND_TO_PORT",
    )
    parser.add_argument("--body", type=Path, required=True, help="a file with a request that the model can answer")
    parser.add_argument("--content-type", required=True, help="the content type of --body")
    parser.add_argument(
        "--ignore-fields", default="", help="JSON fields that differ in each answer: names with commas between them"
    )
    parser.add_argument("--mme-model", type=Path, help="a folder with a model to load in multi-model mode")
    parser.add_argument("--mme-small", metavar="NAME=VALUE", help="a variable that leaves no memory for that model")
    parser.add_argument("--stop-seconds", type=float, default=30, help="the longest time from SIGTERM to the end [30]")
    parser.add_argument("--only", metavar="EXPRESSION", help="run the rows that match, as pytest -k does")
    parser.add_argument("--json", type=Path, help="write the verdicts into this file")
    return parser


def _subject(options: argparse.Namespace) -> Subject:
    target: Target | None = None
    if options.image:
        target = ImageTarget(options.image)
    elif options.command:
        target = CommandTarget(options.command)
    if not options.body.is_file():
        raise ValueError(f"--body is {options.body}; there is no such file")
    name, equals, value = (options.mme_small or "").partition("=")
    if options.mme_small and not equals:
        raise ValueError(f"--mme-small is {options.mme_small!r}; expected NAME=VALUE")
    if options.mme_model and not options.mme_model.is_dir():
        raise ValueError(f"--mme-model is {options.mme_model}; there is no such folder")
    return Subject(
        sample=Sample(
            options.body.read_bytes(),
            options.content_type,
            frozenset(filter(None, options.ignore_fields.split(","))),
        ),
        target=target,
        url=options.url and options.url.rstrip("/"),
        stop_seconds=options.stop_seconds,
        mme_model=options.mme_model and options.mme_model.resolve(),
        mme_small={name: value} if equals else {},
    )


def _require_answer(subject: Subject) -> None:
    """Require that the sample is answered with 200; rows would mean nothing otherwise.

    Raises:
        TargetError: it is not, or there is no server.

    """
    with subject.served() as url:
        try:
            answer = subject.sample.ask(url)
        except httpx.HTTPError as error:
            raise TargetError(f"POST {url}/invocations was not answered: {error}") from None
    if answer.status_code != 200:
        raise TargetError(
            f"the sample was answered with {answer.status_code}: {' '.join(answer.text.split())[:200]!r}. "
            "Name a request that the model can answer with --body and --content-type"
        )


if __name__ == "__main__":
    sys.exit(main())
