"""
A mail as Outlook for Windows sees it and as everybody else does, and whether its tags nest in both.

Word, which draws mail there, reads what stands in `<!--[if mso]>…<![endif]-->`; to all others that is a comment. What
stands between `<!--[if !mso]><!-->` and `<!--<![endif]-->` is for the others.
"""

import re
from collections.abc import Callable
from html.parser import HTMLParser

#: the last Outlook that draws with Word
_WORD = 16
_REVEALED = r"<!--\[if (?P<shown_when>[^\]]+)\]><!-->(?P<shown>.*?)<!--<!\[endif\]-->"
_HIDDEN = r"<!--\[if (?P<when>[^\]]+)\]>(?P<said>.*?)<!\[endif\]-->"
_CONDITIONAL = re.compile(f"{_REVEALED}|{_HIDDEN}", re.DOTALL)
_LEFT_OVER = re.compile(r"<!(?:--)?(?:<!)?\[(?:if [^\]]*|endif)\]")
_VERSIONS: dict[str, Callable[[int], bool]] = {
    "": lambda version: version == _WORD,
    "lt": lambda version: version > _WORD,
    "lte": lambda version: version >= _WORD,
    "gt": lambda version: version < _WORD,
    "gte": lambda version: version <= _WORD,
}
_TEST = re.compile(r"(?P<no>!?)\(?(?:(?P<how>lte?|gte?) )?(?P<name>mso|IE)(?: (?P<version>\d+))?\)?")
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})


def outlook_view(html: str) -> str:
    return _CONDITIONAL.sub(_for_word, html)


def others_view(html: str) -> str:
    return _CONDITIONAL.sub(lambda found: found["shown"] or "", html)


def views(html: str) -> dict[str, str]:
    return {"outlook": outlook_view(html), "others": others_view(html)}


def _for_word(found: re.Match[str]) -> str:
    condition, content = (
        (found["shown_when"], found["shown"]) if found["shown_when"] else (found["when"], found["said"])
    )
    return content if any(_holds(test.strip()) for test in condition.split("|")) else ""


def _holds(test: str) -> bool:
    """One test of a condition. Word is `mso` and never `IE`."""
    found = _TEST.fullmatch(test)
    if not found:
        raise ValueError(f"a condition that nobody here understands: {test}")
    is_meant = found["name"] == "mso" and (not found["version"] or _VERSIONS[found["how"] or ""](int(found["version"])))
    return is_meant is not bool(found["no"])


def nesting_faults(html: str) -> list[str]:
    """
    Each tag that is not closed where it was opened, in one of the views.

    HTML lets an author leave `</td>` and `</p>` out, and its checker says nothing; MJML's tables for Outlook are opened
    in one comment and closed in another, where a missing end tag ruins the page.
    """
    return [f"{name}: {fault}" for name, view in views(html).items() for fault in _faults(view)]


def _faults(view: str) -> list[str]:
    left = [f"a conditional comment is cut in two: {found[0]}" for found in _LEFT_OVER.finditer(view)]
    nesting = _Nesting()
    nesting.feed(view)
    nesting.close()
    return [*left, *nesting.faults, *(f"<{name}> in line {line} is never closed" for name, line in nesting.open)]


class _Nesting(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, int]] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _VOID:
            self.open.append((tag, self.getpos()[0]))

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1][0] == tag:
            self.open.pop()
            return
        last = f"<{self.open[-1][0]}> of line {self.open[-1][1]}" if self.open else "nothing"
        self.faults.append(f"</{tag}> in line {self.getpos()[0]}, while {last} is open")
        if tag in {name for name, _ in self.open}:
            while self.open.pop()[0] != tag:
                pass
