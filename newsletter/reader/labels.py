"""The labelled lines of a story: `Summary: …`, bold or not, in English or Chinese."""

from dataclasses import dataclass
from difflib import get_close_matches

from newsletter.reader.rows import Mark, Row

#: in the order in which the manual names them
SHOWN = {
    "sources": "Source",
    "date": "Date",
    "summary": "Summary",
    "why_it_matters": "Why It Matters",
    "url": "URL",
    "tags": "Tags",
    "must_send": "Must Send",
    "id": "ID",
}
_WORDS = {
    "sources": ("source", "sources", "来源", "來源"),
    "date": ("date", "日期"),
    "summary": ("summary", "摘要"),
    "why_it_matters": ("why it matters", "why this matters", "为何重要", "为什么重要", "為何重要"),
    "url": ("url", "link", "链接", "連結"),
    "tags": ("tags", "tag", "标签", "標籤"),
    "must_send": ("must send", "必发", "必發"),
    "id": ("id",),
}
_FIELDS = {word: field for field, words in _WORDS.items() for word in words}
_COLONS = (":", "：")
_EMPHASIS = "*_"
_LONGEST = 40
_NO_LABEL_MARKS = frozenset('.!?,;。！？，；、()[]（）/\\<>"“”')


@dataclass(frozen=True, slots=True)
class Label:
    """A line that begins with a label: the label as written, the field it names, and the words behind it."""

    written: str
    field: str | None
    rest: Row


def label_of(row: Row) -> Label | None:
    """The label at the beginning of a line; one that we do not know only when it is written like a label."""
    places = [place for colon in _COLONS if (place := row.text.find(colon, 0, _LONGEST)) > 0]
    if not places or row.text[min(places) :].startswith("://"):
        return None
    head, rest = row.text[: min(places)], row.text[min(places) + 1 :]
    written = head.strip(_EMPHASIS + " \t")
    words = _without_emphasis(head, rest)
    label = Label(written, field_of(written), row.cut(len(row.text) - len(rest.lstrip(_EMPHASIS + " \t")), words))
    return label if label.field or _looks_like_label(row, head, written) else None


def field_of(written: str) -> str | None:
    return _FIELDS.get(" ".join(written.lower().replace("_", " ").replace("-", " ").split()))


def _without_emphasis(head: str, rest: str) -> str:
    """`**Summary:** words`, `**Summary**: words` and `**Summary: words**` all hold `words`."""
    opening = head[: len(head) - len(head.lstrip(_EMPHASIS))]
    words = rest.strip()
    if not opening or head.rstrip().endswith(opening):
        return words
    if words.startswith(opening):
        return words.removeprefix(opening).strip()
    return words.removesuffix(opening).strip() if words.endswith(opening) else opening + words


def _looks_like_label(row: Row, head: str, written: str) -> bool:
    is_short = len(written) <= 30 and len(written.split()) <= 4
    if not is_short or not any(mark.isalpha() for mark in written) or _NO_LABEL_MARKS & set(written):
        return False
    is_marked = row.mark is Mark.BULLET or head.startswith(("**", "__"))
    return is_marked or bool(get_close_matches(written.lower(), _FIELDS, n=1, cutoff=0.85))


def advice(written: str) -> str:
    """Which label was probably meant."""
    near = get_close_matches(written.lower(), _FIELDS, n=1)
    if near:
        return f"did you mean {near[0] if not near[0].isascii() else SHOWN[_FIELDS[near[0]]]}?"
    *others, last = SHOWN.values()
    return f"use {', '.join(others)} or {last}"
