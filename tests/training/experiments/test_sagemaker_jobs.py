"""Training jobs submitted to a real moto server over HTTP, each run by the real ``train.py``.

moto accepts training jobs and calls them done at once, but runs nothing. What SageMaker would do with a job, start
``train.py`` and upload ``/opt/ml/output/data``, is done here, before moto sees the request.
"""

import os
import subprocess
import sys
import tarfile
import tomllib
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.aws import REGION
from tests.conftest import ROOT
from training.__main__ import main
from training.data.fashion_mnist import FashionMNIST
from training.errors import TrainingError
from training.experiments import sagemaker_jobs
from training.experiments.local_runner import plan_runs
from training.experiments.progress import Lines
from training.experiments.registry import EXPERIMENTS, select
from training.experiments.runs import RunFolder

# The SDK leaves a temporary folder to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

BUCKET = "results"
ROLE = "arn:aws:iam::123456789012:role/training"
WHERE = sagemaker_jobs.Where(
    ROLE, BUCKET, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ecl:1", "ml.m5.xlarge", spot=True
)


@pytest.fixture(autouse=True)
def _bucket(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.setattr(sagemaker_jobs, "POLL_S", 0.01)
    boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """Every CreateTrainingJob request; each is run before moto sees it."""
    requests: list[dict[str, Any]] = []
    session = boto3.Session

    def run(params: dict[str, Any], **_: object) -> None:
        requests.append(params)
        _as_sagemaker(params, tmp_path / params["TrainingJobName"])

    def connect() -> boto3.Session:
        made = session()
        made.events.register("provide-client-params.sagemaker.CreateTrainingJob", run)
        # moto describes what a job does not have as empty, which the SDK's models refuse.
        made.events.register(
            "after-call.sagemaker.DescribeTrainingJob", lambda parsed, **_: parsed.pop("VpcConfig", None)
        )
        return made

    monkeypatch.setattr(boto3, "Session", connect)
    return requests


def _as_sagemaker(job: dict[str, Any], ml: Path) -> None:
    hyperparameters = [f"--{name}={value}" for name, value in job["HyperParameters"].items()]
    environment = {"SM_OUTPUT_DATA_DIR": str(ml / "output"), "SM_MODEL_DIR": str(ml / "model")}
    subprocess.run(
        [sys.executable, "training/train.py", *hyperparameters, f"--checkpoints={ml / 'checkpoints'}"],
        cwd=ROOT, env=os.environ | environment, check=True, capture_output=True,
    )  # fmt: skip
    content = BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.add(ml / "output", arcname=".")
    key = f"{job['OutputDataConfig']['S3OutputPath'].split('/', 3)[3]}/{job['TrainingJobName']}/output/output.tar.gz"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content.getvalue())


