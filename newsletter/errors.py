"""
Every error this package raises on purpose, and the findings they carry.

* NewsletterError
  * InputError               what somebody wrote in a file or an option; the writer can fix it
    * IssueError             an issue file
    * SegmentError           a segment expression, or segments.yaml
    * VocabularyError        tags.yaml
    * ReadersFileError       a list of readers
  * TemplateError            the template, or what MJML made of it
  * SettingsError            a setting is missing or wrong
  * StoreError               the database cannot be used
    * AwayError              not at this moment: the same may work soon
  * RefusedError             asked for something that must not happen now (no unsubscribe link, not confirmed, …)
  * TokenError               a link that was altered
  * TransportError           a provider did not take what we handed it
    * TransientError         it certainly took nothing: try again
    * PermanentError         it certainly took nothing, and trying again cannot help
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    #: the file cannot be used as it is
    ERROR = "error"
    #: usable, but probably not what was meant
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, where, and what to do. Lines and columns count from 1; columns in characters."""

    message: str
    fix: str = ""
    path: str | None = None
    line: int | None = None
    column: int | None = None
    #: a short stable name, for programs
    rule: str = ""
    severity: Severity = Severity.ERROR

    def at(self, path: str) -> "Finding":
        return replace(self, path=path)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        said = f"{self.message}; {self.fix}" if self.fix else self.message
        return f"{place}: {said}" if place else said

    def as_json(self) -> dict[str, Any]:
        """The form that `check --json` promises."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "rule": self.rule,
            "severity": str(self.severity),
            "message": self.message,
            "fix": self.fix,
        }


class NewsletterError(Exception):
    """Told to the user in one line per finding; never as a traceback."""

    def __init__(self, *findings: Finding | str, fix: str = "") -> None:
        self.findings = tuple(
            finding if isinstance(finding, Finding) else Finding(message=finding, fix=fix) for finding in findings
        )
        super().__init__("\n".join(str(finding) for finding in self.findings))

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> "NewsletterError":
        return cls(*findings)


class InputError(NewsletterError):
    """What somebody wrote is wrong, and the writer can fix it."""


class IssueError(InputError):
    """An issue file cannot be read as an issue."""


class SegmentError(InputError):
    """A segment expression, or the file of saved ones, is wrong."""

    def __init__(self, *findings: Finding | str, fix: str = "", written: str = "") -> None:
        super().__init__(*findings, fix=fix)
        #: the expression that the places are in; "" when they are in a file
        self.written = written


class VocabularyError(InputError):
    """The tag vocabulary is wrong."""


class ReadersFileError(InputError):
    """A list of readers cannot be imported at all (single bad rows are reported, not raised)."""


class TemplateError(NewsletterError):
    """The template, the newsletter's declaration, or what MJML made of them, is wrong."""


class SettingsError(NewsletterError):
    """A setting is missing or wrong."""


class StoreError(NewsletterError):
    """The database cannot be used."""


class AwayError(StoreError):
    """The database is away, or somebody was in the way: what was asked was done or not, as a whole; nobody knows."""


class RefusedError(NewsletterError):
    """Asked for something that must not happen now; says what has to happen first."""


class TokenError(NewsletterError):
    """A link that was not made by us, or was altered."""


class TransportError(NewsletterError):
    """A provider did not take what we handed it. Raised only while it is certain that it took nothing."""


class TransientError(TransportError):
    """Certainly nothing was taken; the same may work later."""

    def __init__(self, *findings: Finding | str, fix: str = "", retry_after: float | None = None) -> None:
        super().__init__(*findings, fix=fix)
        #: seconds to wait before the next try, when the provider named them
        self.retry_after = retry_after


class PermanentError(TransportError):
    """Certainly nothing was taken, and the same will not work later (a wrong password, a refused sender)."""
