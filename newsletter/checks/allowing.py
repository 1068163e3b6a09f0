"""NL6xx: the list `allow`, by which an author sets a rule aside for one issue and says why."""

from collections.abc import Iterator, Sequence

from newsletter.checks.rules import RULES, Rule, Stage, declared, near_rule
from newsletter.errors import Finding
from newsletter.issue import AnyIssue
from newsletter.located import Path
from newsletter.reader import Reading

_UNKNOWN = declared(
    Rule(
        id="NL601",
        title="An allowed rule that does not exist",
        reason="The entry does nothing, and whoever wrote it believes that it does.",
        example="allow: [NL999]",
        mend="Use the id that stands in brackets behind the finding.",
        stage=Stage.ALLOW,
    )
)
_NO_REASON = declared(
    Rule(
        id="NL602",
        title="A rule is allowed without a reason",
        reason="The next person to look at the file must be able to judge whether it still holds.",
        example="allow: [NL402]",
        mend="Say why: - NL402: the second story answers the first",
        stage=Stage.ALLOW,
    )
)
_IDLE = declared(
    Rule(
        id="NL603",
        title="A rule is allowed, and nothing breaks it",
        reason="A spare permission hides the next mistake.",
        example="allow:\n  - NL402: the second story answers the first (the second was taken out since)",
        mend="Delete the entry.",
        stage=Stage.ALLOW,
    )
)
_FORBIDDEN = declared(
    Rule(
        id="NL604",
        title="A rule that nobody can allow",
        reason="It protects readers or clients, who are not asked.",
        example="allow:\n  - NL501: it will be public tomorrow",
        mend="Mend what the rule reports, and delete the entry.",
        stage=Stage.ALLOW,
    )
)
#: these always run, so that an entry for them that silences nothing can be known
_ALWAYS = (Stage.FILE, Stage.MAIL)


def settle(findings: Sequence[Finding], reading: Reading) -> list[Finding]:
    """The findings without those that the issue allows, and what is wrong with its list."""
    return [*without_allowed(findings, reading.issue), *_about_the_list(findings, reading)]


def without_allowed(findings: Sequence[Finding], issue: AnyIssue) -> list[Finding]:
    """A rule without a reason is set aside as well, and NL602 asks for it."""
    named = {entry.rule.upper() for entry in issue.allow}
    return [found for found in findings if not (found.rule in named and _is_mild(found.rule))]


def _is_mild(name: str) -> bool:
    return name in RULES and RULES[name].can_be_allowed


def _about_the_list(findings: Sequence[Finding], reading: Reading) -> Iterator[Finding]:
    broken = {found.rule for found in findings}
    paths = _paths(reading)
    for number, entry in enumerate(reading.issue.allow):
        path, rule = paths[number] if number < len(paths) else ("allow",), RULES.get(entry.rule.upper())
        if rule is None:
            yield _said(reading, path, _UNKNOWN, f"there is no rule {entry.rule!r}", near_rule(entry.rule))
        elif not rule.can_be_allowed:
            whom = rule.protects or "the list itself"
            yield _said(
                reading, path, _FORBIDDEN, f"{rule.id} cannot be allowed: it protects {whom}", "delete the entry"
            )
        elif rule.stage in _ALWAYS and rule.id not in broken:
            yield _said(reading, path, _IDLE, f"nothing here breaks {rule.id}", "delete the entry")
        elif not entry.reason:
            fix = f"write '- {rule.id}: why it is all right'"
            yield _said(reading, path, _NO_REASON, f"{rule.id} is allowed without a reason", fix)


def _said(reading: Reading, path: Path, rule: Rule, message: str, fix: str) -> Finding:
    return reading.finding(path, message, fix, rule=rule.id, severity=rule.severity)


def _paths(reading: Reading) -> list[Path]:
    """Where each entry stands, in the order in which the issue holds them."""
    written = reading.located.values.get("allow")
    if isinstance(written, dict):
        return [("allow", name) for name in written]
    if not isinstance(written, list):
        return [("allow",)]
    return [path for number, entry in enumerate(written) for path in _inside(number, entry)]


def _inside(number: int, entry: object) -> list[Path]:
    names = list(entry) if isinstance(entry, dict) and "rule" not in entry else []
    return [("allow", number, name) for name in names] or [("allow", number)]
