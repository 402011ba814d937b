"""A picture in, a label out."""

import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from deploy import hosting
from deploy.account import Account
from deploy.errors import DeploymentError, code_of


def ask(account: Account, picture: bytes, *, content_type: str, model: str | None) -> dict[str, Any]:
    """Send a picture; gives ``/predict``'s answer.

    Raises:
        DeploymentError: the container refused the picture, in its own words.

    """
    attributes = "verbose=true" + (f",tfs-model-name={model}" if model else "")
    try:
        answer = hosting.require(account).invoke(
            body=picture, content_type=content_type, accept="application/json", custom_attributes=attributes
        )
    except ClientError as error:
        if code_of(error) != "ModelError":
            raise
        said, status = error.response.get("OriginalMessage", ""), error.response.get("OriginalStatusCode")
        raise DeploymentError(f"the container answered {status}: {said}") from error
    content: dict[str, Any] = json.loads(answer.body.read())
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
