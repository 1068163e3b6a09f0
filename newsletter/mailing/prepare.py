"""From an issue file to a compiled issue with everything that is to be said about it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from newsletter.checks import Confidential, check_issue, check_whole
from newsletter.compiler import compile_issue
from newsletter.edition import CompiledIssue, Edition, Links, cut_edition
from newsletter.errors import Finding, IssueError, RefusedError, Severity
from newsletter.issue import AnyIssue
from newsletter.mailing.neighbours import earlier_stories
from newsletter.masthead import Imprint, Masthead
from newsletter.reader import Reading, read_issue
from newsletter.tags import Vocabulary


@dataclass(frozen=True, slots=True)
class Materials:
    """What the workspace declares, read once per command."""

    templates: Path
    mastheads: Mapping[str, Masthead]
    vocabulary: Vocabulary
    #: names that no copy may hold but their client's
    confidential: Confidential = field(default_factory=Confidential)


@dataclass(frozen=True)
class Prepared:
    reading: Reading
    masthead: Masthead
    imprint: Imprint
    compiled: CompiledIssue
    vocabulary: Vocabulary
    look: Callable[[], Iterable[Finding]] = field(repr=False, compare=False)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Looked for when they are first asked for: the preview draws the mail meanwhile."""
        return tuple(self.look())

    @property
    def issue(self) -> AnyIssue:
        return self.reading.issue

    def whole(self) -> Edition:
        """The edition of a reader who gets every story."""
        return cut_edition(self.compiled, [story.id for story in self.compiled.stories])

    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


def prepare(
    path: Path,
    materials: Materials,
    *,
    imprint_for: Callable[[Masthead, AnyIssue], Imprint],
    links: Links,
    now: datetime | None = None,
) -> Prepared:
    """
    Read, compile and check one issue file. Without `now`, no day counts as lying in the future.

    :raises IssueError: it cannot be read as an issue
    :raises TemplateError: it cannot be compiled
    """
    reading = read_issue(path, materials.mastheads)
    masthead = materials.mastheads[reading.issue.newsletter]
    imprint = imprint_for(masthead, reading.issue)
    compiled = compile_issue(
        reading.issue,
        masthead=masthead,
        imprint=imprint,
        templates=materials.templates,
        vocabulary=materials.vocabulary,
        links=links,
    )
    earlier = earlier_stories(path, reading.issue, materials.mastheads)

    def look() -> Iterable[Finding]:
        found = check_issue(
            reading,
            materials.vocabulary,
            today=masthead.today(now) if now else None,
            earlier=earlier,
            confidential=materials.confidential,
        )
        return check_whole(reading, compiled, imprint, found)

    return Prepared(reading, masthead, imprint, compiled, materials.vocabulary, look)


def insist_ready(prepared: Prepared) -> None:
    """
    :raises IssueError: `check` finds an error in it
    :raises RefusedError: see `insist_imprint`
    """
    errors = prepared.errors()
    if errors:
        raise IssueError(*errors)
    insist_imprint(prepared)


def insist_imprint(prepared: Prepared) -> None:
    """
    :raises RefusedError: a placeholder stands where readers must find who writes, or how to leave
    """
    missing = prepared.imprint.placeholders
    if missing:
        names = " and ".join(missing) if len(missing) < 3 else f"{', '.join(missing[:-1])} and {missing[-1]}"
        raise RefusedError(
            f"nobody has said who writes and how to leave; missing: {names}",
            fix="set them in .env or in templates/newsletters.yaml",
        )
