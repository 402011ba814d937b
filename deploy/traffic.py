"""How an update moves the traffic to the new fleet.

Source: Amazon SageMaker AI developer guide, "Blue/green deployments".
"""

import re
from dataclasses import dataclass
from typing import Literal

_MAX_PER_CENT = 50  # of the new fleet, for the canary and each linear step


@dataclass(frozen=True)
class Traffic:
    """How the traffic moves.

    Attributes:
        kind: all at once, a canary first, or in equal steps.
        per_cent: the canary's size or a step's, of the new fleet's capacity; for all at once, 100.

    """

    kind: Literal["ALL_AT_ONCE", "CANARY", "LINEAR"]
    per_cent: int = 100


def parse(text: str) -> Traffic:
    """Read ``all``, ``canary:10%`` or ``linear:20%``.

    Raises:
        ValueError: the text has another form, or a size that AWS does not take.

    """
    if text == "all":
        return Traffic("ALL_AT_ONCE")
    found = re.fullmatch(r"(canary|linear):(\d{1,2})%?", text)
    if found is None:
        raise ValueError(f"must be all, canary:10% or linear:20%, not {text!r}")
    kind, per_cent = found[1], int(found[2])
    least = 10 if kind == "linear" else 1
    if not least <= per_cent <= _MAX_PER_CENT:
        raise ValueError(f"{kind} takes {least}% to {_MAX_PER_CENT}%, not {per_cent}%")
    return Traffic("CANARY" if kind == "canary" else "LINEAR", per_cent)
