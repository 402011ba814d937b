"""JSON text → a simdjson document, of which only what is asked for becomes a Python object.

Objects for all of a hostile body, millions of lists or texts, would hold Python's lock, and so the event loop, for
seconds.
"""

from itertools import islice
from typing import Any

import orjson
import simdjson

from service.errors import MalformedError, UnusableError, shortened

_BOM = b"\xef\xbb\xbf"
_EXPLAINED_BYTES = 1024 * 1024
"""Where an error is, is looked for by making the objects: no further than here."""

_MOST_FIELDS = 100


def parse(text: bytes, what: str) -> Any:
    """Parse JSON: lists and objects become simdjson's, scalars Python's.

    Args:
        text: UTF-8.
        what: the text's name in errors.

    Raises:
        MalformedError: not JSON, or with an integer of more than 64 bits, which simdjson does not read.

    """
    if text.startswith(_BOM):  # which simdjson skips, and JSON does not have
        raise MalformedError(f"{what} is not JSON: it begins with a byte order mark; leave that out")
    try:
        return simdjson.Parser().parse(text)
    except (ValueError, RuntimeError) as error:
        if len(text) > _EXPLAINED_BYTES:
            raise MalformedError(
                f"{what} is not JSON, or has an integer of more than 64 bits, which is not read here; "
                "where, is looked for in a smaller one, of less than a megabyte"
            ) from error
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"{what} is not JSON: {error}") from error
    raise MalformedError(
        f"{what} has an integer of more than 64 bits, which is not read here; send it as text, or leave it out"
    )


def field_names(content: Any) -> list[str]:
    """Give the names of an object's fields; none if the document is no object.

    Raises:
        UnusableError: there are more than 100 of them, or two alike, of which nobody knows which is meant.

    """
    if type(content) is not simdjson.Object:
        return []
    names = list(islice(content, _MOST_FIELDS + 1))
    if len(names) > _MOST_FIELDS:
        raise UnusableError(f"the JSON has more than {_MOST_FIELDS} fields; send what is needed only")
    if len(names) > 1 and len(names) > len(set(names)):
        twice = next(name for name in names if names.count(name) > 1)
        raise UnusableError(f"the JSON has the field {shortened(twice)} twice; send it once")
    return names
