"""The deployment's S3 bucket, and the model.tar.gz in it."""

import gzip
import hashlib
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from deploy.account import Account
from deploy.errors import DeploymentError, code_of, is_missing

EXPIRY_DAYS = {"captured": 30, "transform": 7}
"""After how many days S3 deletes users' pictures and the answers to them, by the prefix they lie below."""


def ensure_bucket(account: Account) -> None:
    """Make the bucket, tagged from its first moment, closed to the public, and with a time limit on users' data."""
    s3 = account.client("s3")
    what = f"the bucket {account.bucket}"
    try:
        account.require_own(what, s3.get_bucket_tagging(Bucket=account.bucket).get("TagSet", []))
    except ClientError as error:
        if not is_missing(error):
            raise
        if code_of(error) == "NoSuchTagSet":
            account.require_own(what, [])
        elsewhere = {} if account.region == "us-east-1" else {"LocationConstraint": account.region}
        s3.create_bucket(Bucket=account.bucket, CreateBucketConfiguration={"Tags": account.tags} | elsewhere)
    s3.put_public_access_block(
        Bucket=account.bucket,
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        ),
    )
    s3.put_bucket_lifecycle_configuration(
        Bucket=account.bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": prefix,
                    "Status": "Enabled",
                    "Filter": {"Prefix": f"{prefix}/"},
                    "Expiration": {"Days": days},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                }
                for prefix, days in EXPIRY_DAYS.items()
            ]
        },
    )


def require_bundle(models: Path) -> None:
    """Refuse a folder that holds no bundle.

    Raises:
        DeploymentError: there is no ``bundle.json`` in it.

    """
    if not (models / "bundle.json").is_file():
        raise DeploymentError(f"{models} holds no bundle.json; name the folder that does with --models DIR")


def upload_bundle(account: Account, models: Path) -> str:
    """Put the bundle into the bucket as model.tar.gz, as SageMaker unpacks it to ``/opt/ml/model``; gives its URI.

    The key has the content's checksum, so that the same bundle is one object and an old endpoint keeps its own.

    Raises:
        DeploymentError: the folder holds no bundle.

    """
    with tempfile.TemporaryFile() as file:
        archive(models, file)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        file.seek(0)
        key = f"models/{digest}/model.tar.gz"
        account.client("s3").put_object(Bucket=account.bucket, Key=key, Body=file)
    return f"s3://{account.bucket}/{key}"


def archive(models: Path, target: Any) -> None:
    """Write a bundle as a gzipped tar: the folder's content at the root, plain files only, the same bytes each time.

    Args:
        models: the folder with ``bundle.json``.
        target: a binary file open for writing.

    Raises:
        DeploymentError: the folder holds no bundle.

    """
    require_bundle(models)
    # mtime and owners would make two archives of one bundle differ.
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in sorted(path for path in models.rglob("*") if path.is_file() and not path.is_symlink()):
            entry = tar.gettarinfo(path, path.relative_to(models).as_posix())
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname, entry.mode = 0, 0, 0, "", "", 0o644
            with path.open("rb") as content:
                tar.addfile(entry, content)


def upload(account: Account, source: Path, prefix: str) -> str:
    """Put a file, or the files of a folder, below a prefix of the bucket; gives the prefix's URI."""
    files = [source] if source.is_file() else sorted(path for path in source.glob("*") if path.is_file())
    if not files:
        raise DeploymentError(f"{source} is no file, and no folder with files")
    s3 = account.client("s3")
    for path in files:
        with path.open("rb") as content:
            s3.put_object(Bucket=account.bucket, Key=f"{prefix}/{path.name}", Body=content)
    return f"s3://{account.bucket}/{prefix}/"


def download(account: Account, prefix: str, folder: Path) -> list[Path]:
    """Fetch every object below a prefix into a folder; gives the files."""
    s3 = account.client("s3")
    files = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=account.bucket, Prefix=f"{prefix}/"):
        for item in page.get("Contents", []):
            content = s3.get_object(Bucket=account.bucket, Key=item["Key"])["Body"].read()
            path = folder / Path(item["Key"]).name
            if not account.dry:
                folder.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            files.append(path)
    return files
