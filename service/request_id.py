"""A name for each request, by which a caller's complaint finds its line in the log."""

import re
from collections.abc import Iterable
from secrets import token_hex

HEADER = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}")
"""What is taken over from a caller: nothing that a log or a terminal could take for something else."""


def request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Take a request's id from its headers, where it has a sane one, or make one up."""
    for name, value in headers:
        if name == HEADER:
            return value.decode() if _SANE.fullmatch(value) else token_hex(12)
    return token_hex(12)
