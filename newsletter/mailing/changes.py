"""What differs between two compiled versions of one issue, in words and lines. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from newsletter.edition import CompiledIssue, CompiledStory, Part, cut_edition
from newsletter.mailing.building import fill_part
from newsletter.mailing.rehearsal import Rehearsed, example_recipient

#: links of the text part begin with it in both versions
_NOWHERE = "https://newsletter.example.com"
#: unchanged lines around a change
_AROUND = 1


@dataclass(frozen=True, slots=True)
class Line:
    #: "" unchanged, "+" new, "-" gone, "…" left out here
    mark: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentChanges:
    #: what, before, now: subject, preheader, sender, answers to
    heads: tuple[tuple[str, str, str], ...]
    #: headlines, in the order of the issue
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    #: the text of all stories, where it differs
    lines: tuple[Line, ...]

    def __bool__(self) -> bool:
        return bool(self.heads or self.added or self.removed or self.changed or self.lines)


def content_changes(then: CompiledIssue, now: CompiledIssue) -> ContentChanges:
    before, after = ({story.id: story for story in issue.stories} for issue in (then, now))
    return ContentChanges(
        heads=tuple(head for head in _heads(then, now) if head[1] != head[2]),
        added=_headlines(story for story in now.stories if story.id not in before),
        removed=_headlines(story for story in then.stories if story.id not in after),
        changed=_headlines(
            story for story in now.stories if story.id in before and _story(then, story.id) != _story(now, story.id)
        ),
        lines=line_changes(_text(then), _text(now)),
    )


def _headlines(stories: Iterable[CompiledStory]) -> tuple[str, ...]:
    return tuple(story.headline for story in stories)


def _heads(then: CompiledIssue, now: CompiledIssue) -> Iterable[tuple[str, str, str]]:
    before, after = then.letterhead, now.letterhead
    yield "Subject", then.subject, now.subject
    yield "Preheader", then.preheader, now.preheader
    yield (
        "Sender",
        f"{before.sender.name} <{before.sender.address}>",
        f"{after.sender.name} <{after.sender.address}>",
    )
    yield "Answers go to", before.reply_to or before.sender.address, after.reply_to or after.sender.address
    yield "Greeting", then.greeting, now.greeting


def _story(issue: CompiledIssue, story_id: str) -> tuple[str, ...]:
    """All of a story that a reader sees. Slots carry a hash of the whole source, which says nothing about a story."""
    pieces = (*issue.html, *issue.text)
    return tuple(piece.content.replace(issue.source, "") for piece in pieces if piece.story == story_id)


def _text(issue: CompiledIssue) -> list[str]:
    whole = cut_edition(issue, [story.id for story in issue.stories])
    values = example_recipient(issue, Rehearsed(), base_url=_NOWHERE).values
    return fill_part(whole, Part.TEXT, values).split("\n")


def line_changes(then: Sequence[str], now: Sequence[str]) -> tuple[Line, ...]:
    """As a list of lines with what stands around each change; nothing when nothing differs."""
    found: list[Line] = []
    for group in SequenceMatcher(None, then, now, autojunk=False).get_grouped_opcodes(_AROUND):
        found += [Line("…", "")] if found else []
        for kind, first, last, start, end in group:
            if kind == "equal":
                found += [Line("", text) for text in now[start:end]]
            else:
                found += [Line("-", text) for text in then[first:last]]
                found += [Line("+", text) for text in now[start:end]]
    return tuple(found)
