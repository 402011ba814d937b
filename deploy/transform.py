"""A batch transform job: a file or a folder in, a file of answers for each out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sagemaker.core.resources import TransformJob
from sagemaker.core.shapes import (
    TransformDataSource,
    TransformInput,
    TransformOutput,
    TransformResources,
    TransformS3DataSource,
)

from deploy import storage, waiting
from deploy.account import Account
from deploy.errors import DeploymentError

LOG_GROUP = "/aws/sagemaker/TransformJobs"

# By the file's ending: the content type, and how SageMaker cuts the file into requests.
_KINDS = {
    ".csv": ("text/csv", "Line"),
    ".jsonl": ("application/jsonlines", "Line"),
    ".npy": ("application/x-npy", "None"),
    ".png": ("image/png", "None"),
    ".jpg": ("image/jpeg", "None"),
    ".jpeg": ("image/jpeg", "None"),
}


def run(account: Account, source: Path, *, model: str, kind: str, output: Path) -> list[Path]:
    """Classify every record of a file, or of a folder's files of one type; gives the files of answers.

    Args:
        account: whose bucket is used on the way.
        source: a .csv, .jsonl, .npy, .png or .jpg file, or a folder of such.
        model: the SageMaker model's name.
        kind: the instance type.
        output: the folder for the answers.

    Raises:
        DeploymentError: the files are of no type or several, or the job failed.

    """
    content_type, split = _kind(source)
    name = f"{account.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"[:63]
    uploaded = storage.upload(account, source, f"transform/{name}/in")
    job = TransformJob.create(
        transform_job_name=name,
        model_name=model,
        batch_strategy="MultiRecord" if split == "Line" else "SingleRecord",
        max_payload_in_mb=6,
        transform_input=TransformInput(
            data_source=TransformDataSource(
                s3_data_source=TransformS3DataSource(s3_data_type="S3Prefix", s3_uri=uploaded)
            ),
            content_type=content_type,
            split_type=split,
        ),
        transform_output=TransformOutput(
            s3_output_path=f"s3://{account.bucket}/transform/{name}/out",
            accept="application/jsonlines" if split == "Line" else "application/json",
            assemble_with=split,
        ),
        transform_resources=TransformResources(instance_type=kind, instance_count=1),
        tags=account.sdk_tags,
        **account.sdk,
    )
    waiting.until(lambda: _status(job), wanted="Completed", what=f"transform job {name}", log_group=LOG_GROUP)
    return storage.download(account, f"transform/{name}/out", output)


def _kind(source: Path) -> tuple[str, str]:
    files = [source] if source.is_file() else sorted(path for path in source.glob("*") if path.is_file())
    kinds = {_KINDS.get(path.suffix.lower()) for path in files}
    found = next(iter(kinds)) if len(kinds) == 1 else None
    if found is None:
        raise DeploymentError(
            f"{source} must be a file that ends in one of {', '.join(_KINDS)}, or a folder of files of one such type"
        )
    return found


def _status(job: Any) -> tuple[str, str | None]:
    job.refresh()
    reason = job.failure_reason
    return job.transform_job_status, reason if isinstance(reason, str) else None
