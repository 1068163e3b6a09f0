"""A team update: intro, groups of points, last words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from newsletter.importing.ending import is_sign_off, place_ending
from newsletter.importing.lines import Line, Role
from newsletter.importing.opening import Opening, looks_like_title, read_opening
from newsletter.importing.remarks import Remarks
from newsletter.masthead import Masthead
from newsletter.prose import prose_plain
from newsletter.reader.rows import joined
from newsletter.reader.sentences import first_sentence

_POINTS = (Role.BULLET, Role.NUMBERED)
_LONGEST_HEADING = 100
_SENTENCE_ENDS = tuple(".!?。！？,，;；")
_LONGEST_SUBJECT = 90


@dataclass(slots=True)
class _Section:
    heading: str | None = None
    points: list[str] = field(default_factory=list)

    def value(self) -> dict[str, Any]:
        return {"heading": self.heading, "points": self.points}


def place_update(lines: Sequence[Line], masthead: Masthead | None, remarks: Remarks) -> tuple[dict[str, Any], Opening]:
    """The fields that a team update's lines hold; every line is in one of them, or in a remark."""
    opening = read_opening(lines, masthead, remarks, is_title=lambda index: _is_title(lines, index))
    body = _pointed(lines[opening.start :], remarks)
    start = _intro_end(body)
    end = _after_points(body, start)
    fields: dict[str, Any] = {"intro": "\n\n".join(_flat(line.text) for line in body[:start] if line.text)}
    sections = [section for section in _sections(body[start:end], remarks) if section.points or section.heading]
    fields["sections"] = [section.value() for section in sections]
    if opening.greeting:
        fields["greeting"] = opening.greeting
    return fields | place_ending(body[end:], masthead, remarks), opening


def first_words(fields: dict[str, Any]) -> str | None:
    """For a subject: the first sentence of the intro, cut at a word."""
    words = prose_plain(str(fields.get("intro") or ""))
    sentence = words[: first_sentence(words)].strip()
    if len(sentence) <= _LONGEST_SUBJECT:
        return sentence.rstrip("。.") or None
    cut = sentence[: _LONGEST_SUBJECT - 1]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut[_LONGEST_SUBJECT // 2 :] else cut}…"


def _intro_end(body: Sequence[Line]) -> int:
    """The first point, or the heading above it; a paragraph heads points only when another one is the intro."""
    has_intro = False
    for place, line in enumerate(body):
        if line.role in (*_POINTS, Role.HEADING) or (has_intro and _is_heading(body, place)):
            return place
        has_intro = has_intro or bool(line.text)
    return len(body)


def _is_title(lines: Sequence[Line], index: int) -> bool:
    """The only paragraph above the points is the intro, whatever its form."""
    rest = [line for line in lines[index + 1 :] if line.text]
    return looks_like_title(lines[index]) and bool(rest) and rest[0].role not in _POINTS


def _flat(text: str) -> str:
    return joined([part.strip() for part in text.split("\n")])


def _pointed(body: Sequence[Line], remarks: Remarks) -> list[Line]:
    """Where nothing is marked as a point, the paragraphs below the first one are the points."""
    numbered = [line.number for line in body if line.role is Role.NUMBERED]
    remarks.say_once(numbered, "the number before this point was left out", rule="number")
    if any(line.role in _POINTS for line in body):
        return list(body)
    texts = [place for place, line in enumerate(body) if line.role is Role.PARAGRAPH]
    last = next((place for place in texts if is_sign_off(body[place].text)), len(body))
    made = {place for place in texts[1:] if place < last and not _is_last_words(body[place], place, texts, last)}
    if not made:
        return list(body)
    lines = [body[place].number for place in sorted(made)]
    message = "nothing is marked as a point, so this paragraph became one"
    remarks.say_once(lines, message, "look at intro, points and closing", rule="points")
    return [Line(line.number, line.text, Role.BULLET) if place in made else line for place, line in enumerate(body)]


def _is_last_words(line: Line, place: int, texts: Sequence[int], last: int) -> bool:
    """The paragraph above the sign-off closes, and so does a short last line."""
    before = [other for other in texts if other < last]
    if last in texts:
        return place == before[-1] and len(before) > 2
    return place == texts[-1] and looks_like_title(line)


def _after_points(body: Sequence[Line], start: int) -> int:
    places = [n for n in range(start, len(body)) if body[n].role in _POINTS or _hangs(body[n])]
    return places[-1] + 1 if places else len(body)


def _hangs(line: Line) -> bool:
    return line.role is Role.PARAGRAPH and line.level > 0


def _sections(lines: Sequence[Line], remarks: Remarks) -> list[_Section]:
    sections: list[_Section] = []
    parted = set(_lost_headings(lines, remarks))
    shallowest = min((line.level for line in lines if line.role in _POINTS), default=0)
    is_open = False
    for place, line in enumerate(lines):
        if line.role is Role.HEADING or _is_heading(lines, place):
            sections.append(_Section(prose_plain(_flat(line.text)).strip("*: ：")))
            is_open = True
        elif line.role is Role.RULE:
            is_open = False
        elif line.role in _POINTS:
            if not is_open or place in parted:
                sections.append(_Section())
                is_open = True
            sections[-1].points.append(_flat(line.text))
            _say_nested(line, shallowest, remarks)
        elif line.text:
            _go_on(sections, line, remarks)
    return sections


def _is_heading(lines: Sequence[Line], place: int) -> bool:
    """A short line above points that ends like no sentence, or is bold throughout."""
    line = lines[place]
    if line.role is not Role.PARAGRAPH or line.level or not 0 < len(line.text) <= _LONGEST_HEADING:
        return False
    after = next((other for other in lines[place + 1 :] if other.text), None)
    if after is None or after.role not in _POINTS:
        return False
    is_bold = line.text.startswith("**") and line.text.endswith("**") and line.text.count("**") == 2
    return is_bold or not line.text.rstrip("*").endswith(_SENTENCE_ENDS)


def _say_nested(line: Line, shallowest: int, remarks: Remarks) -> None:
    if line.level > shallowest:
        remarks.gather(line.number, "a point inside a point became a point of its own", rule="nested")


def _go_on(sections: list[_Section], line: Line, remarks: Remarks) -> None:
    """A paragraph between points belongs to the one above it."""
    if not sections:
        sections.append(_Section())
    if not sections[-1].points:
        sections[-1].points.append(_flat(line.text))
        remarks.say(line.number, "this paragraph stands where points are, so it became one", rule="points")
        return
    sections[-1].points[-1] += f"\n\n{_flat(line.text)}"
    if not line.level:
        message = "this paragraph stands between points, so it went to the point above it"
        remarks.say(line.number, message, "look whether it belongs there", rule="points")


def _lost_headings(lines: Sequence[Line], remarks: Remarks) -> Iterator[int]:
    """Points after a gap that is wider than those between other points: they were a group with a heading once."""
    gaps = list(_gaps(lines))
    usual = min((gap for _, gap in gaps), default=0)
    found = [place for place, gap in gaps if gap > usual]
    message = "this gap was taken for the beginning of a group whose heading is lost"
    remarks.say_once([lines[place].number for place in found], message, "write '## Heading' above it", rule="group")
    yield from found


def _gaps(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """How many blank lines stand between a point and the point before it."""
    last: int | None = None
    for place, line in enumerate(lines):
        if line.role in _POINTS:
            if last is not None and all(other.role is Role.BLANK for other in lines[last + 1 : place]):
                yield place, place - last - 1
            last = place
        elif line.text:
            last = place if _hangs(line) and last is not None else None
