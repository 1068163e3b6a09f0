"""One story of a brief, gathered line by line; what cannot be told is guessed, and said."""

import re
from dataclasses import dataclass, field
from typing import Any

from newsletter.fields import shown
from newsletter.importing.dates import find_day, is_day
from newsletter.importing.lines import Line, Role
from newsletter.importing.pagelinks import PageLink, page_link
from newsletter.importing.remarks import Remarks
from newsletter.prose import prose_plain
from newsletter.reader.credits import credits_of, is_credit, tags_of
from newsletter.reader.labels import SHOWN, Label, field_of, label_of
from newsletter.reader.rows import Mark, Row

#: a page was promised ("Read more"), and no address came with it
_NOWHERE = "nowhere"
_PROSE = ("summary", "why_it_matters")
_SOURCE = re.compile(r"\[(?P<name>(?:[^\[\]\\]|\\.)+)\]\((?P<url>[^()\s]+)\)")
_LINKED = re.compile(r"\]\((https?://[^()\s]+)\)")
_LONGEST_SOURCES = 100
_LONGEST_LABEL = 30
#: labels that are told from other words when no colon follows them
_ALONE = ("summary", "why_it_matters")
_SENTENCE_ENDS = tuple(".!?。！？")


def row_of(line: Line, text: str | None = None) -> Row:
    """A line as the reader of issue files sees it."""
    mark = Mark.BULLET if line.role is Role.BULLET else Mark.TEXT
    return Row(mark, line.text if text is None else text, line.number, 1)


def story_label(line: Line, text: str | None = None) -> Label | None:
    """The label at the beginning of a line; or all of it, as in mails of ours, where a label stands alone in bold."""
    row = row_of(line, text)
    label = label_of(row)
    if label or len(row.text) > _LONGEST_LABEL:
        return label
    name = field_of(prose_plain(row.text).strip())
    return Label(SHOWN[name], name, row.cut(len(row.text), "")) if name in _ALONE else None


