"""A picture in, a label out: at once, or through an asynchronous endpoint's queue."""

import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from deploy import archives, endpoint_config, hosting, release, storage, waiting
from deploy.account import Account
from deploy.endpoint_config import Instances
from deploy.errors import DeploymentError, code_of, is_missing

_QUEUE_SECONDS = 1800.0  # an instance that has to be started first takes some ten minutes


def ask(account: Account, path: Path, *, model: str | None) -> dict[str, Any]:
    """Send a picture; gives ``/predict``'s answer.

    Args:
        account: whose endpoint is asked.
        path: the picture's file.
        model: the network that is to answer; where none is named, the bundle's own choice.

    Raises:
        DeploymentError: there is no such file or endpoint, or the container refused the picture, in its own words.

    """
    picture, content_type = read_picture(path)
    endpoint = hosting.require(account)
    config = endpoint_config.describe(account, endpoint.endpoint_config_name)
    runs = release.describe(account, config.model)
    chosen = f",tfs-model-name={model}" if model and not runs.multi_model else ""
    request = {
        "EndpointName": account.name,
        "ContentType": content_type,
        "Accept": "application/json",
        "CustomAttributes": f"verbose=true{chosen}",
    }
    if runs.multi_model:
        request["TargetModel"] = _target(account, runs.bundle, model)
    try:
        if isinstance(config.shape, Instances) and config.shape.queued:
            body = _through_the_queue(account, request, path.name, picture)
        else:
            body = account.client("sagemaker-runtime").invoke_endpoint(Body=picture, **request)["Body"].read()
    except ClientError as error:
        if code_of(error) != "ModelError":
            raise
        said, status = error.response.get("OriginalMessage", ""), error.response.get("OriginalStatusCode")
        raise DeploymentError(f"the container answered {status}: {said}") from error
    content: dict[str, Any] = json.loads(body)
    return content


def read_picture(path: Path) -> tuple[bytes, str]:
    """Read a picture; gives its bytes and content type.

    Raises:
        DeploymentError: there is no such file, or its name ends in no type that the service takes.

    """
    kinds = {"jpg": "jpeg", "jpeg": "jpeg", "png": "png", "webp": "webp", "bmp": "bmp", "gif": "gif", "tiff": "tiff"}
    kind = kinds.get(path.suffix.lower().removeprefix("."))
    if kind is None:
        raise DeploymentError(f"{path} is not called like a picture; its name must end in one of: {', '.join(kinds)}")
    try:
        return path.read_bytes(), f"image/{kind}"
    except OSError as error:
        raise DeploymentError(f"{path} cannot be read: {error.strerror}") from error


def _target(account: Account, folder: str, model: str | None) -> str:
    """Name the archive that a multi-model endpoint is to answer with."""
    prefix = folder.removeprefix(f"s3://{account.bucket}/")
    found = account.client("s3").list_objects_v2(Bucket=account.bucket, Prefix=prefix).get("Contents", [])
    names = sorted(item["Key"].removeprefix(prefix) for item in found)
    target = archives.archive_name(model) if model else ""
    if target not in names and not account.dry:
        models = ", ".join(name.removesuffix(".tar.gz") for name in names)
        raise DeploymentError(f"endpoint {account.name} chooses from many models; name one: --model NAME, of {models}")
    return target or names[0]


def _through_the_queue(account: Account, request: dict[str, str], name: str, picture: bytes) -> bytes:
    """Put a picture into the bucket and its place into the queue, and wait for the answer."""
    s3 = account.client("s3")
    key = f"async/in/{release.version_name(account)}/{name}"
    source = storage.put(account, key, picture)
    queued = account.client("sagemaker-runtime").invoke_endpoint_async(InputLocation=source, **request)
    found: dict[str, bytes] = {}

    def status() -> tuple[str, str | None]:
        for kind, location in (("Completed", "OutputLocation"), ("Failed", "FailureLocation")):
            bucket, _, where = queued[location].removeprefix("s3://").partition("/")
            try:
                found[kind] = s3.get_object(Bucket=bucket, Key=where)["Body"].read()
            except ClientError as error:
                if not is_missing(error):
                    raise
            else:
                return kind, found[kind].decode(errors="replace")
        return "Waiting", None

    waiting.until(
        status, wanted="Completed", what="the request in the queue", log_group=account.log_group, limit_s=_QUEUE_SECONDS
    )
    return found["Completed"]
