"""What every door hands over: the lines of a source, each with its role, and inline Markdown in their text."""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from newsletter.errors import Finding

#: what to do about a source that no issue could hold
PART_FIX = "import the part that is the issue"

_PUNCTUATION = "!-/:-@[-`{-~"
_STARS = re.compile(r"\*+")
_UNDERLINES = re.compile("_+")
#: a backslash is one only where it would take the meaning of the next mark, or of the one that is put behind it
_BACKSLASH = re.compile(rf"\\(?=[{_PUNCTUATION}]|$)")
#: what could close the words of a link
_BRACKETS = re.compile(r"\](?=\()")
_ANY_BRACKET = re.compile(r"(?<!\\)((?:\\\\)*)([\[\]])")
_ALLOWED = re.compile(r"https?://[^\s/?#]+[^\s]*|mailto:[^\s@/]+@[^\s@/]+", re.IGNORECASE)


class Role(StrEnum):
    BLANK = "blank"
    PARAGRAPH = "paragraph"
    BULLET = "bullet"
    NUMBERED = "numbered"
    HEADING = "heading"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Line:
    """A whole paragraph, point or heading: lines that were wrapped are joined already."""

    #: of the source, from 1; for documents the paragraph's
    number: int
    #: inline Markdown, without the mark of its role; a line break that the author made is "\n"
    text: str
    role: Role = Role.PARAGRAPH
    #: of a heading: 1 is the title; of a bullet or number: how deep it is nested, from 0; of a paragraph: 1 when it
    #: belongs to the bullet above
    level: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A source as its door read it."""

    #: as shown in findings
    path: str
    lines: tuple[Line, ...]
    #: the document's title, the mail's subject: plain text
    title: str | None = None
    #: the mail's
    date: datetime.date | None = None
    #: what the door already had to drop or to guess
    remarks: tuple[Finding, ...] = ()
    #: the text as it came, when the source is plain text
    plain: str | None = None


def escape_inline(text: str) -> str:
    """
    Plain text as inline Markdown that prints it: no mark of it is active, and as few as possible get a backslash.

    With `inline_joined` it may be put beside other inline Markdown: it neither opens nor closes anything there.
    """
    text = _BACKSLASH.sub(r"\\\\", text)
    text = _STARS.sub(_escaped_stars, text)
    text = _UNDERLINES.sub(_escaped_underlines, text)
    return _BRACKETS.sub(r"\\]", text)


def inline_link(words: str, url: str) -> str:
    """
    A Markdown link; its words are inline Markdown already. Only the words when the address is not one to lead to.
    """
    url = url.strip()
    if not _ALLOWED.fullmatch(url) or not words.strip():
        return words
    address = "".join(f"%{ord(mark):02X}" if mark in "()<>\\ " else mark for mark in url)
    return f"[{_ANY_BRACKET.sub(_escaped_bracket, words)}]({address})"


def inline_joined(parts: Iterable[str]) -> str:
    """Pieces of inline Markdown in a row: an exclamation mark would make a picture of the link behind it."""
    out = ""
    for part in parts:
        is_met = out.endswith("!") and part.startswith("[")
        # the end of a link is its own; a bracket of the text that meets another begins none
        is_met = is_met or (out.endswith("]") and part.startswith("("))
        out = f"{out[:-1]}\\{out[-1]}{part}" if is_met else out + part
    return out


def _escaped_stars(found: re.Match[str]) -> str:
    """A star between two spaces is no emphasis, and better to read as it is."""
    before, after = _around(found)
    return found[0] if before == after == " " else r"\*" * len(found[0])


def _escaped_underlines(found: re.Match[str]) -> str:
    """Within a word (snake_case) underlines are no emphasis."""
    before, after = _around(found)
    return found[0] if before.isalnum() and after.isalnum() else r"\_" * len(found[0])


def _around(found: re.Match[str]) -> tuple[str, str]:
    whole = found.string
    return whole[max(0, found.start() - 1) : found.start()], whole[found.end() : found.end() + 1]


def _escaped_bracket(found: re.Match[str]) -> str:
    return f"{found[1]}\\{found[2]}"
