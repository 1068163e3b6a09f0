"""Write a story, and prose of any kind, so that no line of it is read as something else."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from newsletter.reader.credits import credits_of, is_credit, tags_of
from newsletter.reader.labels import SHOWN, label_of
from newsletter.reader.rows import Mark, Row, Spot, joined, read_rows

_CHINESE = {
    "sources": "来源",
    "date": "日期",
    "summary": "摘要",
    "why_it_matters": "为何重要",
    "url": "链接",
    "tags": "标签",
    "must_send": "必发",
    "id": "ID",
}
_NUMBER = re.compile(r"\d{1,3}(?:[.)](?:\s|$)|[、．])")
_POINT_NUMBER = re.compile(r"(\d{1,2})([.)]\s|、)")
_BLANK_LINE = re.compile(r"\n\s*\n")
#: prints nothing, and keeps a line from beginning with a mark that no backslash can disarm
_JOINER = "\u2060"


def story_lines(story: Mapping[str, Any], *, is_chinese: bool) -> list[str]:
    """The lines of one story: headline, sources and date, then what has a label."""
    headline = " ".join(str(story["headline"]).split())
    lines = [f"### {'1. ' if _NUMBER.match(headline) else ''}{closed_heading(headline)}", *_credit(story, is_chinese)]
    for name in ("summary", "why_it_matters"):
        if story.get(name):
            first, *more = text_lines(str(story[name]), indent="  ", is_story=True)[:-1]
            lines += [_labelled(name, first.strip(), is_chinese), *more]
    values = {"url": story.get("url"), "tags": _tags(story, is_chinese), "id": story.get("id")}
    values["must_send"] = ("是" if is_chinese else "yes") if story.get("must_send") in (True, "yes", "是") else None
    for name in ("url", "tags", "must_send", "id"):
        lines += [_labelled(name, str(values[name]), is_chinese)] if values[name] else []
    return lines


def text_lines(text: str, *, indent: str = "", is_story: bool = False, is_numbered_free: bool = False) -> list[str]:
    """Each paragraph on one line, a blank line below it; what would be read as a mark gets a backslash."""
    lines: list[str] = []
    for part in _BLANK_LINE.split(text):
        paragraph = joined([line.strip() for line in part.split("\n")])
        if not paragraph:
            continue
        paragraph = _disarmed(paragraph)
        if is_numbered_free:
            paragraph = _POINT_NUMBER.sub(_without_meaning, paragraph, count=1) if _starts(paragraph) else paragraph
        # the first paragraph of a story's prose stands behind its label
        shown = _unlabelled(paragraph) if is_story and lines else [paragraph]
        lines += [*(indent + line for line in shown), ""]
    return lines


def _starts(paragraph: str) -> bool:
    return bool(_POINT_NUMBER.match(paragraph))


def _without_meaning(found: re.Match[str]) -> str:
    return f"{found[1]}\\{found[2]}" if found[2].isascii() else f"{found[1]}{_JOINER}{found[2]}"


def _disarmed(paragraph: str) -> str:
    if read_rows(paragraph, 1)[0].mark is Mark.TEXT:
        return paragraph
    return f"\\{paragraph}" if paragraph[0].isascii() else _JOINER + paragraph


def _unlabelled(paragraph: str) -> list[str]:
    """`Summary: …` within a summary must stay words; a Chinese label is parted between two lines, which join again."""
    label = label_of(Row(Mark.TEXT, paragraph, 1, 1))
    if label is None:
        return [paragraph]
    colon = min(place for mark in ":：" if (place := paragraph.find(mark)) > 0)
    if paragraph[colon] == ":":
        return [f"{paragraph[:colon]}\\{paragraph[colon:]}"]
    start = paragraph.index(label.written[0]) + 1
    return [paragraph[:start], paragraph[start:]]


def closed_heading(text: str) -> str:
    """A heading that ends with ` #` needs one more, which the reader drops."""
    bare = text.rstrip("#")
    return f"{text} #" if bare != text and (not bare or bare[-1].isspace()) else text


def _labelled(name: str, value: str, is_chinese: bool) -> str:
    return f"- {_CHINESE[name]}：{value}" if is_chinese else f"- {SHOWN[name]}: {value}"


def _credit(story: Mapping[str, Any], is_chinese: bool) -> list[str]:
    """`- Source/Source · 2026-06-09` where that says it, else a line for each."""
    sources = [_source(one) for one in story.get("sources") or ()]
    date = str(story.get("date") or "")
    if not sources:
        return [_labelled("date", date, is_chinese)] if date else []
    line = "/".join(sources) + (f" · {date}" if date else "")
    row = Row(Mark.BULLET, line, 1, 3)
    if date and is_credit(row) and _read(line) == (sources, date) and not label_of(row):
        return [f"- {line}"]
    parted = next((mark.join(sources) for mark in ("/", "、", ", ") if _read(mark.join(sources))[0] == sources), None)
    lines = [_labelled("sources", parted or "/".join(sources), is_chinese)]
    return [*lines, _labelled("date", date, is_chinese)] if date else lines


def _source(source: str | Mapping[str, Any]) -> str:
    if isinstance(source, str):
        return source
    return f"[{source['name']}]({source['url']})" if source.get("url") else str(source["name"])


def _read(line: str) -> tuple[Sequence[str], str]:
    spots = credits_of(Row(Mark.BULLET, line, 1, 3))
    sources: list[Spot] = spots["sources"].value if "sources" in spots else []
    return [spot.value for spot in sources], str(spots["date"].value) if "date" in spots else ""


def _tags(story: Mapping[str, Any], is_chinese: bool) -> str:
    names = [str(name) for name in story.get("tags") or ()]
    marks = ("、", "，") if is_chinese else (", ",)
    lines = (mark.join(names) for mark in marks)
    return next(
        (line for line in lines if [spot.value for spot in tags_of([Row(Mark.TEXT, line, 1, 1)])] == names),
        "、".join(names),
    )
