"""A name for each request, by which a caller's complaint finds its line in the log."""

import re
from collections.abc import Iterable
from random import getrandbits

HEADER = b"x-request-id"
_ACCEPTED = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}")
"""What is taken over from a caller: nothing that a log or a terminal could take for something else."""


def request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Take a request's id from its headers, where it has a sane one, or make one up."""
    for name, value in headers:
        if name == HEADER and _ACCEPTED.fullmatch(value):
            return value.decode()
    return f"{getrandbits(96):024x}"  # to be told apart, not to be secret
