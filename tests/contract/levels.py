"""How binding a row is, and who says so."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

_GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg"
_REFERENCE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference"

HOSTING = f"{_GUIDE}/your-algorithms-inference-code.html"
BATCH = f"{_GUIDE}/your-algorithms-batch-code.html"
PIPELINES = f"{_GUIDE}/inference-pipeline-real-time.html"
MULTI_MODEL = f"{_GUIDE}/mms-container-apis.html"
INVOKE_ENDPOINT = f"{_REFERENCE}/API_runtime_InvokeEndpoint.html"
TRANSFORM_JOB = f"{_REFERENCE}/API_CreateTransformJob.html"

Test = TypeVar("Test", bound=Callable[..., Any])


class Level(StrEnum):
    """Who wants it: AWS demands it, AWS describes or recommends it, or only this suite does."""

    MUST = "must"
    SHOULD = "should"
    OURS = "ours"


@dataclass(frozen=True)
class Row:
    """What a test's outcome means.

    Attributes:
        level: how binding it is.
        words: AWS's sentence; empty for a row of ours.
        source: the page with that sentence; empty for a row of ours.

    """

    level: Level
    words: str = ""
    source: str = ""


def must(source: str, words: str) -> Callable[[Test], Test]:
    """Mark a row that AWS demands, with the sentence that does."""
    return _mark(Row(Level.MUST, words, source))


def should(source: str, words: str) -> Callable[[Test], Test]:
    """Mark a row that AWS describes or recommends, with the sentence that does."""
    return _mark(Row(Level.SHOULD, words, source))


def ours(test: Test) -> Test:
    """Mark a row that AWS says nothing about."""
    return _mark(Row(Level.OURS))(test)


def row_of(test: object) -> Row | None:
    """Find the mark of a test; None if it has none."""
    row = getattr(test, "contract_row", None)
    return row if isinstance(row, Row) else None


def _mark(row: Row) -> Callable[[Test], Test]:
    def mark(test: Test) -> Test:
        test.contract_row = row  # type: ignore[attr-defined]
        return test

    return mark
