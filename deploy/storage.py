"""The deployment's S3 bucket: made, filled and read."""

from pathlib import Path
from typing import BinaryIO

from botocore.exceptions import ClientError

from deploy.account import Account
from deploy.errors import DeploymentError, code_of, is_missing

EXPIRY_DAYS = {"captured": 30, "transform": 7, "async": 7}
"""After how many days S3 deletes users' pictures and the answers to them, by the prefix they lie below."""


def ensure_bucket(account: Account, key: str | None) -> None:
    """Make the bucket, tagged from its first moment, closed to the public, and with a time limit on users' data.

    Args:
        account: whose it is.
        key: the ARN of the KMS key that encrypts whatever is put there; None for S3's own.

    """
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
    if key:
        by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        s3.put_bucket_encryption(
            Bucket=account.bucket,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": by_key, "BucketKeyEnabled": True}]
            },
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


def put(account: Account, key: str, content: bytes | BinaryIO) -> str:
    """Put content into the bucket; gives its URI."""
    account.client("s3").put_object(Bucket=account.bucket, Key=key, Body=content)
    return f"s3://{account.bucket}/{key}"


def upload(account: Account, source: Path, prefix: str) -> str:
    """Put a file, or the files of a folder, below a prefix of the bucket; gives the prefix's URI."""
    files = [source] if source.is_file() else sorted(path for path in source.glob("*") if path.is_file())
    if not files:
        raise DeploymentError(f"{source} is no file, and no folder with files")
    for path in files:
        with path.open("rb") as content:
            put(account, f"{prefix}/{path.name}", content)
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
