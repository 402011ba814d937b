"""Collects how the rows came out, prints them, and says what the exit status is."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from .levels import Level, Row
from .subject import SUBJECT, Subject


@dataclass(frozen=True)
class Verdict:
    """How one row came out.

    Attributes:
        name: of the test.
        text: what the row asks for.
        level: must, should or ours.
        outcome: passed, failed or skipped.
        reason: of a failure or a skip, in a line.
        words, source: AWS's sentence and its page.

    """

    name: str
    text: str
    level: str
    outcome: str
    reason: str
    words: str
    source: str


class Table:
    """A plugin of pytest: hands it the subject, and keeps a verdict a row."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.verdicts: dict[str, Verdict] = {}

    def pytest_configure(self, config: pytest.Config) -> None:
        """Say what the suite is run on."""
        config.stash[SUBJECT] = self._subject

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep how a row came out; of setting up and taking down, only what went wrong."""
        sent: list[str] | None = getattr(report, "contract_row", None)
        if sent is None or (report.when != "call" and report.outcome == "passed"):
            return
        row = Row(Level(sent[0]), *sent[1:])
        name = report.nodeid.rpartition("::")[2]
        case = name.partition("[")[2].rstrip("]")
        said: str = report.contract_text
        text = f"{said} [{case}]" if case else said
        verdict = Verdict(name, text, row.level, report.outcome, _reason(report), row.words, row.source)
        self.verdicts[name] = verdict
        print(f"{verdict.level:6}  {verdict.outcome:7}  {verdict.text}", flush=True)
        if verdict.outcome == "failed":
            print(f"{'':17}{verdict.reason}")
            if verdict.words:
                print(f'{"":17}"{verdict.words}" {verdict.source}')

    def summary(self) -> str:
        """Count the outcomes of each level, in a sentence."""
        counted = {level: Counter(v.outcome for v in self.verdicts.values() if v.level == level) for level in Level}
        return "; ".join(
            f"{level}: " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
            for level, outcomes in counted.items()
            if outcomes
        )

    @property
    def breaches(self) -> list[Verdict]:
        """The rows that AWS demands and that failed."""
        return [v for v in self.verdicts.values() if v.level == Level.MUST and v.outcome == "failed"]

    def write(self, path: Path) -> None:
        """Write the verdicts as JSON."""
        path.write_text(json.dumps([asdict(verdict) for verdict in self.verdicts.values()], indent=2) + "\n")


def _reason(report: pytest.TestReport) -> str:
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    if report.outcome != "failed":
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    message = crash.message if crash else str(report.longrepr)
    line = next(iter(message.strip().splitlines()), "")
    return line.partition("Error: ")[2] or line
