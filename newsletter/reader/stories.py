"""One story of a daily brief, gathered line by line."""

import re
from dataclasses import dataclass, field, replace

from newsletter.errors import Finding
from newsletter.fields import shown
from newsletter.reader.credits import address_of, credits_of, is_credit, tags_of
from newsletter.reader.labels import SHOWN, Label, advice, label_of
from newsletter.reader.rows import Mark, Row, Spot, prose

_NUMBER = re.compile(r"\d{1,3}(?:[.)](?:\s+|$)|[、．]\s*)")
_PROSE = frozenset({"summary", "why_it_matters"})
_LISTS = frozenset({"sources", "tags"})
_LABEL_FIX = "begin it with 'Summary:' or 'Why It Matters:', or move it below one of them"


@dataclass(slots=True)
class _Labelled:
    place: Row
    rows: list[Row]

    @property
    def is_blank(self) -> bool:
        return not any(row.text for row in self.rows)


@dataclass(slots=True)
class StoryDraft:
    """A story while its lines come in."""

    headline: Row
    findings: list[Finding] = field(default_factory=list)
    _fields: dict[str, _Labelled] = field(default_factory=dict)
    #: where further lines go; None before the first label, and after a line that has no place
    _open: _Labelled | None = None
    _credit: Row | None = None
    #: one complaint is enough for lines without a place that follow each other
    _is_stray: bool = False

    def take(self, row: Row) -> None:
        """Put one line where it belongs, or say that it belongs nowhere."""
        if row.mark is Mark.BLANK:
            if self._open:
                self._open.rows.append(row)
            return
        is_first = self._credit is None and not self._fields and not self._is_stray
        is_dated = is_first and is_credit(row) and "date" in credits_of(row)
        label = label_of(row)
        if is_dated and label and label.field is None:
            label = None
        if label:
            self._begin(row, label)
        elif is_first and is_credit(row):
            self._credit = row
        elif self._open and self._takes(self._open, row):
            self._open.rows.append(row)
        else:
            self._stray(row)

    def spot(self) -> Spot:
        """The story's values with their places."""
        head = self.headline
        number = _NUMBER.match(head.text)
        start = number.end() if number else 0
        values = {"headline": Spot.at(head.cut(start, ""), head.text[start:])}
        if self._credit:
            values |= credits_of(self._credit)
        for name, labelled in self._fields.items():
            for field_name, spot in _values(name, labelled).items():
                if field_name in values:
                    self._twice(spot, field_name)
                values.setdefault(field_name, spot)
        return Spot(values, head.line, head.indent + 1)

    def _begin(self, row: Row, label: Label) -> None:
        opened = _Labelled(row, [label.rest])
        self._open, self._is_stray = opened, False
        if label.field is None:
            message = f"there is no label '{shown(label.written)}'"
            self.findings.append(row.said(message, advice(label.written), rule="unknown-label"))
        elif label.field in self._fields:
            self._twice(Spot(None, row.line, row.indent + 1), label.field)
        else:
            self._fields[label.field] = opened

    def _twice(self, spot: Spot, name: str) -> None:
        message, fix = f"{SHOWN[name]} stands in this story a second time", "keep one of the two"
        self.findings.append(Finding(message=message, fix=fix, line=spot.line, column=spot.column, rule="label-twice"))

    def _takes(self, opened: _Labelled, row: Row) -> bool:
        """Whether the open label takes one more line."""
        if row.mark is Mark.BULLET:
            return False
        name = next((name for name, labelled in self._fields.items() if labelled is opened), None)
        if name is None or name in _PROSE or opened.is_blank:
            return True
        return name in _LISTS and opened.rows[-1].mark is not Mark.BLANK

    def _stray(self, row: Row) -> None:
        if not self._is_stray:
            self.findings.append(row.said("this line belongs to no label", _LABEL_FIX, rule="unplaced"))
        self._open, self._is_stray = None, True


def _values(name: str, labelled: _Labelled) -> dict[str, Spot]:
    place = replace(labelled.place, column=labelled.place.indent + 1)
    words = [row for row in labelled.rows if row.text]
    if not words:
        return {name: Spot.at(place, None)}
    if name == "sources":
        found = [credits_of(row) for row in words]
        names = [spot for one in found for spot in (one["sources"].value if "sources" in one else ())]
        return found[-1] | {"sources": Spot.at(place, names)}
    if name == "tags":
        return {name: Spot.at(place, tags_of(words))}
    text = prose(labelled.rows)
    return {name: Spot.at(place, address_of(text) if name == "url" else text)}
