"""The body of a text part: a team update's groups of points, a daily brief's stories."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from newsletter.importing.blocks import Block, linked, take_notes
from newsletter.importing.dates import find_day
from newsletter.importing.textpart import TextPart, fitting, greeting_of, last_words
from newsletter.issue import Kind

_NUMBERED = re.compile(r"(\d{1,3})\. ")
_ADDRESS = re.compile(r"https?://\S+")
_RULE = "* * *"
_POINT = "• "
_FROM_SOURCE = re.compile(r"(?P<name>.+) \[(?P<number>\d+)\]")


def read_text_part(part: TextPart) -> dict[str, Any]:
    """The fields that the text part of an issue shows."""
    place = part.head.place
    fields: dict[str, Any] = {"newsletter": part.head.masthead.name, "date": part.head.day.day.isoformat()}
    if part.head.language != part.head.masthead.language:
        fields["language"] = part.head.language
    is_update = part.head.kind is Kind.TEAM_UPDATE
    above = part.blocks[: place - 1 if is_update else place]
    if above:
        fields["preheader"] = part.unwrapping.join([line for block in above for line in block.lines])
    if is_update:
        fields |= _headed(part, part.blocks[place])
    rest = list(part.blocks[place + 1 :])
    greeting = greeting_of(part, rest[0]) if rest else None
    if greeting:
        fields["greeting"] = greeting
    return fields | (_update(part, rest[1:]) if is_update else _brief(part, rest[1:]))


def _headed(part: TextPart, block: Block) -> dict[str, Any]:
    """The subject above the strokes; who wrote it below them."""
    stroke = block.stroke_at("=") or 0
    fields = {"subject": part.unwrapping.join(block.lines[:stroke])}
    by = part.unwrapping.join(block.lines[stroke + 1 :])
    if not by:
        return fields
    names = {"team", "author"}
    found = fitting(part.labels.get("led_by", ""), by, names) or fitting(part.labels.get("by", ""), by, names)
    written = found or {"team": by}
    if written.get("team") and written["team"] != part.head.masthead.team:
        fields["team"] = written["team"]
    return fields | ({"lead_author": written["author"]} if written.get("author") else {})


def _update(part: TextPart, blocks: Sequence[Block]) -> dict[str, Any]:
    start = next((n for n, block in enumerate(blocks) if _begins_points(block)), len(blocks))
    intro, notes = take_notes(blocks[:start])
    end = _points_end(blocks, start)
    sections: list[dict[str, Any]] = []
    run: list[Block] = []
    for block in [*blocks[start:end], Block(0, (_RULE,))]:
        stroke = block.stroke_at("-")
        if stroke is None and block.lines != (_RULE,):
            run.append(block)
            continue
        if run:
            _put_points(part, sections, run)
            run = []
        if stroke:
            sections.append({"heading": part.unwrapping.join(block.lines[:stroke]), "points": []})
        else:
            sections.append({"heading": None, "points": []})
    fields = {"intro": part.markdown(intro, notes), "sections": [one for one in sections if one["points"]]}
    return fields | last_words(part, blocks[end:])


def _begins_points(block: Block) -> bool:
    return block.lines[0].startswith(_POINT) or block.stroke_at("-") is not None


def _points_end(blocks: Sequence[Block], start: int) -> int:
    """Behind the last point, what hangs below it, and the addresses of its group."""
    ends = [n + 1 for n in range(start, len(blocks)) if blocks[n].lines[0].startswith((_POINT, "  "))]
    end = ends[-1] if ends else len(blocks)
    return end + 1 if end < len(blocks) and blocks[end].notes() else end


def _put_points(part: TextPart, sections: list[dict[str, Any]], run: Sequence[Block]) -> None:
    blocks, notes = take_notes(run)
    if not sections:
        sections.append({"heading": None, "points": []})
    points: list[str] = sections[-1]["points"]
    for block in blocks:
        first, *more = block.lines
        words = linked(part.unwrapping.join([first.removeprefix(_POINT), *more], indent=2), notes)
        if first.startswith(_POINT) or not points:
            points.append(words)
        else:
            points[-1] += f"\n\n{words}"


def _brief(part: TextPart, blocks: Sequence[Block]) -> dict[str, Any]:
    headlines: list[str] | None = None
    if blocks and blocks[0].lines[0] == part.labels.get("contents"):
        headlines = [text for text, _ in _numbered_items(part, blocks[0].lines[1:])]
        blocks = blocks[1:]
    starts = _story_starts(part, blocks, headlines)
    sections: list[dict[str, Any]] = []
    fields: dict[str, Any] = {}
    for number, start in enumerate(starts):
        heading = blocks[start - 1] if start and blocks[start - 1].stroke_at("-") else None
        if heading or not sections:
            name = part.unwrapping.join(heading.lines[: heading.stroke_at("-")]) if heading else None
            sections.append({"heading": name, "stories": []})
        end = starts[number + 1] if number + 1 < len(starts) else len(blocks)
        if end < len(blocks) and blocks[end - 1].stroke_at("-"):
            end -= 1
        own, last = list(blocks[start:end]), list[Block]()
        if number + 1 == len(starts):
            own, last = _parted_from_last_words(part, own)
        sections[-1]["stories"].append(_story(part, own))
        fields = last_words(part, last)
    return {"sections": sections, **fields}


def _numbered_items(part: TextPart, lines: Sequence[str]) -> list[tuple[str, int]]:
    """Headlines of the contents, or of a story's first block: their words, and how many lines they take."""
    items: list[tuple[str, int]] = []
    place = 0
    while place < len(lines) and _NUMBERED.match(lines[place]):
        run = [_NUMBERED.sub("", lines[place], count=1)]
        place += 1
        while place < len(lines) and lines[place].startswith("    "):
            run.append(lines[place])
            place += 1
        items.append((part.unwrapping.join(run, indent=4), len(run)))
    return items


