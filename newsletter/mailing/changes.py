"""What differs between two compiled versions of one issue, in words and lines. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rapidfuzz.fuzz import ratio

from newsletter.edition import CompiledIssue, Edition, Filling, Part, cut_edition, mark
from newsletter.issue import Sender
from newsletter.mailing.building import fill_part
from newsletter.mailing.rehearsal import Rehearsed, example_recipient

#: links of the text part begin with it in both versions
_NOWHERE = "https://newsletter.example.com"
#: of a hundred: two texts that differ by a headline and a few words
_ALIKE = 60
#: unchanged lines around a change
_AROUND = 1


@dataclass(frozen=True, slots=True)
class Line:
    #: "" unchanged, "+" new, "-" gone, "…" left out here
    mark: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentChanges:
    #: what, before, now: of the edition that holds every story
    heads: tuple[tuple[str, str, str], ...]
    #: headlines, in the order of the issue
    added: tuple[str, ...]
    removed: tuple[str, ...]
    #: the headline, and what it was where it is another one now
    changed: tuple[tuple[str, str], ...]
    #: the text of all stories, where it differs
    lines: tuple[Line, ...]

    def __bool__(self) -> bool:
        return bool(self.heads or self.added or self.removed or self.changed or self.lines)


def content_changes(then: CompiledIssue, now: CompiledIssue) -> ContentChanges:
    was = same_stories(then, now)
    before = {story.id: story.headline for story in then.stories}
    kept = [story for story in now.stories if story.id in was]
    whole_then, whole_now = _whole(then), _whole(now)
    return ContentChanges(
        heads=tuple(head for head in _heads(whole_then, whole_now) if head[1] != head[2]),
        added=tuple(story.headline for story in now.stories if story.id not in was),
        removed=tuple(story.headline for story in then.stories if story.id not in was.values()),
        changed=tuple(
            (story.headline, before[was[story.id]])
            for story in kept
            if _pieces(then, was[story.id]) != _pieces(now, story.id)
        ),
        lines=line_changes(_lines(then, whole_then), _lines(now, whole_now)),
    )


def same_stories(then: CompiledIssue, now: CompiledIssue) -> dict[str, str]:
    """
    By id: which story each one was. An id is made from the headline, so a new headline over the same text makes a new
    id, and is the same story all the same.
    """
    before, after = ({story.id for story in issue.stories} for issue in (then, now))
    was = {story: story for story in after & before}
    orphans = {story.id: _text_of(then, story.id) for story in then.stories if story.id not in after}
    for story in now.stories:
        if story.id in was or not orphans:
            continue
        text = _text_of(now, story.id)
        nearest = max(orphans, key=lambda old: ratio(orphans[old], text))
        if ratio(orphans[nearest], text) >= _ALIKE:
            was[story.id] = nearest
            del orphans[nearest]
    return was


def _heads(then: Edition, now: Edition) -> Iterable[tuple[str, str, str]]:
    before, after = then.letterhead, now.letterhead
    yield "Subject", then.subject, now.subject
    yield "Preheader", then.preheader, now.preheader
    yield "Sender", _named(before.sender), _named(after.sender)
    yield "Answers go to", before.reply_to or before.sender.address, after.reply_to or after.sender.address


def _named(sender: Sender) -> str:
    return f"{sender.name} <{sender.address}>"


def _whole(issue: CompiledIssue) -> Edition:
    return cut_edition(issue, [story.id for story in issue.stories])


def _pieces(issue: CompiledIssue, story_id: str) -> tuple[str, ...]:
    """All of a story that a reader sees. Slots carry a hash of the whole source, which says nothing about a story."""
    pieces = (*issue.html, *issue.text)
    return tuple(piece.content.replace(issue.source, "") for piece in pieces if piece.story == story_id)


def _text_of(issue: CompiledIssue, story_id: str) -> str:
    number = mark(issue.source, Part.TEXT, Filling.NUMBER)
    return "".join(piece.content.replace(number, "") for piece in issue.text if piece.story == story_id)


def _lines(issue: CompiledIssue, whole: Edition) -> list[str]:
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
