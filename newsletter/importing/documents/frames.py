"""The elements that are open while an HTML text is read: how words look in them, and whether they are seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from newsletter.importing.documents.inline import PLAIN, Look
from newsletter.importing.documents.styles import is_hidden, is_word_mark, look_of, style_of, word_list_level

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = ("ul", "ol", "menu", "dir")
#: not for readers; the empty word says that nothing is lost
_UNSEEN = {
    **dict.fromkeys(("script", "style", "head", "template", "svg", "math", "map", "colgroup"), ""),
    "title": "title",
    "nav": "navigation",
    "noscript": "text for browsers without scripts",
    **dict.fromkeys(("button", "select", "textarea", "datalist"), "a form field"),
    **dict.fromkeys(("iframe", "object", "audio", "video", "canvas"), "embedded matter"),
}
#: the bullet that Word writes as text
WORD_MARK = "mark of a point"


@dataclass(slots=True)
class Skipped:
    """Words that no reader is to see."""

    #: as the report names it
    what: str
    words: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Point:
    """A list's point, while its paragraphs come in."""

    level: int
    is_numbered: bool
    #: whether its first paragraph was written
    is_marked: bool = False


@dataclass(slots=True)
class Frame:
    """One open element."""

    tag: str
    look: Look = PLAIN
    skipped: Skipped | None = None
    begins_skipping: bool = False
    heading: int = 0
    is_pre: bool = False
    #: how many lists are around it
    depth: int = 0
    is_list: bool = False
    is_numbered: bool = False
    list_number: int = 0
    point: Point | None = None
    has_blocks: bool = False


def child_of(parent: Frame, tag: str, attributes: Mapping[str, str]) -> Frame:
    """An element within another."""
    if parent.skipped is not None and not (parent.tag == "head" and tag == "title"):
        return Frame(tag, skipped=parent.skipped)
    style = style_of(attributes) if "style" in attributes else {}
    what = _unseen(tag, attributes, style)
    if what is not None:
        return Frame(tag, skipped=Skipped(what), begins_skipping=True)
    frame = replace(parent, tag=tag, begins_skipping=False, has_blocks=False, is_list=False)
    frame.look = look_of(tag, style, parent.look)
    frame.heading = _HEADINGS.get(tag, parent.heading)
    frame.is_pre = parent.is_pre or tag == "pre"
    if tag in _LISTS:
        frame.is_list, frame.is_numbered, frame.depth = True, tag == "ol", parent.depth + 1
    elif tag == "li":
        frame.point = Point(max(0, parent.depth - 1), parent.is_numbered)
    elif tag == "p" and parent.point is None:
        _take_word_list(frame, style)
    return frame


def _unseen(tag: str, attributes: Mapping[str, str], style: Mapping[str, str]) -> str | None:
    if is_word_mark(style):
        return WORD_MARK
    if tag in _UNSEEN:
        return _UNSEEN[tag]
    if attributes.get("role") == "navigation":
        return "navigation"
    return "hidden text" if is_hidden(attributes, style) else None


def _take_word_list(frame: Frame, style: Mapping[str, str]) -> None:
    """Word's HTML has paragraphs for points; the mark in front of the words tells bullet and number apart."""
    level = word_list_level(style)
    if level is not None:
        frame.point = Point(level, is_numbered=False)
        frame.list_number = -1