@pytest.mark.slow
def test_a_job_a_run_and_nothing_twice(
    submitted: list[dict[str, Any]],
    dataset: FashionMNIST,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = RunFolder(tmp_path / "runs")
    plan = plan_runs(select(["baseline_n100"], epochs=1), seeds=2)
    sagemaker_jobs.run(plan, WHERE, runs=runs, data_folder=dataset.source, jobs=1, ask=False)
    for experiment, seed in plan:
        run = runs.finished(experiment, seed)
        assert run is not None
        assert run.seed == seed
        assert runs.weights("baseline_n100", seed).is_file()
    assert "baseline_n100 seed 1: collected from ecl-baseline-n100-1-" in capsys.readouterr().out

    assert [job["HyperParameters"]["seed"] for job in submitted] == ["0", "1"]
    job = submitted[0]
    assert job["EnableManagedSpotTraining"] is True
    assert job["CheckpointConfig"]["LocalPath"] == "/opt/ml/checkpoints"
    assert job["ResourceConfig"]["InstanceType"] == "ml.m5.xlarge"
    assert job["AlgorithmSpecification"]["TrainingImage"] == WHERE.image
    (channel,) = job["InputDataConfig"]
    assert channel["ChannelName"] == "training"
    listed = boto3.client("s3").list_objects_v2(
        Bucket=BUCKET, Prefix=channel["DataSource"]["S3DataSource"]["S3Uri"].split("/", 3)[3]
    )
    assert listed["KeyCount"] == 4

    # Records that were lost are collected again from the jobs that made them.
    (tmp_path / "runs" / "baseline_n100" / "seed-1.json").unlink()
    sagemaker_jobs.run(plan, WHERE, runs=runs, data_folder=dataset.source, jobs=1, ask=False)
    assert runs.finished(*plan[1]) is not None
    sagemaker_jobs.run(plan, WHERE, runs=runs, data_folder=dataset.source, jobs=1, ask=False)
    assert len(submitted) == 2
    assert "nothing to do" in capsys.readouterr().out


@pytest.mark.slow
def test_without_an_image_the_code_goes_along(
    monkeypatch: pytest.MonkeyPatch,
    submitted: list[dict[str, Any]],
    dataset: FashionMNIST,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("tests.training.experiments.test_sagemaker_jobs._as_sagemaker", lambda *_: None)
    plan = plan_runs(select(["baseline_n100"], epochs=1), seeds=1)
    where = sagemaker_jobs.Where(ROLE, BUCKET, None, "ml.m5.xlarge", spot=False)
    with pytest.raises(TrainingError, match="left no output"):  # nobody ran it
        sagemaker_jobs.run(plan, where, runs=RunFolder(tmp_path), data_folder=dataset.source, jobs=1, ask=False)
    (job,) = submitted
    assert job["AlgorithmSpecification"]["TrainingImage"].endswith("/tensorflow-training:2.21-cpu-py312")
    code = next(c for c in job["InputDataConfig"] if c["ChannelName"] == "code")["DataSource"]["S3DataSource"]["S3Uri"]
    keys = [
        item["Key"].removeprefix(code.split("/", 3)[3]).lstrip("/")
        for item in boto3.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=code.split("/", 3)[3])["Contents"]
    ]
    assert {"training/train.py", "training/requirements.txt"} <= set(keys)
    assert not [key for key in keys if key.startswith((".", "models", "tests")) or "/runs/" in key]


def test_failures_are_explained(
    aws: str, monkeypatch: pytest.MonkeyPatch, dataset: FashionMNIST, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*options: str) -> str:
        arguments = [
            "run",
            "baseline_n100",
            "--on",
            "sagemaker",
            "--runs",
            str(tmp_path),
            "--data",
            str(dataset.source),
        ]
        assert main([*arguments, "--role", ROLE, "--bucket", BUCKET, *options]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    monkeypatch.setattr("builtins.input", lambda _: "n")
    assert "nothing was submitted" in fails()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "run aws configure" in fails("--yes")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.rsplit(":", 1)[0] + ":9")
    assert "AWS cannot be reached" in fails("--yes")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "set AWS_DEFAULT_REGION" in fails("--yes")
    assert main(["run", "baseline_n100", "--on", "sagemaker", "--runs", str(tmp_path)]) == 1
    assert "needs --role ARN" in capsys.readouterr().err


class _Ended:
    """A SageMaker client whose job has ended."""

    def describe_training_job(self, TrainingJobName: str) -> dict[str, str]:  # noqa: N803
        return {
            "TrainingJobName": TrainingJobName,
            "TrainingJobStatus": "Failed",
            "FailureReason": "AlgorithmError: no",
        }


def test_a_failed_job_says_why_and_where_its_log_is() -> None:
    with pytest.raises(
        TrainingError, match=r"job-1 ended as Failed: AlgorithmError: no\. .*/aws/sagemaker/TrainingJobs"
    ):
        sagemaker_jobs._done(_Ended(), "job-1")


def test_metrics_are_found_in_what_training_prints(capsys: pytest.CaptureFixture[str]) -> None:
    import re

    expected = {"loss": 0.3121, "accuracy": 0.8871, "val_loss": 0.4012, "val_accuracy": 0.8533}
    Lines("cnn_a seed 0").epoch(3, 12, expected)
    line = capsys.readouterr().out
    for name, regex in sagemaker_jobs.METRICS.items():
        found = re.search(regex, line)
        assert found is not None
        assert float(found[1]) == expected[name], name


def test_job_names_are_sagemakers() -> None:
    import re

    for experiment in EXPERIMENTS.values():
        name = sagemaker_jobs._job_name(experiment, 9)
        assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,39}", name), "with the SDK's time, at most 63 characters"


def test_requirements_are_the_training_groups() -> None:
    group = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = {*group["dependency-groups"]["training"][1:], *group["project"]["dependencies"]}
    lines = (ROOT / "training" / "requirements.txt").read_text().splitlines()[1:]
    assert set(lines) <= declared
    assert lines == sorted(lines)
