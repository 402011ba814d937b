"""What callers ask of an invocation in ``X-Amzn-SageMaker-Custom-Attributes``.

The header is free text to SageMaker. TensorFlow Serving's container has ``tfs-model-name=…,tfs-method=…`` in it, and so
has this one; others put an id of theirs there, which is given back as it came.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

from fastapi import Request

from service.errors import UnusableError, shortened
from service.http.messages import CUSTOM_ATTRIBUTES, header

_KNOWN = ("tfs-model-name", "tfs-model-version", "tfs-method", "verbose", "stream")


@dataclass(frozen=True)
class CustomAttributes:
    """What was asked: which model, a described picture, an answer in pieces."""

    model: str | None = None
    version: str | None = None
    is_verbose: bool = False
    is_streamed: bool = False


def read_custom_attributes(request: Request) -> CustomAttributes:
    """Read ``name=value,name=value``; a name that is like none of ours belongs to somebody else.

    Raises:
        UnusableError: a name is misspelt or there twice, or a value is not one it can have.

    """
    text = header(request.scope, CUSTOM_ATTRIBUTES)
    if text is None:
        return CustomAttributes()
    given: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name in _KNOWN and not equals:
            _refuse(f"has {name} without a value; write {name}=…")
        if not equals or not name:
            continue
        if name in given:
            _refuse(f"has {shortened(name)} twice; give it once")
        if name not in _KNOWN:
            _refuse_misspelt(name)
        given[name] = value
    if given.get("tfs-method", "predict") != "predict":
        _refuse(f"asks for tfs-method={shortened(given['tfs-method'])}; there is predict alone")
    return CustomAttributes(
        model=given.get("tfs-model-name"),
        version=given.get("tfs-model-version"),
        is_verbose=_is_true("verbose", given),
        is_streamed=_is_true("stream", given),
    )


def _is_true(name: str, given: dict[str, str]) -> bool:
    value = given.get(name, "false").lower()
    if value not in ("true", "false"):
        _refuse(f"has {name}={shortened(given[name])}; it is true or false")
    return value == "true"


def _refuse_misspelt(name: str) -> None:
    likely = get_close_matches(name.lower().replace("_", "-"), _KNOWN, 1, cutoff=0.75)
    if likely:
        _refuse(f"has {shortened(name)}; did you mean {likely[0]}?")
    if name.lower().startswith("tfs-"):
        _refuse(f"has {shortened(name)}; of those names there are {', '.join(_KNOWN[:3])}")


def _refuse(what: str) -> NoReturn:
    raise UnusableError(f"the header X-Amzn-SageMaker-Custom-Attributes {what}")
