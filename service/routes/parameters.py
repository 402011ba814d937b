"""Query parameters: declared once, read by one function, documented from the same declaration.

What a route does not declare is refused, and so is what comes twice: to ignore it would be a silent guess. Pages and
their files, /docs, /openapi.json, /ping and /metrics ignore parameters, which links, browsers and scrapers add.
"""

from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError

from service.errors import UnusableError, shortened


class Parameters(BaseModel):
    """The parameters of a route, one field each; this one declares none."""

    model_config = ConfigDict(frozen=True)


Declared = TypeVar("Declared", bound=Parameters)


def read(request: Request, declared: type[Declared], *, ignore_others: bool = False) -> Declared:
    """Read a request's parameters.

    Args:
        request: the request.
        declared: its parameters.
        ignore_others: whether to pass over parameters that are not declared.

    Raises:
        UnusableError: one is unknown, there twice, or not what its declaration allows.

    """
    return _read(declared, request.scope["query_string"], ignore_others)  # type: ignore[return-value]


@lru_cache(maxsize=256)
def _read(declared: type[Parameters], query: bytes, ignore_others: bool) -> Parameters:
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    if ignore_others:
        given = [(name, value) for name, value in given if name in declared.model_fields]
    names = [name for name, _ in given]
    for name in names:
        if name not in declared.model_fields:
            known = f"there are: {', '.join(declared.model_fields)}" if declared.model_fields else "this route has none"
            raise UnusableError(f"there is no parameter {shortened(name)}; {known}")
        if names.count(name) > 1:
            raise UnusableError(f"the parameter {shortened(name)} is there {names.count(name)} times; give it once")
    try:
        return declared.model_validate(dict(given))
    except ValidationError as error:
        raise UnusableError(
            "; ".join(
                f"query parameter {e['loc'][0]}: {e['msg']} (got {shortened(e['input'])})" for e in error.errors()
            )
        ) from error


async def none(request: Request) -> None:
    """Refuse parameters: a dependency for routes that have none.

    Raises:
        UnusableError: there is one.

    """
    read(request, Parameters)


def document(declared: type[Parameters]) -> list[dict[str, Any]]:
    """Describe parameters as OpenAPI does: its Parameter Objects."""
    schema = declared.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": found.get("description", ""),
            "schema": _schema(found),
        }
        for name, found in schema["properties"].items()
    ]


def _schema(found: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a parameter's schema does not need: an address cannot hold null, and its name is said already."""
    either = [one for one in found.get("anyOf", ()) if one != {"type": "null"}]
    flat = either[0] if len(either) == 1 else {"anyOf": either} if either else {}
    unused = ("anyOf", "title", "description") + (("default",) if found.get("default") is None else ())
    return {key: value for key, value in found.items() if key not in unused} | flat
