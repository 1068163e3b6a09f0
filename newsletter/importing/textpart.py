"""Our own text part, read back: what `newsletter build` wrote as SLUG.txt is an issue again."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from newsletter.columns import COLUMNS
from newsletter.compiler.ink import TextInk
from newsletter.importing.blocks import Block, Unwrapping, blocks_of, linked, take_notes
from newsletter.importing.dates import FoundDay, find_day
from newsletter.importing.remarks import Remarks
from newsletter.issue import Kind
from newsletter.masthead import Masthead

Labels = Mapping[str, str]
#: the words that a newsletter's templates use in a language
LabelsFor = Callable[[Masthead, Kind, str], Labels]

_FIELD = re.compile(r"\\\{(\w+)\\\}")
_CONTACT = re.compile(
    r"(?P<name>[^(（,，]+)(?:[,，]\s?(?P<role>[^(（]+?))?\s?"
    r"(?:[(（](?:(?P<email>[^\s()（）,，]+@[^\s()（）,，]+))?(?:[,，]?\s?(?P<phone>[^()（）]+))?[)）])?"
)
_MAILBOX = re.compile(
    r"(?P<name>(?:[A-Z][\w’'.-]*)(?: [A-Z][\w’'.-]*)*(?:, [^,.()]{1,60})?) \([^\s()]+@[^\s()]+(?:, [^()]+)?\)"
)


@dataclass(frozen=True, slots=True)
class Head:
    """What the first lines of a text part say."""

    masthead: Masthead
    kind: Kind
    day: FoundDay
    language: str
    #: the block that holds the title of the page: subject or newsletter
    place: int


@dataclass(frozen=True, slots=True)
class TextPart:
    """A text part without its frame, cut into blocks."""

    head: Head
    labels: Labels
    unwrapping: Unwrapping
    blocks: Sequence[Block]
    remarks: Remarks

    def words(self, block: Block, *, indent: int = 0) -> str:
        return self.unwrapping.join(block.lines, indent=indent)

    def markdown(self, blocks: Sequence[Block], notes: Mapping[int, str]) -> str:
        return "\n\n".join(linked(self.words(block), notes) for block in blocks)


def head_of(text: str, mastheads: Mapping[str, Masthead]) -> Head | None:
    """Whether a text is a text part of one of these newsletters: its title, a dash and a day stand above strokes."""
    blocks = blocks_of(text[:8_000])
    unwrapping = Unwrapping.like(text[:8_000])
    for place, block in enumerate(blocks[:4]):
        stroke = block.stroke_at("=")
        title = unwrapping.join(block.lines[:stroke])
        masthead, day = _titled(title, mastheads)
        if masthead is None or day is None:
            continue
        language = "zh-Hans" if "年" in title[day.start :] else "en"
        if stroke:
            return Head(masthead, Kind.DAILY_BRIEF, day, language, place)
        if place + 1 < len(blocks) and blocks[place + 1].stroke_at("="):
            return Head(masthead, Kind.TEAM_UPDATE, day, language, place + 1)
    return None


def _titled(line: str, mastheads: Mapping[str, Masthead]) -> tuple[Masthead | None, FoundDay | None]:
    title, _, written = line.rpartition(" — ")
    day = find_day(written)
    if day is None or (day.start, day.end) != (0, len(written)):
        return None, None
    return next((one for one in mastheads.values() if one.title == title), None), day


def text_part_of(text: str, head: Head, labels: Labels, remarks: Remarks) -> TextPart:
    """The blocks between the page's title and the footer, which is reported."""
    blocks = blocks_of(text)
    frame = "-" * COLUMNS
    foot = [place for place, block in enumerate(blocks) if block.lines == (frame,)]
    if foot:
        first, last = blocks[foot[-1]].number, blocks[-1].number + len(blocks[-1].lines) - 1
        message = f"lines {first} to {last} are the footer and were left out; each mail gets its own"
        remarks.say(first, message, rule="footer")
        blocks = blocks[: foot[-1]]
    return TextPart(head, labels, Unwrapping.like(text), blocks, remarks)


def greeting_of(part: TextPart, block: Block) -> str | None:
    """The greeting, unless it is the one that the newsletter greets with anyway."""
    written = part.words(block)
    own = part.head.masthead.greeting or part.labels["greeting"]
    if written == part.labels["greeting_without_name"] or fitting(own, written, {"name"}, braces=2):
        return None
    return written


