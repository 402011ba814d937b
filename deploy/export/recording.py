"""The calls of a plan that make something, in the order they are made."""

from dataclasses import dataclass
from typing import Any

_MAKE = ("Create", "Put", "Register", "Subscribe")


@dataclass(frozen=True)
class Call:
    """A call that makes something, or a part of it.

    Attributes:
        operation: such as CreateModel.
        params: what it asks for.

    """

    operation: str
    params: dict[str, Any]


class Recording:
    """Keeps a plan's calls, where ``plan`` prints them."""

    def __init__(self) -> None:
        self._calls: list[Call] = []

    def __call__(self, _service: str, operation: str, params: dict[str, Any]) -> None:
        """Keep a call if it makes something; ``planning`` reports each."""
        if operation.startswith(_MAKE):
            asked = {key: value for key, value in params.items() if key != "ClientToken"}  # of botocore's own making
            self._calls.append(Call(operation, asked))

    def all(self, *operations: str) -> list[dict[str, Any]]:
        """Give what the calls of some operations ask for."""
        return [call.params for call in self._calls if call.operation in operations]

    def first(self, operation: str) -> dict[str, Any]:
        """Give what the first call of an operation asks for; nothing where there is none."""
        return next(iter(self.all(operation)), {})