def _story_starts(part: TextPart, blocks: Sequence[Block], headlines: Sequence[str] | None) -> list[int]:
    starts: list[int] = []
    for place, block in enumerate(blocks):
        number = _NUMBERED.match(block.lines[0])
        if number is None or int(number[1]) != len(starts) + 1:
            continue
        is_headline = headlines is None or _numbered_items(part, block.lines)[0][0] == headlines[len(starts)]
        if is_headline:
            starts.append(place)
        if len(starts) == len(headlines or [""]):
            break
    return starts


def _parted_from_last_words(part: TextPart, blocks: list[Block]) -> tuple[list[Block], list[Block]]:
    """Tags, else addresses, end a story; without them, only what looks like last words is taken for that."""
    for ends in (_is_tags, _is_notes, _is_address):
        found = [n for n, block in enumerate(blocks) if n and ends(part, block)]
        if found:
            return blocks[: found[0] + 1], blocks[found[0] + 1 :]
    first = next((n for n in range(2, len(blocks)) if "contact" in last_words_start(part, blocks[n])), None)
    if first is None:
        signed = min(2, max(0, len(blocks) - 2))
        first = next((n for n in range(len(blocks) - signed, len(blocks)) if _signs(part, blocks[n])), len(blocks))
    if first < len(blocks):
        message = "last words may begin above this line: nothing parts them from the last story"
        part.remarks.say(blocks[first].number, message, "look at the last story", rule="guessed")
    return blocks[:first], blocks[first:]


def last_words_start(part: TextPart, block: Block) -> set[str]:
    return {"contact"} if fitting(part.labels.get("contact", "{contact}\n"), part.words(block), {"contact"}) else set()


def _signs(part: TextPart, block: Block) -> bool:
    words = part.words(block)
    masthead = part.head.masthead
    return len(words) <= 60 and (words.endswith((",", "，")) or words in (masthead.sign_off, masthead.signature))


def _is_tags(part: TextPart, block: Block) -> bool:
    return any(part.words(block).startswith(f"{part.labels.get('tags', chr(0))}{colon}") for colon in (": ", "："))


def _is_notes(_part: TextPart, block: Block) -> bool:
    return block.notes() is not None


def _is_address(_part: TextPart, block: Block) -> bool:
    return len(block.lines) == 1 and bool(_ADDRESS.fullmatch(block.lines[0]))


def _story(part: TextPart, blocks: list[Block]) -> dict[str, Any]:
    (headline, count), *_ = _numbered_items(part, blocks[0].lines)
    credit = part.unwrapping.join(blocks[0].lines[count:])
    story: dict[str, Any] = {"headline": headline}
    rest = blocks[1:]
    if rest and _is_tags(part, rest[-1]):
        story["tags"] = _tags(part, rest.pop())
    rest, notes = take_notes(rest)
    if rest and _is_address(part, rest[-1]):
        story["url"] = rest.pop().lines[0]
    story.setdefault("url", "none")
    why = _why_at(part, rest)
    story["summary"] = part.markdown(rest[:why], notes)
    if why < len(rest):
        words = [part.words(block) for block in rest[why:]]
        words[0] = words[0][len(part.labels["why"]) + 1 :].lstrip()
        story["why_it_matters"] = "\n\n".join(linked(text, notes) for text in words)
    return {**story, **_credit(credit, notes)}


def _why_at(part: TextPart, blocks: Sequence[Block]) -> int:
    starts = tuple(part.labels["why"] + colon for colon in (": ", "：")) if "why" in part.labels else ("\0",)
    return next((n for n, block in enumerate(blocks) if part.words(block).startswith(starts)), len(blocks))


def _tags(part: TextPart, block: Block) -> list[str]:
    words = part.words(block)[len(part.labels["tags"]) + 1 :].strip()
    return [name.strip() for name in re.split("、" if part.head.language != "en" else ", ", words) if name.strip()]


def _credit(words: str, notes: Mapping[int, str]) -> dict[str, Any]:
    names, mark, written = words.rpartition(" · ")
    day = find_day(written)
    if day is None or (day.start, day.end) != (0, len(written)):
        names, day = words, None
    elif not mark:
        names = ""
    found: dict[str, Any] = {"date": day.day.isoformat()} if day else {}
    sources = [_source(name, notes) for name in names.split(" / ") if name]
    return found | ({"sources": sources} if sources else {})


def _source(written: str, notes: Mapping[int, str]) -> dict[str, Any]:
    found = _FROM_SOURCE.fullmatch(written)
    url = notes.get(int(found["number"])) if found else None
    return {"name": found["name"], "url": url} if found and url else {"name": written}
