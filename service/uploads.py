"""The three ways to post a picture: a form, the bare file, base64 in JSON."""

import base64
import binascii

import orjson
from fastapi import Request
from starlette.datastructures import UploadFile

from service.errors import MalformedError, UnsupportedMediaTypeError, UnusableError

IMAGE_TYPES = (
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/bmp",
    "image/gif",
    "image/tiff",
    "application/x-image",
)
"""What a bare file may be declared as; its bytes, not this name, decide how it is decoded."""


def media_type(request: Request) -> str:
    """The request's content type without its parameters, in lower case; empty where there is none."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


async def read_picture(request: Request) -> bytes:
    """Get the picture file out of a request.

    Raises:
        MalformedError: broken JSON, base64 or form.
        UnsupportedMediaTypeError: none of the three ways.
        UnusableError: the field ``file`` or ``image`` is missing.

    """
    declared = media_type(request)
    if declared in IMAGE_TYPES:
        return await request.body()
    if declared == "multipart/form-data":
        return await _from_form(request)
    if declared == "application/json":
        return _from_json(await request.body())
    raise UnsupportedMediaTypeError(
        f"Content-Type {declared or 'is missing'}: send the picture as multipart/form-data (field file), as the body "
        f'({", ".join(IMAGE_TYPES)}), or as application/json {{"image": "<base64>"}}'
    )


async def _from_form(request: Request) -> bytes:
    async with request.form(max_files=1, max_fields=10) as form:
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            found = ", ".join(form) or "none"
            raise UnusableError(
                f"the form has no file in the field 'file' (fields: {found}); as in curl -F file=@coat.png"
            )
        return await upload.read()


def _from_json(body: bytes) -> bytes:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"the body is not JSON: {error}") from error
    encoded = content.get("image") if isinstance(content, dict) else None
    if not isinstance(encoded, str):
        raise UnusableError('the JSON must be an object {"image": "<base64 or data: URL>"}')
    if encoded.startswith("data:"):
        header, _, encoded = encoded.partition(",")
        if not header.endswith(";base64"):
            raise UnusableError("the data: URL must be base64: data:image/png;base64,…")
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError(f"the field 'image' is not base64: {error}") from error
