"""Bundles as SageMaker takes them: gzipped archives in the deployment's bucket.

An archive's key has the bundle's own checksum, so that the same bundle is one object, is sent once, and an endpoint
keeps the one it was made with.
"""

import gzip
import json
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from deploy.account import Account
from deploy.errors import DeploymentError, is_missing


def read_manifest(models: Path) -> dict[str, Any]:
    """Read a bundle's manifest.

    Raises:
        DeploymentError: the folder holds no bundle.

    """
    try:
        manifest: dict[str, Any] = json.loads((models / "bundle.json").read_text(encoding="utf-8"))
        _ = manifest["sha256"], manifest["models"]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DeploymentError(f"{models} holds no bundle.json; name the folder that does with --models DIR") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DeploymentError(
            f"{models / 'bundle.json'} is no manifest of a bundle ({error!r}); name a bundle's folder with --models DIR"
        ) from error
    return manifest


def upload(account: Account, models: Path, *, multi_model: bool) -> str:
    """Put a bundle into the bucket; gives the URI that a SageMaker model takes.

    Args:
        account: whose bucket.
        models: the bundle's folder.
        multi_model: whether each of its networks becomes an archive of its own, for requests to choose from.

    Returns:
        The URI of model.tar.gz, which SageMaker unpacks to ``/opt/ml/model``, or of the folder with the archives.

    Raises:
        DeploymentError: the folder holds no bundle.

    """
    manifest = read_manifest(models)
    key = _key(manifest, multi_model=multi_model)
    if not multi_model:
        _send(account, models, key)
    else:
        for name, entry in manifest["models"].items():
            _send(account, models / entry["saved_model"], f"{key}{archive_name(name)}")
    return _uri(account, key)


def locate(account: Account, models: Path, *, multi_model: bool) -> str:
    """Name the URI that ``upload`` puts a bundle at."""
    return _uri(account, _key(read_manifest(models), multi_model=multi_model))


def _uri(account: Account, key: str) -> str:
    return f"s3://{account.bucket}/{key}"


def _key(manifest: dict[str, Any], *, multi_model: bool) -> str:
    digest = manifest["sha256"][:16]
    return f"multi-model/{digest}/" if multi_model else f"models/{digest}/model.tar.gz"


def archive_name(model: str) -> str:
    """Name a network's archive on a multi-model endpoint: what a request gives as its target."""
    return f"{model}.tar.gz"


def _send(account: Account, folder: Path, key: str) -> None:
    """Put a folder into the bucket as an archive, unless it is there."""
    s3 = account.client("s3")
    try:
        s3.head_object(Bucket=account.bucket, Key=key)
    except ClientError as error:
        if not is_missing(error):
            raise
        with tempfile.TemporaryFile() as file:
            pack(folder, file)
            file.seek(0)
            s3.put_object(Bucket=account.bucket, Key=key, Body=file)


def pack(folder: Path, target: Any) -> None:
    """Write a folder's content as a gzipped tar: plain files only, and the same bytes each time.

    Args:
        folder: whose content stands at the archive's root.
        target: a binary file open for writing.

    """
    # mtime and owners would make two archives of one bundle differ.
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
            entry = tar.gettarinfo(path, path.relative_to(folder).as_posix())
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname, entry.mode = 0, 0, 0, "", "", 0o644
            with path.open("rb") as content:
                tar.addfile(entry, content)
