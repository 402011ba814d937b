"""A batch transform job: a file or a folder in, a file of answers for each out."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagemaker.core.resources import TransformJob
from sagemaker.core.shapes import (
    DataProcessing,
    TransformDataSource,
    TransformInput,
    TransformOutput,
    TransformResources,
    TransformS3DataSource,
)

from deploy import release, storage, waiting
from deploy.account import Account
from deploy.errors import DeploymentError

LOG_GROUP = "/aws/sagemaker/TransformJobs"
MAX_PAYLOAD_MB = 100
"""The largest request that batch transform sends; payload × concurrency may not be more either (API reference,
CreateTransformJob)."""

_DEFAULT_PAYLOAD_MB = 6
_MAX_CONCURRENT = 8

# By the file's ending: the content type, and how SageMaker cuts the file into requests.
_KINDS = {
    ".csv": ("text/csv", "Line"),
    ".jsonl": ("application/jsonlines", "Line"),
    ".npy": ("application/x-npy", "None"),
    ".png": ("image/png", "None"),
    ".jpg": ("image/jpeg", "None"),
    ".jpeg": ("image/jpeg", "None"),
}


@dataclass(frozen=True)
class Source:
    """What is to be classified.

    Attributes:
        path: the file, or the folder with files of one type.
        content_type: theirs.
        split: "Line" where SageMaker may cut a file into requests, else "None".
        payload_mb: the largest request that is to be sent.
        join: whether each answer is written behind the record it belongs to.

    """

    path: Path
    content_type: str
    split: str
    payload_mb: int
    join: bool

    @property
    def accept(self) -> str:
        """The answers' content type; joined ones must have the records' own."""
        if self.join:
            return self.content_type
        return "application/jsonlines" if self.split == "Line" else "application/json"


def look_at(path: Path, *, join: bool) -> Source:
    """Find out how a file, or a folder's files, must be sent.

    Args:
        path: a .csv, .jsonl, .npy, .png or .jpg file, or a folder of such.
        join: whether answers are to be joined to their records.

    Raises:
        DeploymentError: there are no files; or they are of no type or several, cannot be joined, or are too large.

    """
    if not path.exists():
        raise DeploymentError(f"there is no {path}; name a file or a folder")
    files = [path] if path.is_file() else sorted(file for file in path.glob("*") if file.is_file())
    kinds = {_KINDS.get(file.suffix.lower()) for file in files}
    found = next(iter(kinds)) if len(kinds) == 1 else None
    if found is None:
        raise DeploymentError(
            f"{path} must be a file that ends in one of {', '.join(_KINDS)}, or a folder of files of one such type"
        )
    content_type, split = found
    if join and split != "Line":
        raise DeploymentError(
            f"--join-input: {path} has no records that an answer could be written behind; .csv and .jsonl files have"
        )
    largest, what = max((_largest_request(file, split), str(file)) for file in files)
    payload_mb = math.ceil(largest / 1024**2)
    if payload_mb > MAX_PAYLOAD_MB:
        unit = "a line of " if split == "Line" else ""
        raise DeploymentError(
            f"{unit}{what} has {payload_mb} MB, and batch transform sends {MAX_PAYLOAD_MB} MB at once at most; it can "
            f"cut only .csv and .jsonl files, between lines: write smaller files"
        )
    return Source(path, content_type, split, max(payload_mb, _DEFAULT_PAYLOAD_MB), join)


def run(account: Account, source: Source, *, model: str, kind: str, key: str | None, output: Path) -> list[Path]:
    """Classify every record; gives the files of answers.

    Args:
        account: whose bucket is used on the way.
        source: as ``look_at`` gave it.
        model: the SageMaker model's name.
        kind: the instance type.
        key: the ARN of the KMS key that encrypts the instance's disk; None for AWS's own.
        output: the folder for the answers.

    Raises:
        DeploymentError: the job failed.

    """
    name = release.version_name(account)
    uploaded = storage.upload(account, source.path, f"transform/{name}/in")
    encrypted = {"volume_kms_key_id": key} if key else {}
    joined = {"data_processing": DataProcessing(join_source="Input")} if source.join else {}
    job = TransformJob.create(
        transform_job_name=name,
        model_name=model,
        batch_strategy="MultiRecord" if source.split == "Line" else "SingleRecord",
        max_payload_in_mb=source.payload_mb,
        max_concurrent_transforms=min(_MAX_CONCURRENT, MAX_PAYLOAD_MB // source.payload_mb),
        transform_input=TransformInput(
            data_source=TransformDataSource(
                s3_data_source=TransformS3DataSource(s3_data_type="S3Prefix", s3_uri=uploaded)
            ),
            content_type=source.content_type,
            split_type=source.split,
        ),
        transform_output=TransformOutput(
            s3_output_path=f"s3://{account.bucket}/transform/{name}/out",
            accept=source.accept,
            assemble_with=source.split,
        ),
        transform_resources=TransformResources(instance_type=kind, instance_count=1, **encrypted),
        tags=account.sdk_tags,
        **joined,
        **account.sdk,
    )
    waiting.until(lambda: _status(job), wanted="Completed", what=f"transform job {name}", log_group=LOG_GROUP)
    return storage.download(account, f"transform/{name}/out", output)


def _largest_request(file: Path, split: str) -> int:
    """Count the bytes of the largest piece of a file that cannot be cut."""
    if split == "None":
        return file.stat().st_size
    with file.open("rb") as lines:
        return max(map(len, lines), default=0)


def _status(job: Any) -> tuple[str, str | None]:
    job.refresh()
    reason = job.failure_reason
    return job.transform_job_status, reason if isinstance(reason, str) else None
