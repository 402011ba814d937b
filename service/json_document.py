"""JSON text → a simdjson document, of which only what is asked for becomes a Python object.

Objects for all of a hostile body, millions of lists or texts, would hold Python's lock, and so the event loop, for
seconds.
"""

from typing import Any

import orjson
import simdjson

from service.errors import MalformedError, UnusableError

_BOM = b"\xef\xbb\xbf"
_EXPLAINED_BYTES = 1024 * 1024
"""Where an error is, is looked for by making the objects: no further than here."""


def parse(text: bytes, what: str) -> Any:
    """Parse JSON: lists and objects become simdjson's, scalars Python's.

    Args:
        text: UTF-8.
        what: the text's name in errors.

    Raises:
        MalformedError: not JSON.
        UnusableError: it has integers beyond 64 bits.

    """
    if text.startswith(_BOM):  # which simdjson skips, and JSON does not have
        raise MalformedError(f"{what} is not JSON: it begins with a byte order mark; leave that out")
    try:
        return simdjson.Parser().parse(text)
    except (ValueError, RuntimeError) as error:
        if len(text) > _EXPLAINED_BYTES:
            raise MalformedError(f"{what} is not JSON: {error}") from error
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"{what} is not JSON: {error}") from error
    raise UnusableError(f"{what} has an integer of more than 64 bits; expected numbers from 0 to 1")
