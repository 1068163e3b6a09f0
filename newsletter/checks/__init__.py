"""
Say what is wrong with an issue before a reader does: what the file's form alone cannot show.

A rule is one small function in the register (`rules.py`); the modules below enter theirs when they are imported.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice

from newsletter.checks import (
    clients,
    confidence,
    contrast,
    duplicates,
    links,
    parts,
    punctuation,
    stories,
    visits,
    wording,
)
from newsletter.checks.allowing import settle, without_allowed
from newsletter.checks.confidential import Confidential, read_confidential
from newsletter.checks.manuscript import EarlierStory, Manuscript
from newsletter.checks.parts import HTML_CAUTION, HTML_LIMIT
from newsletter.checks.proof import Proof
from newsletter.checks.rules import CHAPTERS, FILE_RULES, MAIL_RULES, RULES, Rule, explained
from newsletter.checks.stories import check_date
from newsletter.checks.visits import links_of, visit_findings
from newsletter.edition import CompiledIssue
from newsletter.errors import Finding
from newsletter.masthead import Imprint
from newsletter.reader import Reading
from newsletter.tags import Vocabulary

__all__ = [
    "CHAPTERS",
    "HTML_CAUTION",
    "HTML_LIMIT",
    "RULES",
    "Confidential",
    "EarlierStory",
    "Rule",
    "check_compiled",
    "check_date",
    "check_issue",
    "check_whole",
    "explained",
    "links_of",
    "read_confidential",
    "settle",
    "visit_findings",
    "without_allowed",
]
#: that entering their rules is what these are imported for
_ENTERED = (clients, confidence, contrast, duplicates, links, parts, punctuation, stories, visits, wording)

#: more of one rule in one file help nobody
_MOST_OF_A_RULE = 50


def check_issue(
    reading: Reading,
    vocabulary: Vocabulary,
    *,
    today: date | None = None,
    earlier: Sequence[EarlierStory] = (),
    confidential: Confidential | None = None,
) -> list[Finding]:
    """Findings about the file, in its order: the reader's warnings, and what each rule spots."""
    draft = Manuscript(reading, vocabulary, today, earlier, confidential or Confidential())
    return _in_order([*reading.warnings, *_file_findings(draft)])


def check_compiled(
    compiled: CompiledIssue, imprint: Imprint, *, path: str, reading: Reading | None = None
) -> list[Finding]:
    """Findings about what the file becomes; with their places in the file, when it is given and they have some."""
    proof = Proof(compiled, imprint)
    found: dict[Finding, None] = {}
    for rule, function in MAIL_RULES:
        for noted in islice(function(proof), _MOST_OF_A_RULE):
            finding = Finding(message=noted.message, fix=noted.fix, path=path, rule=rule.id, severity=rule.severity)
            found[_placed(finding, reading, noted.path, noted.words)] = None
    return list(found)


def check_whole(reading: Reading, compiled: CompiledIssue, imprint: Imprint, found: Iterable[Finding]) -> list[Finding]:
    """Everything about an issue: `found` by `check_issue`, what it becomes, and what its list `allow` sets aside."""
    about_mail = check_compiled(compiled, imprint, path=reading.path, reading=reading)
    return _in_order(settle([*found, *about_mail], reading))


def _file_findings(draft: Manuscript) -> Iterator[Finding]:
    for rule, function in FILE_RULES:
        for spotted in islice(function(draft), _MOST_OF_A_RULE):
            found = draft.finding(spotted.path, spotted.message, spotted.fix, spotted.words)
            yield replace(found, rule=rule.id, severity=rule.severity)


def _placed(finding: Finding, reading: Reading | None, path: tuple[str | int, ...] | None, words: str) -> Finding:
    if reading is None:
        return finding
    if path is not None and path[0] in reading.located.values:
        place = reading.place(path)
        return replace(finding, line=place.line, column=place.column)
    for number, line in enumerate(reading.lines if words else (), start=1):
        if (column := line.find(words)) >= 0:
            return replace(finding, line=number, column=column + 1)
    return finding


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By place, what concerns the whole mail last, each once."""
    once = dict.fromkeys(findings)
    return sorted(once, key=lambda finding: (finding.line is None, finding.line or 0, finding.column or 0))
