"""
Inline Markdown, and only a little of it: bold, italics, links. Everything else prints as it was written.

Raw HTML, pictures, code, headings, entities and braces are text to us, so nothing that an author pastes can become
markup. Links go to http, https and mailto addresses only.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline, image
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType

from newsletter.columns import is_wide

CHINESE = "zh-Hans"

_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
#: from the first blank of a run on: elsewhere in it, the search would begin anew at each
_LINE_BREAK = re.compile(r"(?<!\s)\s*\n\s*")
_ALLOWED_LINK = re.compile(r"https?://[^\s/?#]+.*|mailto:[^\s@/]+@[^\s@/]+", re.IGNORECASE)
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_HAN_PUNCTUATION = "\u3001-\u3003\u3008-\u3011\u3014-\u301b\uff01-\uff0f\uff1a-\uff20\u2018-\u201d\u2014\u2026"
_CHINESE_RUN = re.compile(f"[{_HAN}](?:[{_HAN}{_HAN_PUNCTUATION}]*[{_HAN}\u3001\u3002\uff01\uff0c\uff1f\u300b\uff09])?")
_KANA = re.compile("[\u3041-\u30ff]")


@dataclass(frozen=True, slots=True)
class PlainProse:
    """Paragraphs in which a link reads `its text [1]`, and the addresses by number, from 1."""

    paragraphs: tuple[str, ...]
    urls: tuple[str, ...] = ()


def prose_html(
    text: str,
    *,
    language: str = "en",
    hold: Callable[[str], str] = html.escape,
    hold_url: Callable[[str], str] = html.escape,
) -> list[str]:
    """
    Each paragraph as safe HTML. `hold` makes of a raw text what may stand in HTML for it, `hold_url` of an address.

    Emphasis within emphasis of the same kind adds nothing and is left out, so that nothing nests deeper than three.
    """

    def write(text: str) -> str:
        return chinese_marked(text, language=language, hold=hold)

    return ["".join(_marked_up(_tokens(paragraph), write, hold_url)) for paragraph in _paragraphs(text)]


def prose_text(text: str, urls: Iterable[str] = ()) -> PlainProse:
    """Each paragraph without its marks. `urls` are the addresses that have a number already."""
    known = list(urls)
    paragraphs = tuple("".join(_unmarked(_tokens(paragraph), known)) for paragraph in _paragraphs(text))
    return PlainProse(paragraphs, tuple(known))


def prose_plain(text: str) -> str:
    """What is left on one line without marks and addresses, for a preheader."""
    return " ".join("".join(token.content for token in _tokens(paragraph)) for paragraph in _paragraphs(text))


def prose_links(text: str) -> list[tuple[str, str]]:
    """The words and the address of each link, as readers get them."""
    found: list[tuple[str, str]] = []
    for paragraph in _paragraphs(text):
        words: list[str] = []
        href = ""
        for token in _tokens(paragraph):
            if token.type == "link_open":
                words, href = [], str(token.attrs["href"])
            elif token.type == "link_close":
                found.append(("".join(words), href))
            else:
                words.append(token.content)
    return found


def chinese_marked(text: str, *, language: str, hold: Callable[[str], str] = html.escape) -> str:
    """Safe HTML in which runs of Chinese within another language say so, for voices, fonts and hyphenation."""
    if language.startswith("zh") or text.isascii() or _KANA.search(text):
        return hold(text) if text else ""
    out, end = [], 0
    for found in _CHINESE_RUN.finditer(text):
        if found.start() > end:
            out.append(hold(text[end : found.start()]))
        out.append(f'<span lang="{CHINESE}">{hold(found[0])}</span>')
        end = found.end()
    return "".join([*out, hold(text[end:])]) if end < len(text) else "".join(out)


def _paragraphs(text: str) -> list[str]:
    return [_LINE_BREAK.sub(_joint, paragraph.strip()) for paragraph in _BLANK_LINE.split(text) if paragraph.strip()]


def _joint(found: re.Match[str]) -> str:
    """A line break is a space, but not between two Chinese characters."""
    whole = found.string
    before, after = whole[found.start() - 1 : found.start()], whole[found.end() : found.end() + 1]
    return "" if before and after and is_wide(before) and is_wide(after) else " "


_TAGS: Mapping[str, str] = {"strong": "strong", "em": "em", "link": "a"}


def _marked_up(tokens: Iterable[Token], write: Callable[[str], str], write_url: Callable[[str], str]) -> Iterator[str]:
    depth = dict.fromkeys(_TAGS, 0)
    for token in tokens:
        kind, _, side = token.type.partition("_")
        if kind not in _TAGS:
            yield write(token.content)
        elif side == "open":
            depth[kind] += 1
            yield _opening(token, write_url) if depth[kind] == 1 else ""
        else:
            depth[kind] -= 1
            yield f"</{_TAGS[kind]}>" if depth[kind] == 0 else ""


def _opening(token: Token, write_url: Callable[[str], str]) -> str:
    return f'<a href="{write_url(str(token.attrs["href"]))}">' if token.tag == "a" else f"<{token.tag}>"


def _unmarked(tokens: Iterable[Token], known: list[str]) -> Iterator[str]:
    label: list[str] = []
    href = ""
    for token in tokens:
        if token.type == "link_open":
            label, href = [], str(token.attrs["href"])
        elif token.type == "link_close":
            yield _reference("".join(label), href, known)
            href = ""
        elif not token.type.startswith(("em_", "strong_")):
            label.append(token.content)
            yield "" if href else token.content


def _reference(label: str, href: str, known: list[str]) -> str:
    """A label that already is the address needs no number."""
    if label in (href, href.removeprefix("mailto:")):
        return label
    if href not in known:
        known.append(href)
    # a no-break space, so that the number stays with its word
    return f"{label}\u00a0[{known.index(href) + 1}]"


@lru_cache(maxsize=1 << 10)
def _tokens(paragraph: str) -> tuple[Token, ...]:
    """Kept, because both parts of a mail are written from the same paragraphs, and nobody changes them."""
    [inline] = _markdown().parseInline(paragraph)
    return tuple(_repaired(inline.children or []))


def _repaired(tokens: list[Token]) -> Iterator[Token]:
    """A link that goes nowhere (`[x]()`) prints as it was written."""
    is_open = True
    for token in tokens:
        if token.type == "link_open":
            is_open = bool(token.attrs["href"])
        if token.type.startswith("link_") and not is_open:
            yield Token("text", "", 0, content="[" if token.type == "link_open" else "]()")
        elif token.type != "text" or token.content:
            yield token


class _State(StateInline):
    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803 (markdown-it's names)
        """
        Bold and italics beside Chinese, where no spaces part words: `**重点。**然后` is meant, and CommonMark says no.
        """
        found = super().scanDelims(start, canSplitWord)
        before = self.src[start - 1 : start] if start else ""
        after = self.src[start + found.length : start + found.length + 1]
        if not (canSplitWord and ((before and is_wide(before)) or (after and is_wide(after)))):
            return found
        return Scanned(bool(after.strip()), bool(before.strip()), found.length)


def _picture_as_written(state: StateInline, silent: bool) -> bool:
    """A picture is text to us; without this, its `[…](…)` would be a link."""
    start = state.pos
    if not image(state, True):
        return False
    if not silent:
        state.pending += state.src[start : state.pos]
    return True


class _Inline(ParserInline):
    """As markdown-it's own, with our state."""

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 (markdown-it's name)
        return bool(_ALLOWED_LINK.fullmatch(url))


@cache
def _markdown() -> MarkdownIt:
    made = _Markdown("zero")
    made.inline = _Inline()
    made.inline.ruler.before("link", "picture", _picture_as_written)
    made.configure("zero").enable(["emphasis", "link", "escape", "picture"])
    # quadratic work is bounded by this depth, and nothing of ours nests deeper than a link in a link text
    made.options["maxNesting"] = 8
    return made
