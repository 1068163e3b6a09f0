"""Tags for the stories of an issue: proposed from the words in their text, and written into its file when asked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from newsletter.errors import InputError, IssueError
from newsletter.issue import DailyBrief, Story, TeamUpdate
from newsletter.located import Path
from newsletter.masthead import Masthead
from newsletter.reader import Reading, read_issue_text
from newsletter.tags import Vocabulary
from newsletter.tags.finding import Finder, Found

#: by language: the label of the line, what follows it, and what parts the tags
_WRITTEN = {"en": ("Tags", ": ", ", "), "zh-Hans": ("标签", "：", "、")}
_TAGS_LINE = re.compile(r"^(?P<head>\W*(?:tags?|标签|標籤)\W*?[:：]\**\s*)(?P<tags>.*?)(?P<end>\**\s*)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Proposal:
    """For one story; of a team update, for the issue."""

    path: Path
    line: int
    headline: str
    #: as they stand in the file
    tags: tuple[str, ...]
    found: tuple[Found, ...]


def propose(reading: Reading, vocabulary: Vocabulary) -> list[Proposal]:
    """What each story is about, by its own words, beside the tags that it has."""
    finder = Finder(vocabulary)
    issue = reading.issue
    if isinstance(issue, TeamUpdate):
        points = [text for section in issue.sections for point in section.points for text in (point.lead, point.text)]
        found = finder.find(issue.subject, [issue.intro, *filter(None, points)], but=_known(issue.tags, vocabulary))
        return [Proposal((), 1, issue.subject, issue.tags, tuple(found))]
    return [
        _for_story(reading, ("sections", number, "stories", place), story, finder, vocabulary)
        for number, section in enumerate(issue.sections)
        for place, story in enumerate(section.stories)
    ]


def _for_story(reading: Reading, path: Path, story: Story, finder: Finder, vocabulary: Vocabulary) -> Proposal:
    texts = (story.summary, story.why_it_matters or "")
    found = finder.find(story.headline, texts, but=_known(story.tags, vocabulary))
    return Proposal(path, reading.place(path).line, story.headline, story.tags, tuple(found))


def _known(tags: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    return [slug for raw in tags if (slug := vocabulary.resolve(raw))]


def with_tags(
    text: str,
    reading: Reading,
    proposals: Sequence[Proposal],
    *,
    vocabulary: Vocabulary,
    mastheads: Mapping[str, Masthead],
) -> str:
    """
    The text of a Markdown brief with the proposed tags in it, after those that are there.

    What comes out is read again: it must be the same issue with these tags more.

    :raises InputError: the file has a form that only a person can change
    """
    if PurePath(reading.path).suffix.lower() not in {".md", ".markdown"} or not isinstance(reading.issue, DailyBrief):
        raise InputError(f"{reading.path}: tags can be written into a Markdown brief only", fix="write them by hand")
    lines = text.split("\n")
    language = reading.issue.language
    for proposal in sorted(proposals, key=lambda one: -one.line):
        if proposal.found:
            names = [vocabulary.name(found.slug, language) for found in proposal.found]
            _write(lines, reading, proposal, names)
    changed = "\n".join(lines)
    if not _is_same_but_for_tags(changed, reading, proposals, vocabulary, mastheads):
        message = f"{reading.path}: a line of tags cannot be written safely"
        raise InputError(message, fix="write them by hand; nothing was changed")
    return changed


def _write(lines: list[str], reading: Reading, proposal: Proposal, names: Sequence[str]) -> None:
    label, colon, comma = _WRITTEN[reading.issue.language]
    if proposal.tags:
        at = reading.place((*proposal.path, "tags")).line - 1
        written = _TAGS_LINE.match(lines[at])
        if written:
            comma = "、" if "、" in written["tags"] else ", "
            tags = comma.join([written["tags"].rstrip(" ,，、;；"), *names])
            lines[at] = f"{written['head']}{tags}{written['end']}"
        return
    lines.insert(_end_of_story(lines, reading, proposal), f"- {label}{colon}{comma.join(names)}")


def _end_of_story(lines: list[str], reading: Reading, proposal: Proposal) -> int:
    """The line below the last one that is known to be the story's."""
    depth = len(proposal.path)
    theirs = [place.line for path, place in reading.located.places.items() if path[:depth] == proposal.path]
    end = max(theirs)
    while end < len(lines) and lines[end].strip() and not lines[end].lstrip().startswith(("#", "-", "*", "•")):
        end += 1
    return end


def _is_same_but_for_tags(
    text: str,
    reading: Reading,
    proposals: Sequence[Proposal],
    vocabulary: Vocabulary,
    mastheads: Mapping[str, Masthead],
) -> bool:
    try:
        after = read_issue_text(text, path=reading.path, mastheads=mastheads).issue
    except IssueError:
        return False
    wanted: dict[str, Any] = reading.issue.model_dump()
    for proposal in proposals:
        if proposal.found:
            names = [vocabulary.name(found.slug, reading.issue.language) for found in proposal.found]
            _, number, _, place = proposal.path
            wanted["sections"][number]["stories"][place]["tags"] = (*proposal.tags, *names)
    return bool(after.model_dump() == wanted)
