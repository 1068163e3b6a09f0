"""What doctor says about one thing: fine, doubtful or wrong, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from newsletter.errors import NewsletterError, Severity


class Grade(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that was looked at. `rule` is a short stable name, for programs."""

    rule: str
    grade: Grade
    message: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}" + (f"; {self.fix}" if self.fix else "")

    def as_json(self) -> dict[str, str]:
        """The form that `doctor --json` promises; the names are those of `check --json`."""
        return {"rule": self.rule, "severity": str(self.grade), "message": self.message, "fix": self.fix}


def fine(rule: str, message: str) -> Verdict:
    return Verdict(rule, Grade.OK, message)


def doubtful(rule: str, message: str, fix: str) -> Verdict:
    return Verdict(rule, Grade.WARNING, message, fix)


def wrong(rule: str, message: str, fix: str) -> Verdict:
    return Verdict(rule, Grade.ERROR, message, fix)


def refused(rule: str, error: NewsletterError) -> list[Verdict]:
    """An error's findings, as verdicts."""
    grades = {Severity.ERROR: Grade.ERROR, Severity.WARNING: Grade.WARNING}
    return [
        Verdict(rule, grades[finding.severity], str(replace(finding, fix="")), finding.fix)
        for finding in error.findings
    ]


def softened(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """As long as nothing leaves, what would keep mail from arriving is a warning."""
    return [replace(verdict, grade=Grade.WARNING) if verdict.grade is Grade.ERROR else verdict for verdict in verdicts]
