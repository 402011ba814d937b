"""Types of command-line options that more than one program here takes."""

import argparse


def positive(text: str) -> int:
    """Read a whole number, 1 or more.

    Raises:
        argparse.ArgumentTypeError: it is none.

    """
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"must be a whole number, 1 or more, not {text!r}")
    return int(text)
