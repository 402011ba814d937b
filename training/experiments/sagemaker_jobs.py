"""Runs a plan on Amazon SageMaker AI: one training job per experiment and seed, its record collected when it is done.

Each job runs ``train.py`` with one seed, in this project's training image or, as ``SourceCode``, in AWS's TensorFlow
image. A job's name begins with what it computes, the run's fingerprint included, so that a later call finds jobs that
are under way or done, and submits only what is missing.
"""

import os
import re
import tarfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import boto3.exceptions
import botocore.exceptions
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.shapes import CheckpointConfig, MetricDefinition, OutputDataConfig, StoppingCondition
from sagemaker.core.training.configs import Compute, InputData, SourceCode
from sagemaker.train import ModelTrainer

from training.data import fashion_mnist
from training.errors import TrainingError
from training.experiments.experiment import Experiment
from training.experiments.local_runner import Plan, plan_runs, refuse_to_overwrite
from training.experiments.progress import Console
from training.experiments.registry import select
from training.experiments.runs import RunFolder

METRICS = {name: rf"epoch \d+/\d+ .*\b{name}=([0-9.]+)" for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
"""CloudWatch metrics, by the regular expression that finds them in the line after each epoch."""

TENSORFLOW_VERSION, PYTHON_VERSION = "2.21", "py312"
MAX_RUN_SECONDS = 6 * 3600
POLL_S = 15.0

_PREFIX = "ecl"
_ROOT = Path(__file__).parents[2]
# Before it submits, the SDK simulates whether the role may make network interfaces in a VPC, and refuses one that may
# not. These jobs are in no VPC: such a check would refuse exactly the roles with least privilege.
os.environ.setdefault("SAGEMAKER_VALIDATE_ROLE", "false")

_NO_TELEMETRY = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}


@dataclass(frozen=True)
class Where:
    """Where jobs run, and on whose account.

    Attributes:
        role: ARN of the role the jobs assume.
        bucket: S3 bucket for data and results.
        image: URI of this project's training image; None for AWS's TensorFlow image with the code sent along.
        instance: instance type.
        spot: managed spot instances, checkpointed to the bucket.

    """

    role: str | None
    bucket: str | None
    image: str | None
    instance: str
    spot: bool


def plan(names: Sequence[str], *, seeds: int | None, epochs: int | None) -> Plan:
    """List the runs of some experiments, as ``python -m training run`` would.

    Raises:
        TrainingError: no experiment has such a name.

    """
    return plan_runs(select(list(names), epochs=epochs), seeds=seeds)


def run(
    plan: Plan,
    where: Where,
    *,
    runs: RunFolder,
    data_folder: Path | None,
    jobs: int,
    ask: bool,
    account: boto3.Session | None = None,
) -> None:
    """Submit what is missing, ``jobs`` at a time, wait, and put the records where local runs are.

    ``account`` is whose AWS account and region; where not given, what the environment says.

    Raises:
        TrainingError: credentials, role, bucket or quota are missing, a job failed, or the user said no.

    """
    for experiment, seed in plan:
        refuse_to_overwrite(experiment, seed, runs)
    due = [(e, seed) for e, seed in plan if runs.finished(e, seed) is None]
    if not due:
        print("nothing to do: all runs are finished")
        return
    if where.role is None or where.bucket is None:
        raise TrainingError(
            "--on sagemaker needs --role ARN, which the jobs assume, and --bucket NAME for their results"
        )
    with _explained(where):
        session = _session(where.bucket, account or boto3.Session())
        client = session.boto_session.client("sagemaker")
        found = {_job_name(e, seed): _latest(client, _job_name(e, seed)) for e, seed in due}
        missing = sum(job is None for job in found.values())
        if missing and ask:
            _ask(missing, where)
        data = _upload(session, data_folder) if missing else ""
        with Console(runs=len(due)) as console:
            waiting, active = list(due), dict[str, tuple[Experiment, int]]()
            while waiting or active:
                while waiting and len(active) < jobs:
                    experiment, seed = waiting.pop(0)
                    name = found[_job_name(experiment, seed)]
                    if name is None:
                        name = _submit(session, experiment, seed, where, data)
                        console.line(f"{experiment.name} seed {seed}: submitted as {name}")
                    active[name] = experiment, seed
                for name, (experiment, seed) in list(active.items()):
                    if _done(client, name):
                        _collect(session, client, name, runs, experiment.name)
                        del active[name]
                        console.finish(f"{experiment.name} seed {seed}: collected from {name}")
                if active:
                    time.sleep(POLL_S)


def _job_name(experiment: Experiment, seed: int) -> str:
    """Name what a job computes, in SageMaker's alphabet; the SDK appends the time."""
    name = re.sub("[^a-zA-Z0-9]+", "-", experiment.name)
    return f"{_PREFIX}-{name}-{seed}-{experiment.fingerprint(seed)[:8]}"


def _session(bucket: str, boto_session: boto3.Session) -> Session:
    if boto_session.region_name is None:
        raise TrainingError("no AWS region is set; set AWS_DEFAULT_REGION, or region in ~/.aws/config")
    return Session(boto_session, default_bucket=bucket, sagemaker_config=_NO_TELEMETRY)