def fitting(label: str, written: str, fields: set[str], *, braces: int = 1) -> Mapping[str, str] | None:
    """What stands in a written text where its pattern has `{field}`; None when it does not fit."""
    pattern = re.escape(label).replace(r"\ ", " ")
    if braces == 2:
        pattern = re.sub(r"\\\{\\\{ *(\w+) *\\\}\\\}", r"\\{\1\\}", pattern)
    seen: list[str] = []

    def group(found: re.Match[str]) -> str:
        if found[1] not in fields or found[1] in seen:
            return found[0]
        seen.append(found[1])
        return f"(?P<{found[1]}>.+)"

    found = re.fullmatch(_FIELD.sub(group, pattern), written)
    return found.groupdict() if found else None


def last_words(part: TextPart, blocks: Sequence[Block]) -> dict[str, Any]:
    """Closing, contact, sign-off and signature, in the order in which a text part has them."""
    fields: dict[str, Any] = {}
    contact_at = next((n for n, block in enumerate(blocks) if _contact_line(part, block)), None)
    if contact_at is not None:
        written = str(_contact_line(part, blocks[contact_at]))
        fields |= _contact_fields(part, written)
        closing, signed = list(blocks[:contact_at]), list(blocks[contact_at + 1 :])
    else:
        count = _signed(part, blocks)
        closing, signed = list(blocks[: len(blocks) - count]), list(blocks[len(blocks) - count :])
    closing, notes = take_notes(closing)
    if closing:
        fields |= _closing(part, closing, notes, is_named=contact_at is not None)
    return fields | _signature(part, signed)


def _contact_line(part: TextPart, block: Block) -> str | None:
    found = fitting(part.labels.get("contact", "{contact}\n"), part.words(block), {"contact"})
    return found["contact"] if found else None


def _contact_fields(part: TextPart, written: str) -> dict[str, Any]:
    key = next((key for key, shown in _contacts(part).items() if shown == written), None)
    if key:
        return {} if key == part.head.masthead.contact else {"contact": key}
    found = _CONTACT.fullmatch(written)
    if found is None:
        return {}
    return {"contact": {name: value.strip() for name, value in found.groupdict().items() if value}}


def _contacts(part: TextPart) -> dict[str, str]:
    ink = TextInk("", part.head.language)
    return {key: ink.contact(contact) for key, contact in part.head.masthead.contacts.items()}


def _closing(part: TextPart, blocks: Sequence[Block], notes: Mapping[int, str], *, is_named: bool) -> dict[str, Any]:
    """With `{{ contact }}` where the contact stands in full."""
    words = [part.words(block) for block in blocks]
    for key, shown in {} if is_named else _contacts(part).items():
        place = next((n for n, text in enumerate(words) if shown in text), None)
        if place is not None:
            before, after = words[place].split(shown, 1)
            parts = [linked(text, notes) for text in words]
            parts[place] = f"{linked(before, notes)}{{{{ contact }}}}{linked(after, notes)}"
            named = {} if key == part.head.masthead.contact else {"contact": key}
            return {"closing": "\n\n".join(parts), **named}
    if not is_named:
        for place, text in enumerate(words):
            mailbox = _MAILBOX.search(text)
            found = _CONTACT.fullmatch(mailbox[0]) if mailbox else None
            if mailbox and found:
                parts = [linked(one, notes) for one in words]
                before, after = text[: mailbox.start()], text[mailbox.end() :]
                parts[place] = f"{linked(before, notes)}{{{{ contact }}}}{linked(after, notes)}"
                contact = {name: value.strip() for name, value in found.groupdict().items() if value}
                return {"closing": "\n\n".join(parts), "contact": contact}
    return {"closing": "\n\n".join(linked(text, notes) for text in words)}


def _signed(part: TextPart, blocks: Sequence[Block]) -> int:
    """How many of the last blocks are sign-off and signature, where no contact stands above them."""
    noted = next((n for n in range(len(blocks), 0, -1) if blocks[n - 1].notes()), None)
    if noted is not None:
        return len(blocks) - noted
    texts = [part.words(block) for block in blocks[-2:]]
    masthead = part.head.masthead
    if len(texts) == 2 and (texts[0].endswith((",", "，")) or texts == [masthead.sign_off, masthead.signature]):
        return 2
    is_one = bool(texts) and (texts[-1] in (masthead.sign_off, masthead.signature) or texts[-1].endswith((",", "，")))
    return int(is_one or (bool(texts) and len(texts[-1]) <= 60 and texts[-1][-1] not in ".!?。！？:：…"))


def _signature(part: TextPart, blocks: Sequence[Block]) -> dict[str, Any]:
    texts = [part.words(block) for block in blocks]
    if len(texts) >= 2:
        return {"sign_off": texts[0], "signature": ", ".join(texts[1:])}
    if not texts:
        return {}
    is_sign_off = texts[0].endswith((",", "，")) or texts[0] == part.head.masthead.sign_off
    return {"sign_off" if is_sign_off else "signature": texts[0]}
