"""Plain text and Markdown: which lines are points, headings and rules, and which were one before they were wrapped."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from newsletter.columns import width
from newsletter.errors import Finding, InputError, Severity
from newsletter.importing.dates import find_day
from newsletter.importing.lines import PART_FIX, Line, Role, Source, escape_inline
from newsletter.reader.credits import credits_of, is_credit
from newsletter.reader.labels import label_of
from newsletter.reader.rows import Mark, Row, joined, read_rows

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_NUMBERED = re.compile(r"(?:\d{1,3}(?:[.)](?:\s+|$)|[、．]\s*)|[(（]\d{1,3}[)）]\s*)")
#: bullets of word processors that an issue file does not know
_ODD_BULLET = re.compile(r"(?:[–—·○■□◆►▶✓➢➤\uf0b7\uf0a7]\s+|[○■□◆►▶✓➢➤\uf0b7\uf0a7]|o\s{2,})(?=\S)")
_UNDERLINE = re.compile(r"={3,}|-{3,}")
_MARKDOWN = re.compile(r"^#{1,6} \S|\*\*[^\s*][^*\n]*\*\*|\[[^\[\]\n]+\]\(https?://[^()\s]+\)", re.MULTILINE)
_FRONT = re.compile(r"\s*---[ \t]*\n(?P<fields>(?:(?!---).*\n)*?)---[ \t]*(?:\n|$)")
_OF_AN_ISSUE = re.compile(r"^(?:newsletter|subject)\s*:", re.MULTILINE)
_MOST_LINES = 20_000
_WIDEST_WRAPPED = 100
_NARROWEST_WRAPPED = 55
#: fields that take one line
_SHORT_FIELDS = ("date", "url", "must_send", "id")
#: a column that every line fills
_ANY = -1
_SENTENCE_ENDS = tuple('.!?:;。！？：；”"')


def read_text(text: str, *, path: str) -> Source:
    """
    The lines of a plain text or of Markdown.

    :raises InputError: it is an issue file already, or too long for one
    """
    if text.count("\n") + text.count("\r") > _MOST_LINES:
        raise InputError(
            Finding(message=f"holds more than {_MOST_LINES:,} lines", fix=PART_FIX, path=path, rule="size")
        )
    text, remarks = _cleaned(text.removeprefix("\ufeff"), path)
    _refuse_issue(text, path)
    text, title, day, about = _front_of_another_kind(text, path)
    remarks += about
    is_file = path.lower().endswith((".md", ".markdown"))
    is_markdown = is_file or bool(_MARKDOWN.search(text))
    if is_markdown and not is_file:
        message = "has marks of Markdown, so its stars and brackets were taken for emphasis and links"
        remarks.append(_remark(path, 1, message, "look whether that is what they mean", "markdown"))
    physical = [_typed(row) for row in read_rows(text.expandtabs(4), 1)]
    # a file of Markdown joins its lines; of anything pasted, only those that were wrapped belong together
    column = _ANY if is_file else wrap_column([line.row for line in physical])
    lines = list(_whole(physical, is_markdown=is_markdown, column=column))
    lines = list(_hanging(lines, {line.row.line: line.row.indent for line in physical}))
    return Source(path=path, lines=tuple(lines), title=title, date=day, remarks=tuple(remarks), plain=text)


def _cleaned(text: str, path: str) -> tuple[str, list[Finding]]:
    text = _LINE_ENDS.sub("\n", text)
    found = _CONTROLS.search(text)
    if not found:
        return text, []
    count, line = len(_CONTROLS.findall(text)), text.count("\n", 0, found.start()) + 1
    marks = "1 invisible character was" if count == 1 else f"{count:,} invisible characters were"
    return _CONTROLS.sub("", text), [_remark(path, line, f"{marks} left out", "", "control-character")]


def _remark(path: str, line: int, message: str, fix: str, rule: str) -> Finding:
    return Finding(message=message, fix=fix, path=path, line=line, rule=rule, severity=Severity.WARNING)


def _refuse_issue(text: str, path: str) -> None:
    front = _FRONT.match(text)
    if front and _OF_AN_ISSUE.search(front["fields"]):
        fix = f"nothing has to be imported: newsletter check {path}"
        raise InputError(Finding(message="is an issue file already", fix=fix, path=path, line=1, rule="issue-file"))


def _front_of_another_kind(text: str, path: str) -> tuple[str, str | None, date | None, list[Finding]]:
    """Title and date of the front matter that other programs write; what else it says is reported."""
    front = _FRONT.match(text)
    if not front or ":" not in front["fields"]:
        return text, None, None, []
    pairs = [line.partition(":") for line in front["fields"].split("\n")]
    fields = {name.strip().lower(): value.strip(" \"'") for name, _, value in pairs if value.strip()}
    day = find_day(fields.pop("date", ""))
    title = fields.pop("title", None)
    remarks = []
    if fields:
        left = "; ".join(f"{name}: {value}" for name, value in fields.items())
        remarks.append(_remark(path, 1, f"front matter that says nothing to us was left out: {left}", "", "left-out"))
    return "\n" * front[0].count("\n") + text[front.end() :], title, day.day if day else None, remarks


@dataclass(frozen=True, slots=True)
class _Typed:
    """A line as it was typed, with the role that its beginning gives it."""

    row: Row
    role: Role

    @property
    def is_words(self) -> bool:
        return self.role in (Role.PARAGRAPH, Role.BULLET, Role.NUMBERED)


_ROLES = {Mark.BLANK: Role.BLANK, Mark.RULE: Role.RULE, Mark.HEADING: Role.HEADING, Mark.BULLET: Role.BULLET}


def _typed(row: Row) -> _Typed:
    if row.mark is not Mark.TEXT:
        return _Typed(row, _ROLES[row.mark])
    for pattern, role in ((_NUMBERED, Role.NUMBERED), (_ODD_BULLET, Role.BULLET)):
        found = pattern.match(row.text)
        if found and (found.end() < len(row.text) or role is Role.NUMBERED):
            return _Typed(row.cut(found.end(), row.text[found.end() :]), role)
    return _Typed(row, Role.PARAGRAPH)


def wrap_column(rows: Sequence[Row]) -> int | None:
    """The column at which the text was wrapped; None for one whose paragraphs are lines."""
    widths = [_end(row) for row in rows if " " in row.text and "://" not in row.text]
    column = max(widths, default=0)
    if not _NARROWEST_WRAPPED <= column <= _WIDEST_WRAPPED:
        return None
    pairs = pairwise(rows)
    broken = any(
        row.text
        and "://" not in row.text
        and after.mark is Mark.TEXT
        and is_full(row, after, column)
        and not row.text.endswith(_SENTENCE_ENDS)
        for row, after in pairs
    )
    return column if broken else None


def is_full(row: Row, after: Row, column: int) -> bool:
    """Whether the next line's first word had no room on this line."""
    word = after.text.split(" ", 1)[0]
    size = width(word) if word.isascii() else min(width(word), 4)
    return _end(row) + 1 + size > column


