"""Whose issue a source is, of which kind and day, and what its subject might be: guessed, and said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from newsletter.compiler.folder import read_templates
from newsletter.compiler.theme import read_theme
from newsletter.errors import Finding, InputError
from newsletter.importing.headlines import is_brief
from newsletter.importing.lines import Source
from newsletter.importing.opening import Opening
from newsletter.importing.placing_update import first_words
from newsletter.importing.remarks import Remarks
from newsletter.importing.textpart import Labels
from newsletter.issue import Kind
from newsletter.masthead import Masthead

SUBJECT_FIX = "say another with --subject"
_DAY_FIX = "say another with --date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the person at the keyboard said; it counts more than what the source says."""

    kind: Kind | None = None
    newsletter: str | None = None
    day: date | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """What the workspace declares, and the clock."""

    templates: Path
    mastheads: Mapping[str, Masthead]
    now: datetime

    def labels(self, masthead: Masthead, kind: Kind, language: str) -> Labels:
        folder = masthead.template or str(kind)
        return read_theme(read_templates(self.templates, folder), folder, language).labels


def whose(source: Source, wishes: Wishes, workspace: Workspace, remarks: Remarks) -> tuple[Masthead, Kind]:
    looks = Kind.DAILY_BRIEF if is_brief(source.lines) else Kind.TEAM_UPDATE
    if wishes.newsletter:
        masthead = workspace.mastheads[wishes.newsletter]
        kind = wishes.kind or masthead.kind or looks
        if masthead.kind and kind is not masthead.kind:
            raise InputError(f"{masthead.name} is a {masthead.kind}, not a {kind}", fix="name another newsletter")
    else:
        kind = wishes.kind or looks
        masthead = _newsletter(source, kind, workspace.mastheads, remarks)
    if kind is not looks and not wishes.kind:
        message = f"looks like a {looks}, but {masthead.name} is a {kind}"
        remarks.say(1, message, "look whether everything is in its place, or name another newsletter", rule="kind")
    return masthead, kind


def _newsletter(source: Source, kind: Kind, mastheads: Mapping[str, Masthead], remarks: Remarks) -> Masthead:
    """The one whose title stands above the text, else the only one of its kind."""
    fitting = [one for one in mastheads.values() if one.kind in (None, kind)]
    top = " ".join([source.title or "", *[line.text for line in source.lines if line.text][:3]])[:500].lower()
    titled = [one for one in fitting if one.title.lower() in top]
    chosen = titled if len(titled) == 1 else fitting
    if len(chosen) != 1:
        names = ", ".join(sorted(one.name for one in fitting)) or "none is declared"
        message = (
            f"is a {kind}, and {len(fitting)} newsletters may be meant"
            if fitting
            else f"is a {kind}, and no newsletter is"
        )
        fix = f"say which: --newsletter NAME ({names})"
        raise InputError(Finding(message=message, fix=fix, path=source.path, rule="newsletter"))
    why = "its title stands in it" if titled else f"the only {kind}"
    remarks.say(1, f"is a {kind} for {chosen[0].name}: {why}", "say another with --newsletter", rule="newsletter")
    return chosen[0]


def day_of(source: Source, opening: Opening, wishes: Wishes, today: date, remarks: Remarks) -> date:
    if wishes.day:
        return wishes.day
    if opening.day:
        remarks.say(opening.day_line, f"the issue's date is {opening.day}, as written here", _DAY_FIX, rule="date")
        return opening.day
    if source.date:
        remarks.say(1, f"the issue's date is {source.date}, the date of the source", _DAY_FIX, rule="date")
        return source.date
    remarks.say(1, f"names no date; today's was taken, {today}", _DAY_FIX, rule="date")
    return today


def title_of(source: Source, opening: Opening, masthead: Masthead, remarks: Remarks) -> str | None:
    """What the title says beside the newsletter's own name."""
    titles = [title.strip() for title in (opening.title, source.title) if title and title.strip()]
    telling = [title for title in titles if title.lower() != masthead.title.lower()]
    for title in telling[1:]:
        if title not in telling[0]:
            remarks.say(1, f"the title of the source was left out: {title}", rule="left-out")
    return telling[0] if telling else None


def subject_of(
    fields: Mapping[str, Any], kind: Kind, *, title: str | None, wishes: Wishes, masthead: Masthead, remarks: Remarks
) -> str:
    """What was said, else the title, else what is most like one."""
    if wishes.subject:
        if title:
            remarks.say(1, f"the title was left out, for you named a subject: {title}", rule="left-out")
        return wishes.subject
    if title:
        subject, what = title, "the title"
    elif kind is Kind.DAILY_BRIEF:
        subject, what = f"{masthead.title}: {{{{ lead_headline }}}}", "the newsletter's title and the lead headline"
    else:
        subject, what = first_words(dict(fields)) or masthead.title, "the first sentence"
    remarks.say(1, f"the subject is {what}: {subject}", SUBJECT_FIX, rule="subject")
    return subject
