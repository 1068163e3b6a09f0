"""Say what is wrong with an issue before a reader does: what the file's form alone cannot show."""

import re
from collections.abc import Iterator
from datetime import date

from newsletter.edition import CompiledIssue, Edition, cut_edition
from newsletter.errors import Finding, Severity
from newsletter.issue import AnyIssue, DailyBrief, Story
from newsletter.located import Path
from newsletter.masthead import Imprint
from newsletter.reader import Reading
from newsletter.tags import Vocabulary

#: Gmail clips longer mails, and the way out with them (research/rendering.md, section 4)
HTML_LIMIT = 102_400
HTML_CAUTION = 80_000
SUBJECT_CAUTION = 90
#: what drafts have where somebody is to write
_TODO = re.compile(r"[\W_]*TODO\b")


def check_issue(reading: Reading, vocabulary: Vocabulary) -> list[Finding]:
    """Findings about the file, in its order: the reader's warnings, tags nobody knows, what was forgotten."""
    findings = [*reading.warnings, *_unknown_tags(reading, vocabulary), *_omissions(reading), *_todo(reading)]
    return sorted(findings, key=lambda finding: (finding.line or 0, finding.column or 0))


#: days; a mail that is dated further off stands in the wrong place in every inbox
DATE_CAUTION = 7


def check_date(reading: Reading, today: date) -> list[Finding]:
    """The mail is dated by its issue, whenever it leaves."""
    if abs((reading.issue.date - today).days) <= DATE_CAUTION:
        return []
    message = f"the mail will be dated {reading.issue.date}, and today is {today}"
    return [_warning(reading, ("date",), message, "write the day on which it is sent", "far-date")]


def check_compiled(compiled: CompiledIssue, imprint: Imprint, *, path: str) -> list[Finding]:
    """Findings about what the file becomes."""
    edition = cut_edition(compiled, [story.id for story in compiled.stories])
    found = [*_size(edition), *_subject(edition), *_placeholders(imprint)]
    return [finding.at(path) for finding in found]


def _tag_paths(issue: AnyIssue) -> Iterator[tuple[Path, str]]:
    for number, raw in enumerate(issue.tags):
        yield ("tags", number), raw
    if isinstance(issue, DailyBrief):
        for place, section in enumerate(issue.sections):
            for story_place, story in enumerate(section.stories):
                for number, raw in enumerate(story.tags):
                    yield ("sections", place, "stories", story_place, "tags", number), raw


def _unknown_tags(reading: Reading, vocabulary: Vocabulary) -> Iterator[Finding]:
    for path, raw in _tag_paths(reading.issue):
        if vocabulary.resolve(raw) is None:
            near = vocabulary.nearest(raw)
            fix = f"did you mean {' or '.join(near)}?" if near else "add it to subscribers/tags.yaml"
            yield reading.finding(path, f"there is no tag {raw!r}", fix, rule="unknown-tag")


def _todo(reading: Reading) -> Iterator[Finding]:
    """A draft must not go out with what nobody has written yet."""
    for path, text in _written(reading.issue):
        if text and _TODO.match(text):
            yield reading.finding(path, "is still to be written", "write it in place of TODO", rule="todo")


def _written(issue: AnyIssue) -> Iterator[tuple[Path, str | None]]:
    yield from ((("subject",), issue.subject), (("preheader",), issue.preheader), (("closing",), issue.closing))
    if isinstance(issue, DailyBrief):
        for place, section in enumerate(issue.sections):
            for number, story in enumerate(section.stories):
                for name in ("headline", "summary", "why_it_matters"):
                    yield ("sections", place, "stories", number, name), getattr(story, name)
        return
    yield ("intro",), issue.intro
    for place, update in enumerate(issue.sections):
        for number, point in enumerate(update.points):
            for name in ("lead", "text"):
                yield ("sections", place, "points", number, name), getattr(point, name)


def _omissions(reading: Reading) -> Iterator[Finding]:
    issue = reading.issue
    if issue.contact is not None and not (issue.contact.email or issue.contact.phone):
        yield _warning(reading, ("contact",), "gives no way to reach the contact", "add email or phone", "contact")
    if isinstance(issue, DailyBrief):
        seen: set[str] = set()
        for place, section in enumerate(issue.sections):
            for story_place, story in enumerate(section.stories):
                yield from _forgotten(reading, ("sections", place, "stories", story_place), story, seen)
                seen.add(story.headline)


def _forgotten(reading: Reading, path: Path, story: Story, seen: set[str]) -> Iterator[Finding]:
    if story.url is None:
        yield _warning(reading, path, "has no url", "add it, or 'URL: none' to say there is none", "no-url")
    if not story.sources:
        yield _warning(reading, path, "names no source", "add a line '- Source: NAME'", "no-source")
    if not story.tags:
        yield _warning(reading, path, "has no tags", "add some, so that it finds its readers", "no-tags")
    if story.headline in seen:
        yield _warning(reading, path, "has the headline of an earlier story", "keep one", "same-headline")


def _warning(reading: Reading, path: Path, message: str, fix: str, rule: str) -> Finding:
    return reading.finding(path, message, fix, rule=rule, severity=Severity.WARNING)


def _size(edition: Edition) -> Iterator[Finding]:
    size = len(edition.html.encode())
    if size > HTML_CAUTION:
        severity = Severity.ERROR if size > HTML_LIMIT else Severity.WARNING
        message = f"the HTML part is {size:,} bytes; Gmail clips mails over {HTML_LIMIT:,}"
        yield Finding(message=message, fix="shorten summaries, or split the issue", rule="html-size", severity=severity)


def _subject(edition: Edition) -> Iterator[Finding]:
    if len(edition.subject) > SUBJECT_CAUTION:
        message = f"subject: becomes {len(edition.subject)} characters; phones show about 40"
        yield Finding(message=message, fix="shorten it", rule="long-subject", severity=Severity.WARNING)


def _placeholders(imprint: Imprint) -> Iterator[Finding]:
    if imprint.placeholders:
        names = ", ".join(imprint.placeholders)
        message = f"placeholders stand for {names}"
        fix = "set them in .env or in templates/newsletters.yaml before you send"
        yield Finding(message=message, fix=fix, rule="placeholder", severity=Severity.WARNING)