def _end(row: Row) -> int:
    return row.column - 1 + width(row.text)


def _whole(physical: Sequence[_Typed], *, is_markdown: bool, column: int | None) -> Iterator[Line]:
    """Lines that belong together as one."""
    opened: list[_Typed] = []
    number = 0
    while number < len(physical):
        line = physical[number]
        heading = _underlined(physical, number)
        if heading:
            yield from _closed(opened, is_markdown)
            opened = []
            yield _made(replace(line.row, text=line.row.text), Role.HEADING, [line], is_markdown, level=heading)
            number += 2
            continue
        if opened and _goes_on(opened, line, column):
            opened.append(line)
        else:
            yield from _closed(opened, is_markdown)
            opened = [line]
        number += 1
    yield from _closed(opened, is_markdown)


def _underlined(physical: Sequence[_Typed], number: int) -> int:
    """1 or 2 when the line is a heading because of the strokes below it."""
    row = physical[number].row
    below = physical[number + 1].row if number + 1 < len(physical) else None
    if below is None or row.mark is not Mark.TEXT or not _UNDERLINE.fullmatch(below.text):
        return 0
    if below.text[0] == "=":
        return 1
    return 2 if abs(width(row.text) - len(below.text)) <= 3 else 0


def _goes_on(opened: Sequence[_Typed], line: _Typed, column: int | None) -> bool:
    """Whether a line is the rest of what is open."""
    first, last = opened[0], opened[-1]
    if line.role is not Role.PARAGRAPH or not first.is_words or _stands_alone(line.row):
        return False
    label = label_of(first.row)
    if label and label.field in _SHORT_FIELDS and label.rest.text:
        return False
    is_hanging = first.role is not Role.PARAGRAPH and line.row.indent > first.row.indent
    if is_hanging:
        return True
    return column is not None and is_full(last.row, line.row, column)


def _stands_alone(row: Row) -> bool:
    label = label_of(row)
    return bool(label and label.field) or (is_credit(row) and "date" in credits_of(row) and len(row.text) <= 80)


def _closed(opened: Sequence[_Typed], is_markdown: bool) -> Iterator[Line]:
    if opened:
        yield _made(opened[0].row, opened[0].role, opened, is_markdown)


def _hanging(lines: Sequence[Line], indents: Mapping[int, int]) -> Iterator[Line]:
    """Paragraphs that are indented below a point belong to it."""
    bullet: int | None = None
    for line in lines:
        indent = indents[line.number]
        if line.role in (Role.BULLET, Role.NUMBERED):
            bullet = indent
        elif line.role is Role.PARAGRAPH:
            bullet = bullet if bullet is not None and indent > bullet else None
            line = replace(line, level=int(bullet is not None))
        elif line.role is not Role.BLANK:
            bullet = None
        yield line


def _made(row: Row, role: Role, lines: Sequence[_Typed], is_markdown: bool, level: int | None = None) -> Line:
    text = "" if role in (Role.BLANK, Role.RULE) else joined([line.row.text for line in lines])
    depth = row.level if role is Role.HEADING else row.indent // 2
    return Line(row.line, text if is_markdown else escape_inline(text), role, depth if level is None else level)
