"""The register of rules: one rule is one small function with an id that never changes."""

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from newsletter.errors import Finding, InputError, Severity
from newsletter.located import Path

if TYPE_CHECKING:
    from newsletter.checks.manuscript import Manuscript
    from newsletter.checks.proof import Proof


class Stage(StrEnum):
    """When a rule is asked."""

    #: at every `check`, of the file
    FILE = "file"
    #: at every `check`, of what the file becomes
    MAIL = "mail"
    #: when the list `allow` is read
    ALLOW = "allow"
    #: only before mail leaves
    PLAN = "plan"
    #: only with --online
    ONLINE = "online"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What `check --explain` says of it. The hundreds of an id are its chapter; ids are never used again."""

    id: str
    title: str
    #: why it matters to a reader, a client or the firm
    reason: str
    #: what is reported, as it would stand in a file
    example: str
    #: what to do about it
    mend: str
    stage: Stage = Stage.FILE
    severity: Severity = Severity.WARNING
    #: whom it protects; such a rule cannot be allowed
    protects: str = ""

    @property
    def can_be_allowed(self) -> bool:
        return not self.protects and self.stage is not Stage.ALLOW

    def how_to_allow(self) -> str:
        if self.can_be_allowed:
            return f"write into the front matter 'allow:' and below it '  - {self.id}: why it is all right'."
        return f"nobody can; it protects {self.protects or 'the list itself'}."

    def as_json(self) -> dict[str, Any]:
        """The form that `check --explain RULE --json` promises."""
        return {
            "rule": self.id,
            "title": self.title,
            "severity": str(self.severity),
            "reason": self.reason,
            "example": self.example,
            "mend": self.mend,
            "can_be_allowed": self.can_be_allowed,
        }


@dataclass(frozen=True, slots=True)
class Spotted:
    """What a rule found in the file: under which field, and the words there that are meant."""

    path: Path
    message: str
    fix: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """What a rule found in the mail; with the field or the words it comes from, where the file has them."""

    message: str
    fix: str
    path: Path | None = None
    words: str = ""


FileRule = Callable[["Manuscript"], Iterator[Spotted]]
MailRule = Callable[["Proof"], Iterator[Noted]]

RULES: dict[str, Rule] = {}
FILE_RULES: list[tuple[Rule, FileRule]] = []
MAIL_RULES: list[tuple[Rule, MailRule]] = []

#: what each hundred of ids is about
CHAPTERS = {
    "1": "What a story or an issue needs",
    "2": "Words and marks",
    "3": "Links",
    "4": "Said before",
    "5": "In confidence",
    "6": "The list `allow`",
    "7": "The mail that the file becomes",
    "8": "Visited links (`--online`)",
}


def declared(rule: Rule) -> Rule:
    """Enter a rule whose findings are made elsewhere."""
    if rule.id in RULES:
        raise ValueError(f"{rule.id} stands in the register already")
    RULES[rule.id] = rule
    return rule


def file_rule(rule: Rule) -> Callable[[FileRule], FileRule]:
    """Enter a rule about the file together with its function."""

    def enter(function: FileRule) -> FileRule:
        FILE_RULES.append((declared(rule), function))
        return function

    return enter


def mail_rule(rule: Rule) -> Callable[[MailRule], MailRule]:
    """Enter a rule about the mail together with its function."""

    def enter(function: MailRule) -> MailRule:
        MAIL_RULES.append((declared(rule), function))
        return function

    return enter


def finding_of(rule: Rule, message: str, fix: str, *, path: str, line: int | None = None) -> Finding:
    """A finding of a rule about the file as a whole."""
    return Finding(message=message, fix=fix, path=path, line=line, rule=rule.id, severity=rule.severity)


def explained(wanted: str) -> Rule:
    """
    :raises InputError: there is no rule of that id
    """
    try:
        return RULES[wanted.strip().upper()]
    except KeyError:
        raise InputError(f"there is no rule {wanted!r}", fix=near_rule(wanted)) from None


def near_rule(wanted: str) -> str:
    """What to do about an id that is none."""
    near = difflib.get_close_matches(wanted[:20].upper(), RULES, n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else "docs/checks.md lists them all"