@dataclass(slots=True)
class StoryWords:
    """A story while its lines come in."""

    headline: Line
    remarks: Remarks
    #: for days without a year
    year: int | None
    sources: list[str] = field(default_factory=list)
    _values: dict[str, Any] = field(default_factory=dict)
    _open: str | None = None
    #: whether labels are bullets, so that a paragraph below a gap is none of theirs
    _is_bulleted: bool = False

    def take(self, line: Line, *, is_after_gap: bool) -> None:
        if not line.text:
            return
        label = story_label(line)
        if label and label.field:
            self._is_bulleted = line.role is Role.BULLET
            self._labelled(label.field, line, label)
        elif self._open in ("sources", "date", "url", "tags") and not self._values.get(self._open):
            self._put(self._open, line, line.text)
        elif not self._values and not self.sources and self._is_credit(line):
            self._credit(line, line.text)
        elif (link := page_link(line.text)) and (link.is_promise or not is_after_gap):
            self._link(line, link)
        else:
            self._words(line, label)

    def is_complete(self, *, is_after_gap: bool) -> bool:
        """Whether words without a label would belong to no field of it."""
        if not self._values.get("summary"):
            return False
        return self._open not in (*_PROSE, None) or (self._is_bulleted and is_after_gap)

    def fields(self) -> dict[str, Any]:
        values = dict(self._values)
        headline = prose_plain(self.headline.text).strip()
        linked = _LINKED.search(self.headline.text)
        if linked and values.get("url") in (None, "none", "", _NOWHERE):
            values["url"] = linked[1]
        if not values.get("summary"):
            message, fix = f"the story “{shown(headline)}” has no summary", "write one, or delete the story"
            self.remarks.say(self.headline.number, message, fix, rule="no-summary")
        kept = {name: value for name, value in values.items() if value and value != _NOWHERE}
        return {"headline": headline, "sources": self.sources, **kept}

    def _labelled(self, name: str, line: Line, label: Label) -> None:
        self._open = name
        if name in _PROSE and self._values.get(name):
            message = f"{SHOWN[name]} stands in this story a second time; both were kept"
            self.remarks.say(line.number, message, rule="label-twice")
        if label.rest.text:
            self._put(name, line, label.rest.text)

    def _put(self, name: str, line: Line, text: str) -> None:
        if name in _PROSE:
            self._values[name] = "\n\n".join(part for part in (self._values.get(name), text) if part)
        elif name == "date":
            self._date(line, prose_plain(text).strip())
        elif name == "sources":
            self._credit(line, text)
        elif name == "tags":
            names = [prose_plain(spot.value) for spot in tags_of([row_of(line, text)])]
            self._values["tags"] = [*self._values.get("tags", []), *names]
        elif name == "url":
            self._link(line, page_link(text) or PageLink(None, text))
        else:
            self._values[name] = prose_plain(text).strip()

    def _is_credit(self, line: Line) -> bool:
        row = row_of(line)
        if is_credit(row):
            return True
        text = prose_plain(line.text)
        return len(text) <= _LONGEST_SOURCES and not text.endswith(_SENTENCE_ENDS) and not page_link(line.text)

    def _credit(self, line: Line, text: str) -> None:
        found = credits_of(row_of(line, text))
        sources = [_source(spot.value) for spot in (found["sources"].value if "sources" in found else ())]
        if "date" in found:
            self._date(line, str(found["date"].value))
        elif sources and is_day(sources[-1], year=self.year):
            self._date(line, sources.pop())
        self.sources += sources

    def _date(self, line: Line, written: str) -> None:
        day = find_day(written, year=self.year)
        if day is None:
            message = f"{SHOWN['date']} “{written}” may mean several days, and was left out"
            self.remarks.say(line.number, message, "write it as 2026-06-09", rule="date")
            return
        if day.is_guessed:
            message = f"“{written}” names no year; {day.day.year} was taken"
            self.remarks.say(line.number, message, rule="date")
        self._values["date"] = day.day.isoformat()

    def _link(self, line: Line, link: PageLink) -> None:
        if link.url:
            if self._values.get("url") not in (None, "none", _NOWHERE, link.url):
                message = f"a second page of this story was left out: {link.url}"
                self.remarks.say(line.number, message, "keep one, or link words of the summary", rule="link")
                return
            self._values["url"] = link.url
            if link.is_guessed:
                message, fix = f"the address “{prose_plain(link.words)}” became {link.url}", "try it"
                self.remarks.say(line.number, message, fix, rule="link")
        elif not self._values.get("url") and link.says_none:
            self._values["url"] = "none"
        elif not self._values.get("url"):
            self._values["url"] = _NOWHERE
            message = f"“{prose_plain(link.words).strip()}” leads nowhere, so URL was left out"
            self.remarks.gather(line.number, message, "write the address behind URL, or none", rule="no-link")

    def _words(self, line: Line, label: Label | None) -> None:
        """Words without a label belong to the prose above them; without any, they are the summary."""
        name = (
            self._open if self._open in _PROSE else next((one for one in reversed(_PROSE) if one in self._values), None)
        )
        if name is None:
            self._open = name = "summary"
            message = "this paragraph has no label and was taken for the summary"
            self.remarks.gather(line.number, message, rule="guessed")
        elif label is not None:
            message = f"there is no label “{label.written}”; its words went to {SHOWN[name]}"
            self.remarks.say(line.number, message, "look whether they belong there", rule="unknown-label")
        elif self._open not in _PROSE:
            message = f"this line has no label; it went to {SHOWN[name]}"
            self.remarks.say(line.number, message, "look whether it belongs there", rule="unplaced")
        self._values[name] = "\n\n".join(part for part in (self._values.get(name), line.text) if part)


def _source(written: str) -> str:
    """A source is a line, not prose: emphasis goes, one whole link stays."""
    link = _SOURCE.fullmatch(written.strip())
    return f"[{prose_plain(link['name'])}]({link['url']})" if link else prose_plain(written).strip()
