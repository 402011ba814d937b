"""JSON text → a simdjson document, of which only what is asked for becomes a Python object.

Objects for all of a hostile body, millions of lists or texts, would hold Python's lock, and so the event loop, for
seconds.
"""

import re
import threading
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from itertools import islice
from typing import Any

import orjson
import simdjson

from service.errors import MalformedError, UnusableError, shortened

_MAX_EXPLAINED_BYTES = 1024 * 1024
"""Where an error is, is looked for by making the objects: no further than here."""

_UNLOCATED_MISTAKE = (
    "there is a mistake in it, such as a missing comma or bracket, NaN, an integer of more than 64 bits, or JSON lines "
    "that are not declared as such; the place is named in bodies of at most 1 MB"
)
_NOT_A_NUMBER = re.compile(r"-?(?:NaN|nan|Infinity|Inf|inf)\b")
_ORJSON_TOO_DEEP = ("allocate memory", "depth limit")
_TOO_DEEP = "its lists and objects are more than 1,000 deep"
_MAX_FIELDS = 100
_MAX_KEPT_BYTES = 1024 * 1024
"""A parser keeps up to six times as much memory as the largest text it has parsed."""

_of_thread = threading.local()


def parse(text: bytes, what: str) -> Any:
    """Parse JSON: lists and objects become simdjson's, scalars Python's.

    Args:
        text: UTF-8.
        what: the text's name in errors.

    Raises:
        MalformedError: not JSON, or with an integer of more than 64 bits, which simdjson does not read.

    """
    if text.startswith((BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE)):  # one of UTF-8 simdjson skips
        raise _malformed(what, "it begins with a byte order mark; send UTF-8 without")
    try:
        return _parse(text)
    except UnicodeDecodeError as error:
        raise _malformed(
            what, "it is not text in UTF-8. A picture goes under its own Content-Type, as image/png"
        ) from error
    except (ValueError, RuntimeError) as error:
        if str(error).startswith("DEPTH_ERROR"):
            raise _malformed(what, _TOO_DEEP) from error
        if len(text) > _MAX_EXPLAINED_BYTES:
            is_whole = text.rstrip().endswith((b"}", b"]"))
            raise _malformed(
                what, _UNLOCATED_MISTAKE if is_whole else "it does not end with } or ]; was it cut off?"
            ) from error
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _malformed(what, _explained(error, text)) from error
    raise _malformed(what, "it has an integer of more than 64 bits; pixels are from 0 to 1, all else can be a text")


def _parse(text: bytes) -> Any:
    """Parse with the thread's parser: a new one's memory, page by page, takes longer than the text of a batch."""
    if len(text) > _MAX_KEPT_BYTES:
        return simdjson.Parser().parse(text)
    if not hasattr(_of_thread, "parser"):
        _of_thread.parser = simdjson.Parser()
    try:
        return _of_thread.parser.parse(text)
    except RuntimeError as error:
        if not str(error).startswith("Tried to re-use"):
            raise
    return simdjson.Parser().parse(text)  # what was parsed before is still read


def _explained(error: orjson.JSONDecodeError, text: bytes) -> str:
    if not text.strip():
        return "it is empty"
    if any(words in error.msg for words in _ORJSON_TOO_DEEP):
        return _TOO_DEEP
    named = _NOT_A_NUMBER.match(text.decode("utf-8", "replace"), error.pos)
    if named is not None:
        return f"{named[0]} is no number in JSON; send numbers from 0 to 1 (character {error.colno})"
    line = f"line {error.lineno}, " if b"\n" in text.strip() else ""
    hint = "; a line break in a text is written \\n" if "control character" in error.msg else ""
    return f"{error.msg}{hint} ({line}character {error.colno})"


def _malformed(what: str, why: str) -> MalformedError:
    return MalformedError(f"{what} is not JSON that can be read: {why}")


def field_names(content: Any) -> list[str]:
    """Give the names of an object's fields; none if the document is no object.

    Raises:
        UnusableError: there are more than 100 of them, or two alike, of which nobody knows which is meant.

    """
    if type(content) is not simdjson.Object:
        return []
    names = list(islice(content, _MAX_FIELDS + 1))
    if len(names) > _MAX_FIELDS:
        raise UnusableError(f"the JSON has more than {_MAX_FIELDS} fields; send what is needed only")
    if len(names) > 1 and len(names) > len(set(names)):
        twice = next(name for name in names if names.count(name) > 1)
        raise UnusableError(f"the JSON has the field {shortened(twice)} twice; send it once")
    return names
