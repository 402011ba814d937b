"""Checks what is sent to AWS against AWS's own descriptions: moto accepts almost anything.

botocore's client checks names, types and least sizes; here are the rest: values, patterns and the largest sizes.
"""

import re
from collections.abc import Iterator
from typing import Any

_UNSUPPORTED = (r"\p{", r"\u", "(?!")
"""Of other dialects of regular expressions than Python's; patterns with these are left out."""


def require_valid(params: Any, model: Any, **_: object) -> None:
    """Fail where a call's parameters break the description of its operation; a handler of before-parameter-build."""
    if model.input_shape is not None:
        broken = list(violations(model.input_shape, params, model.name))
        assert not broken, broken


def violations(shape: Any, value: Any, where: str) -> Iterator[str]:
    """Name whatever breaks the description of a shape."""
    if shape.type_name == "structure":
        for key, member in value.items():
            yield from violations(shape.members[key], member, f"{where}.{key}")
        return
    if shape.type_name == "list":
        for number, member in enumerate(value):
            yield from violations(shape.member, member, f"{where}[{number}]")
    if shape.type_name == "map":
        for key, member in value.items():
            yield from violations(shape.key, key, f"{where} key")
            yield from violations(shape.value, member, f"{where}.{key}")
    if shape.type_name == "blob":  # botocore still has 6 MB for InvokeEndpoint, which takes 25 by now
        return
    size = value if isinstance(value, int | float) else len(value) if hasattr(value, "__len__") else None
    most = shape.metadata.get("max")
    if most is not None and size is not None and not isinstance(value, bool) and size > float(most):
        yield f"{where}: {size} is more than {most}"
    if isinstance(value, str):
        values, pattern = getattr(shape, "enum", []), shape.metadata.get("pattern")
        if values and value not in values:
            yield f"{where}: {value!r} is none of {values[:10]}"
        if pattern and not any(part in pattern for part in _UNSUPPORTED) and not re.fullmatch(pattern, value):
            yield f"{where}: {value!r} does not match {pattern}"
