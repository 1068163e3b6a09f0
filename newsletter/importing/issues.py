"""From a source to an issue file: whose issue it is, of which kind and day, and what is to be said about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from newsletter.compiler.wording import default_preheader
from newsletter.edition import Filling, fill_placeholders
from newsletter.errors import Finding, InputError, IssueError, Severity
from newsletter.fields import PROSE_LIMIT
from newsletter.importing.guesses import SUBJECT_FIX, Wishes, Workspace, day_of, subject_of, title_of, whose
from newsletter.importing.lines import PART_FIX, Source
from newsletter.importing.mails import typed_marks, without_footer
from newsletter.importing.placing_brief import place_brief
from newsletter.importing.placing_update import place_update
from newsletter.importing.remarks import Remarks
from newsletter.importing.textpart import Head, Labels, head_of, text_part_of
from newsletter.importing.textpart_issues import read_text_part
from newsletter.importing.writing import write_issue
from newsletter.issue import AnyIssue, DailyBrief, Kind
from newsletter.masthead import Masthead
from newsletter.reader import read_issue_text

#: as many as an issue file may have lines
_MOST_LINES = 5_000
_SLUG = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """An issue file's text, and everything that could not be placed or had to be guessed."""

    text: str
    slug: str
    kind: Kind
    newsletter: str
    fields: Mapping[str, Any] = field(repr=False)
    findings: tuple[Finding, ...] = ()

    def as_json(self, path: str) -> dict[str, Any]:
        sections = self.fields["sections"]
        return {
            "file": path,
            "kind": str(self.kind),
            "newsletter": self.newsletter,
            "date": self.fields["date"],
            "subject": self.fields["subject"],
            "slug": self.slug,
            "sections": len(sections),
            "stories": sum(len(section.get("stories", ())) for section in sections),
            "points": sum(len(section.get("points", ())) for section in sections),
            "findings": [finding.as_json() for finding in self.findings],
        }


def import_source(source: Source, wishes: Wishes, workspace: Workspace) -> Imported:
    """
    The issue file that a source becomes.

    :raises InputError: it holds nothing, or nobody can tell whose issue it is
    """
    _refuse_hopeless(source)
    remarks = Remarks(source.path, list(source.remarks))
    head = head_of(source.plain, _choice(wishes, workspace)) if source.plain else None
    if head and source.plain and wishes.kind in (None, head.kind):
        imported = _own(source, head, wishes, workspace, remarks)
    else:
        imported = _foreign(source, wishes, workspace, remarks)
    return replace(imported, findings=remarks.all() + _still_wrong(imported, workspace))


def _refuse_hopeless(source: Source) -> None:
    """What no issue file could hold would only cost time."""
    lines = [line for line in source.lines if line.text]
    long = next((line for line in lines if len(line.text) > PROSE_LIMIT), None)
    if not lines:
        said = Finding(message="holds no text", fix="name a file that does", path=source.path, rule="empty")
    elif long:
        message = f"this paragraph is longer than {PROSE_LIMIT:,} characters"
        said = Finding(message=message, fix=PART_FIX, path=source.path, line=long.number, rule="size")
    elif len(lines) > _MOST_LINES:
        message = f"holds more than {_MOST_LINES:,} paragraphs and points"
        said = Finding(message=message, fix=PART_FIX, path=source.path, rule="size")
    else:
        return
    raise InputError(said)


def _choice(wishes: Wishes, workspace: Workspace) -> Mapping[str, Masthead]:
    return {name: one for name, one in workspace.mastheads.items() if wishes.newsletter in (None, name)}


def _own(source: Source, head: Head, wishes: Wishes, workspace: Workspace, remarks: Remarks) -> Imported:
    """Our own text part, read back."""
    masthead, labels = head.masthead, workspace.labels(head.masthead, head.kind, head.language)
    message = f"is a text part of {masthead.name}, read back"
    remarks.say(1, message, "bold, ids and Must Send do not stand in one", rule="text-part")
    fields = read_text_part(text_part_of(source.plain or "", head, labels, remarks))
    if head.kind is Kind.DAILY_BRIEF:
        fields["subject"] = "{{ lead_headline }}"
    fields |= {"subject": wishes.subject} if wishes.subject else {}
    fields |= {"date": wishes.day.isoformat()} if wishes.day else {}
    fields |= {} if masthead.kind else {"kind": str(head.kind)}
    if head.kind is Kind.DAILY_BRIEF and not wishes.subject:
        message = "the subject does not stand in a text part; the lead headline was taken"
        remarks.say(1, message, SUBJECT_FIX, rule="subject")
    stem = PurePath(source.path).stem
    slug = stem if source.path != "-" and _SLUG.fullmatch(stem) else f"{masthead.name}-{fields['date']}"
    return _without_made_preheader(_imported(fields, slug, head.kind, masthead), labels, workspace)


def _without_made_preheader(imported: Imported, labels: Labels, workspace: Workspace) -> Imported:
    """A preheader that would be made anyway is none that somebody wrote."""
    issue = _issue(imported, workspace)
    if issue is None or issue.preheader is None:
        return imported
    headlines = [story.headline for story in issue.all_stories] if isinstance(issue, DailyBrief) else []
    values = {Filling.LEAD_HEADLINE: headlines[0] if headlines else "", Filling.STORY_COUNT: str(len(headlines))}
    made = fill_placeholders(default_preheader(issue, labels), values)
    if "".join(made.split()) != "".join(issue.preheader.split()):
        return imported
    fields = {name: value for name, value in imported.fields.items() if name != "preheader"}
    return replace(imported, fields=fields, text=write_issue(fields))


def _foreign(source: Source, wishes: Wishes, workspace: Workspace, remarks: Remarks) -> Imported:
    source = replace(source, lines=typed_marks(source.lines))
    masthead, kind = whose(source, wishes, workspace, remarks)
    source = without_footer(source, masthead, kind, workspace, remarks)
    year = (wishes.day or source.date or masthead.today(workspace.now)).year
    if kind is Kind.DAILY_BRIEF:
        fields, opening = place_brief(source.lines, masthead, remarks, year=year)
    else:
        fields, opening = place_update(source.lines, masthead, remarks)
    day = day_of(source, opening, wishes, masthead.today(workspace.now), remarks)
    title = title_of(source, opening, masthead, remarks)
    fields = {
        "newsletter": masthead.name,
        **({} if masthead.kind else {"kind": str(kind)}),
        "date": day.isoformat(),
        "subject": subject_of(fields, kind, title=title, wishes=wishes, masthead=masthead, remarks=remarks),
        **fields,
    }
    return _imported(fields, f"{masthead.name}-{day.isoformat()}", kind, masthead)


def _imported(fields: dict[str, Any], slug: str, kind: Kind, masthead: Masthead) -> Imported:
    text = write_issue(fields)
    return Imported(text=text, slug=slug, kind=kind, newsletter=masthead.name, fields=fields)


def _issue(imported: Imported, workspace: Workspace) -> AnyIssue | None:
    try:
        return read_issue_text(imported.text, path=f"{imported.slug}.md", mastheads=workspace.mastheads).issue
    except IssueError:
        return None


def _still_wrong(imported: Imported, workspace: Workspace) -> tuple[Finding, ...]:
    """What `check` will refuse in the file as it is."""
    path = f"{imported.slug}.md"
    try:
        read_issue_text(imported.text, path=path, mastheads=workspace.mastheads)
    except IssueError as error:
        found = [finding for finding in error.findings if finding.severity is Severity.ERROR]
        return tuple(replace(finding, severity=Severity.WARNING) for finding in found)
    return ()