def _ask(missing: int, where: Where) -> None:
    kind = "spot " if where.spot else ""
    print(
        f"This starts {missing} training jobs on {kind}instances of {where.instance}, each for up to "
        f"{MAX_RUN_SECONDS // 3600} hours, and costs money on your AWS account."
    )
    if input("Go on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise TrainingError("nothing was submitted")


def _upload(session: Session, data_folder: Path | None) -> str:
    """Put the dataset into the bucket, once for all jobs; returns its S3 URI."""
    source = fashion_mnist.load(data_folder).source
    uri: str = session.upload_data(str(source), key_prefix=f"{_PREFIX}/fashion-mnist")
    return uri


def _submit(session: Session, experiment: Experiment, seed: int, where: Where, data: str) -> str:
    base, results = _job_name(experiment, seed), f"s3://{where.bucket}/{_PREFIX}"
    trainer = ModelTrainer(
        sagemaker_session=session,
        role=where.role,
        base_job_name=base,
        training_image=where.image
        or image_uris.retrieve(
            "tensorflow",
            session.boto_region_name,
            version=TENSORFLOW_VERSION,
            py_version=PYTHON_VERSION,
            instance_type=where.instance,
            image_scope="training",
        ),
        source_code=None
        if where.image
        else SourceCode(
            source_dir=str(_ROOT),
            entry_script="training/train.py",
            requirements="training/requirements.txt",
            ignore_patterns=[
                ".*",
                "models",
                "runs",
                "tests",
                "service",
                "benchmarks",
                "deploy",
                "docker",
                "__pycache__",
            ],
        ),
        compute=Compute(
            instance_type=where.instance,
            instance_count=1,
            volume_size_in_gb=30,
            enable_managed_spot_training=where.spot,
        ),
        stopping_condition=StoppingCondition(
            max_runtime_in_seconds=MAX_RUN_SECONDS,
            **({"max_wait_time_in_seconds": 2 * MAX_RUN_SECONDS} if where.spot else {}),
        ),
        output_data_config=OutputDataConfig(s3_output_path=f"{results}/jobs"),
        checkpoint_config=CheckpointConfig(s3_uri=f"{results}/checkpoints/{base}", local_path="/opt/ml/checkpoints"),
        hyperparameters={
            "experiments": experiment.name,
            "seed": seed,
            "epochs": experiment.recipe.epochs,
            "probe": experiment.probed,
        },
    ).with_metric_definitions([MetricDefinition(name=name, regex=regex) for name, regex in METRICS.items()])
    trainer.train([InputData(channel_name="training", data_source=data)], wait=False, logs=False)
    job = trainer._latest_training_job  # the SDK has no public name for it
    if job is None:  # its telemetry has swallowed an interruption
        raise KeyboardInterrupt
    name: str = job.training_job_name
    return name


def _latest(client: Any, base: str) -> str | None:
    """Find the newest job of that name which is under way or has succeeded."""
    listed = client.list_training_jobs(NameContains=base, SortBy="CreationTime", SortOrder="Descending")
    alive = (job for job in listed["TrainingJobSummaries"] if job["TrainingJobStatus"] in ("InProgress", "Completed"))
    return next((job["TrainingJobName"] for job in alive), None)


def _done(client: Any, name: str) -> bool:
    job = client.describe_training_job(TrainingJobName=name)
    status = job["TrainingJobStatus"]
    if status in ("Failed", "Stopped"):
        raise TrainingError(
            f"the training job {name} ended as {status}: {job.get('FailureReason', 'no reason is given')}. Its log is "
            f"in CloudWatch under /aws/sagemaker/TrainingJobs, streams {name}/…. Finished jobs have been collected; "
            "the same command goes on with the rest"
        )
    return bool(status == "Completed")


def _collect(session: Session, client: Any, name: str, runs: RunFolder, experiment: str) -> None:
    """Unpack an experiment's records and weights, not its teacher's, from a job's output among the local runs."""
    output = client.describe_training_job(TrainingJobName=name)["OutputDataConfig"]["S3OutputPath"]
    bucket, _, prefix = output.removeprefix("s3://").partition("/")
    key = f"{prefix.rstrip('/')}/{name}/output/output.tar.gz"
    content = session.boto_session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        # A run's own record comes last: what is interrupted before is collected again.
        for member in sorted(archive.getmembers(), key=lambda m: bool(re.search(r"seed-\d+\.json$", m.name))):
            ours = re.fullmatch(rf"(?:\./)?runs/{experiment}/(seed-\d+(\.probes)?\.(json|keras))", member.name)
            if ours is not None and member.isfile() and (file := archive.extractfile(member)) is not None:
                # By hand: extract() has its filters from Python 3.11.4 on, and a name and bytes are all that is wanted.
                folder = runs.folder / experiment
                folder.mkdir(parents=True, exist_ok=True)
                (folder / ours[1]).write_bytes(file.read())


@contextmanager
def _explained(where: Where) -> Iterator[None]:
    """Turn AWS's errors into a paragraph that says what to do."""
    try:
        yield
    except (botocore.exceptions.NoCredentialsError, botocore.exceptions.TokenRetrievalError) as error:
        raise TrainingError(
            f"AWS knows no credentials of yours ({error}); run aws configure or aws sso login, or set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from error
    except EOFError as error:
        raise TrainingError("nobody answers; --yes submits without asking") from error
    except botocore.exceptions.EndpointConnectionError as error:
        raise TrainingError(f"AWS cannot be reached ({error}); check the network and the region") from error
    except botocore.exceptions.ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        advice = {
            "AccessDenied": "the credentials in use lack that permission; ask for it, or use others",
            "AccessDeniedException": "the credentials in use lack that permission; ask for it, or use others",
            "ResourceLimitExceeded": f"ask AWS for a higher quota of {where.instance}, or use fewer --jobs",
            "NoSuchKey": "the job left no output; its log is in CloudWatch under /aws/sagemaker/TrainingJobs",
            "ValidationException": "check --role, --image and --instance",
        }.get(code, "see the message")
        raise TrainingError(
            f"AWS refused {error.operation_name} with {code}: {message} What to do: {advice}"
        ) from error
    except (boto3.exceptions.Boto3Error, botocore.exceptions.BotoCoreError) as error:
        raise TrainingError(f"AWS could not be used: {error}. The same command goes on where it was") from error
