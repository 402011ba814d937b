"""The three ways to post a picture: a form, the bare file, base64 in JSON."""

import base64
import binascii
import re
from collections.abc import Iterable

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.types import Message

from service.errors import MalformedError, UnsupportedMediaTypeError, UnusableError, shortened
from service.http import offload
from service.http.media_types import JSON_LINES, JSON_LINES_ALIASES
from service.http.messages import header, read_body
from service.inputs import formats, json_document

IMAGE_TYPES = (
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/webp",
    "image/bmp",
    "image/gif",
    "image/tiff",
    "image/avif",
    "application/x-image",
)
"""What a bare file may be declared as; its bytes, not this name, decide how it is decoded."""

BINARY = {"schema": {"type": "string", "format": "binary"}}
"""Any file, for the API's documentation."""

_PARAMETERS = ("model", "top_k", "preprocess", "box", "rotate", "invert", "include")

_LARGE_BYTES = 256 * 1024
"""A JSON body of more is parsed off the event loop."""

_TO_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")
"""From base64's URL-safe alphabet (RFC 4648, section 5), whose padding is often left out."""

_PLAIN_FORM = re.compile(r"multipart/form-data; ?boundary=([0-9A-Za-z'()+_,./:=?-]{1,70})")
_FILE_PART = re.compile(
    rb'\r\n(?i:Content-Disposition: form-data; name=)"?file"?(?i:; filename=)"?[^"\\\r\n;]*"?\r\n'
    rb"(?i:Content-Type: [^\r\n]*\r\n)?\r\n",
)


def media_type(request: Request) -> str:
    """The request's content type without its parameters, in lower case; empty where there is none."""
    return (header(request.scope, b"content-type") or "").split(";")[0].strip().lower()


def batch_type(declared: str) -> str:
    """Give the usual name of a batch's content type."""
    return JSON_LINES if declared in JSON_LINES_ALIASES else declared


def refuse_compressed(request: Request) -> None:
    """Raise ``UnsupportedMediaTypeError`` if the body has a content coding (RFC 9110, section 8.4)."""
    encoding = header(request.scope, b"content-encoding")
    if encoding is not None and encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedMediaTypeError(
            f"Content-Encoding {shortened(encoding)}: bodies are read as they are; send this one uncompressed"
        )


async def read_picture(request: Request) -> bytes:
    """Get the picture file out of a request.

    Raises:
        MalformedError: broken JSON, base64 or form.
        UnsupportedMediaTypeError: none of the three ways, or compressed.
        UnusableError: the field ``file`` or ``image`` is missing, or parameters are beside it.

    """
    refuse_compressed(request)
    declared = media_type(request)
    if declared in IMAGE_TYPES:
        return await read_body(request)
    if declared == "multipart/form-data":
        return await _from_form(request)
    if declared == "application/json":
        body = await read_body(request)
        return await offload.run(_from_json, body) if len(body) > _LARGE_BYTES else _from_json(body)
    formats.refuse_foreign_type(declared)
    raise UnsupportedMediaTypeError(
        f"Content-Type {declared or 'is missing'}: send the picture as multipart/form-data (field file), as the body "
        f'({", ".join(IMAGE_TYPES)}), or as application/json {{"image": "<base64>"}}'
    )


def _only_file(content_type: str, body: bytes) -> bytes | None:
    """Cut the file out of a form that is one file and nothing else; None for every other form.

    Nearly all are. What it may not recognise costs time alone: the form is then parsed.
    """
    declared = _PLAIN_FORM.fullmatch(content_type)
    if declared is None:
        return None
    delimiter = b"\r\n--" + declared[1].encode()
    part = _FILE_PART.match(body, len(delimiter) - 2)
    if not body.startswith(delimiter[2:]) or part is None:
        return None
    end = body.find(delimiter, part.end() - 2)  # the line break before an empty file's end is that of its head
    if end < part.end() or body[end + len(delimiter) :] not in (b"--\r\n", b"--"):
        return None
    return body[part.end() : end]


async def _from_form(request: Request) -> bytes:
    body = await read_body(request)
    content_type = header(request.scope, b"content-type") or ""
    only = _only_file(content_type, body)
    if only is not None:
        return only
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if boundary and b"--" + boundary + b"--" not in body[-len(boundary) - 1_000 :]:
        raise MalformedError("the form is cut off: its closing boundary is missing; send it whole")

    # What precedes the first boundary is to be ignored (RFC 2046, section 5.1.1), which the parser does not.
    preamble = body.find(b"\r\n--" + boundary) if boundary and not body.startswith(b"--" + boundary) else -1
    if preamble >= 0:
        body = body[preamble + 2 :]

    async def received() -> Message:
        return {"type": "http.request", "body": body}

    try:
        async with Request(request.scope, received).form(max_files=1, max_fields=10) as form:
            _refuse_parameters(form)
            upload = form.get("file")
            if isinstance(upload, UploadFile):
                return await upload.read()
            if "file" in form:
                raise UnusableError("the field 'file' is text, not a file; as in curl -F file=@coat.png, with the @")
            found = ", ".join(form)[:200] or "none"
    except HTTPException as error:  # Starlette's own: too many files or fields, no boundary
        raise MalformedError(f"the form cannot be read: {error.detail} Send one file, in the field 'file'") from error
    except (UnicodeError, LookupError) as error:
        raise MalformedError(f"the form's names are not in its charset ({error}); send it as UTF-8") from error
    raise UnusableError(f"the form has no file in the field 'file' (fields: {found}); as in curl -F file=@coat.png")


def _refuse_parameters(names: Iterable[str]) -> None:
    """Say where parameters go, to who puts them beside the picture, where they would not count."""
    for name in names:
        if name in _PARAMETERS:
            raise UnusableError(f"{name} goes into the address, as ?{name}=…, not beside the picture")


def _from_json(body: bytes) -> bytes:
    content = json_document.parse(body, "the body")
    names = json_document.field_names(content)
    _refuse_parameters(names)
    encoded = content["image"] if "image" in names else None
    if not isinstance(encoded, str):
        raise UnusableError('the JSON must be an object {"image": "<base64 or data: URL>"}')
    if encoded[:5].lower() == "data:":
        header, _, encoded = encoded.partition(",")
        if not header.lower().endswith(";base64"):
            raise UnusableError("the data: URL must be base64: data:image/png;base64,…")
    text = encoded.encode("ascii", "replace").translate(_TO_STANDARD_ALPHABET, b" \t\r\n\f\v").rstrip(b"=")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError(f"the field 'image' is not base64: {error}") from error
