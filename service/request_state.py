"""What the parts that a request passes tell one another about it."""

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class RequestState:
    """One request's state.

    Attributes:
        request_id: names the request in the answer and in the log; empty until somebody has named it.
        model: the model that the request asks for, once a route has looked it up.
        problem: the sentence of the problem document that answers the request, for the log.
        refused: status and sentence that the protocol sent in the application's place; the client got no other answer.
        in_flight: how many requests of this worker have arrived and are not answered, where the protocol has counted.

    """

    request_id: str = ""
    model: str | None = None
    problem: str | None = None
    refused: tuple[int, str] | None = None
    in_flight: int = 0


def of(scope: Any) -> RequestState:
    """Look up a request's state by its ASGI scope; the first to ask makes it."""
    shared = scope.setdefault("state", {})
    state: RequestState | None = shared.get("request")
    if state is None:
        state = shared["request"] = RequestState()
    return state
