"""The body of a team update: intro, groups of points, and the last words."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from newsletter.errors import Finding, Severity
from newsletter.reader.points import point_of
from newsletter.reader.rows import Mark, Row, Spot, prose

_NUMBERED = re.compile(r"\d{1,2}(?:[.)]\s|、)")
#: a sign-off and a signature are short
_SHORT = 60
_SENTENCE_ENDS = ".!?。！？:：…,，;；"
_SIGN_OFF_ENDS = (",", "，")
_TITLE_FIX = "delete it, or write '## ' for a section heading"


@dataclass(slots=True)
class _Section:
    place: Row
    heading: Row | None = None
    points: list[list[Row]] = field(default_factory=list)


def read_update(rows: Sequence[Row]) -> tuple[dict[str, Spot], list[Finding]]:
    """What a team update's body holds, and what is wrong with its structure."""
    blocks = _blocks(rows)
    start = next((n for n, block in enumerate(blocks) if block[0].mark is not Mark.TEXT), len(blocks))
    end = _after_last_point(blocks)
    intro, middle, last = blocks[:start], blocks[start:end], blocks[max(start, end) :]
    sections, findings = _sections(middle)
    spots: dict[str, Spot] = {}
    if intro:
        spots["intro"] = Spot.at(intro[0][0], "\n\n".join(prose(block) for block in intro))
    if sections:
        spots["sections"] = Spot.at(sections[0].place, [_section(section) for section in sections])
    ending, more = _ending([block for block in last if block[0].mark is Mark.TEXT])
    return spots | ending, [*_numbered(intro), *findings, *more]


def _blocks(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows that belong together: a paragraph, a point with its continuation lines, a heading, a rule."""
    blocks: list[list[Row]] = []
    gap: list[Row] = []
    for row in rows:
        if row.mark is Mark.BLANK:
            gap = [row]
        elif row.mark is Mark.TEXT and blocks and _continues(blocks[-1][0], row, after_gap=bool(gap)):
            blocks[-1] += [*gap, row]
            gap = []
        else:
            blocks.append([row])
            gap = []
    return blocks


def _continues(first: Row, row: Row, *, after_gap: bool) -> bool:
    if first.mark is Mark.BULLET:
        return not after_gap or row.indent > first.indent
    return first.mark is Mark.TEXT and not after_gap


def _after_last_point(blocks: Sequence[Sequence[Row]]) -> int:
    """Where the last words begin; a heading without points keeps them from beginning."""
    for number in range(len(blocks) - 1, -1, -1):
        if blocks[number][0].mark is Mark.HEADING:
            return len(blocks)
        if blocks[number][0].mark is Mark.BULLET:
            return number + 1
    return len(blocks)


def _sections(blocks: Iterable[list[Row]]) -> tuple[list[_Section], list[Finding]]:
    sections: list[_Section] = []
    findings: list[Finding] = []
    is_open = False
    for block in blocks:
        first = block[0]
        if first.mark is Mark.HEADING:
            findings += _heading_faults(first)
            sections.append(_Section(first, heading=first))
            is_open = True
        elif first.mark is Mark.RULE:
            is_open = False
        elif first.mark is Mark.TEXT:
            findings += _stray(block)
        else:
            if not is_open:
                sections.append(_Section(first))
                is_open = True
            findings += _nested(first, sections[-1])
            sections[-1].points.append(block)
    return sections, findings


def _section(section: _Section) -> Spot:
    points = Spot.at(section.place, [point_of(point) for point in section.points])
    values = {"points": points}
    if section.heading:
        values["heading"] = Spot.at(section.heading, section.heading.text)
    return Spot.at(section.place, values)


def _heading_faults(row: Row) -> list[Finding]:
    if row.level == 1:
        return [row.said("a title line has no place here: the subject is the title", _TITLE_FIX, rule="title")]
    if row.level > 2:
        return [row.said("a section heading begins with two '#'", f"write '## {row.text[:40]}'", rule="heading")]
    return []


def _stray(block: Sequence[Row]) -> list[Finding]:
    message = "this paragraph stands between points and belongs to none"
    fix = "begin it with '- ', indent it below its point, or move it above the first point"
    return _numbered([block]) or [block[0].said(message, fix, rule="unplaced")]


def _numbered(blocks: Iterable[Sequence[Row]]) -> list[Finding]:
    found = (block[0] for block in blocks if _NUMBERED.match(block[0].text))
    message, fix = "a number does not begin a point", "begin the line with '- '"
    return [row.said(message, fix, rule="numbered") for row in found]


def _nested(row: Row, section: _Section) -> list[Finding]:
    if not section.points or row.indent < section.points[0][0].indent + 2:
        return []
    message, fix = "a point inside a point becomes a point of its own", "move it to the left, or into the text above"
    return [row.said(message, fix, rule="nested", severity=Severity.WARNING)]


def _ending(paragraphs: Sequence[Sequence[Row]]) -> tuple[dict[str, Spot], list[Finding]]:
    """
    Closing, sign-off and signature.

    The sign-off is a short line that ends with a comma and after which only a signature comes. Without it, a short
    last paragraph that ends like no sentence is the signature. What comes before is the closing.
    """
    closing, sign_off, signature = _parted(paragraphs)
    spots: dict[str, Spot] = {}
    if closing:
        spots["closing"] = Spot.at(closing[0][0], "\n\n".join(prose(paragraph) for paragraph in closing))
    if sign_off:
        spots["sign_off"] = Spot.at(sign_off, sign_off.text)
    if signature:
        spots["signature"] = Spot.at(signature[0], signature[0].text)
    if len(signature) < 2:
        return spots, []
    one_line = ", ".join(row.text for row in signature)
    return spots, [signature[1].said("the signature is one line", f"write '{one_line}'", rule="signature")]


def _parted(
    paragraphs: Sequence[Sequence[Row]],
) -> tuple[Sequence[Sequence[Row]], Row | None, Sequence[Row]]:
    for number in range(len(paragraphs) - 1, max(-1, len(paragraphs) - 4), -1):
        sign_off, *rest = paragraphs[number]
        after = [*rest, *(row for paragraph in paragraphs[number + 1 :] for row in paragraph)]
        if sign_off.text.endswith(_SIGN_OFF_ENDS) and _is_short(sign_off) and _may_sign(after, alone=not rest):
            return paragraphs[:number], sign_off, after
    if paragraphs and len(paragraphs[-1]) == 1 and _may_sign(paragraphs[-1], alone=False):
        return paragraphs[:-1], None, paragraphs[-1]
    return paragraphs, None, ()


def _may_sign(rows: Sequence[Row], *, alone: bool) -> bool:
    """A line that ends like a sentence signs only below a sign-off that is a paragraph of its own."""
    return len(rows) <= 3 and all(_is_short(row) and (alone or row.text[-1] not in _SENTENCE_ENDS) for row in rows)


def _is_short(row: Row) -> bool:
    return len(row.text) <= _SHORT and not any(mark in row.text for mark in ("{{", "@", "://"))
