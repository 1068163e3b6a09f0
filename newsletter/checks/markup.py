"""The compiled HTML as the rules see it: elements, what is written in them, style sheets. One pass, no tree to keep."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
#: mail of ours is thirty deep; whatever goes further is taken to stand side by side
_DEEPEST = 80


@dataclass(slots=True, eq=False)
class Element:
    tag: str
    attributes: dict[str, str]
    parent: "Element | None"
    #: the words that stand in it and in no element below
    words: list[str] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


@dataclass(frozen=True)
class Markup:
    elements: tuple[Element, ...]
    styles: tuple[str, ...]

    @cached_property
    def links(self) -> tuple[str, ...]:
        return tuple(one.attributes["href"] for one in self.elements if one.tag == "a" and one.attributes.get("href"))

    @cached_property
    def headings(self) -> tuple[int, ...]:
        names = (one.tag for one in self.elements)
        return tuple(int(tag[1]) for tag in names if len(tag) == 2 and tag[0] == "h" and tag[1] in "123456")

    @cached_property
    def text(self) -> str:
        """What can be read in it; words of different elements are parted."""
        return "\n".join(word for one in self.elements for word in one.words if one.tag not in ("style", "title"))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.styles: list[str] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self._open[-1] if self._open else None
        made = Element(tag, {name: value or "" for name, value in attrs}, parent)
        self.elements.append(made)
        if tag not in _VOID and len(self._open) < _DEEPEST:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID and self._open and self._open[-1] is self.elements[-1]:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, -1, -1):
            if self._open[depth].tag == tag:
                del self._open[depth:]
                return

    def take_words(self, data: str) -> None:
        if self._open and self._open[-1].tag == "style":
            self.styles.append(data)
        elif self._open and data.strip():
            self._open[-1].words.append(data)

    handle_data = take_words


def read_markup(html: str) -> Markup:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Markup(tuple(reader.elements), tuple(reader.styles))


def ancestors(element: Element) -> Iterator[Element]:
    """From the parent upwards."""
    above = element.parent
    while above is not None:
        yield above
        above = above.parent
