"""The text part's typography, as filters for its template: paragraphs, bullets and headings in 72 columns."""

import re
from collections.abc import Callable, Mapping

from newsletter.columns import WEB_ADDRESS, width, wrap
from newsletter.edition import Field, Filling

#: what is filled in later and may be long: a line of its own
_LONG = rf"NL[0-9a-f]{{10}}text(?:{Filling.LEAD_HEADLINE}|{Filling.SUBJECT}|{Filling.PREHEADER})NL"
_ALONE = re.compile(f"(?:{WEB_ADDRESS.pattern})|(?:{_LONG})")
_SHORT = re.compile(rf"NL[0-9a-f]{{10}}text({Filling.NUMBER}|{Filling.STORY_COUNT}|{Field.SINCE})NL")
#: columns to keep free: two digits; " on 30 September 2026"
_ROOM: Mapping[str, int] = {Filling.NUMBER: 2, Filling.STORY_COUNT: 2, Field.SINCE: 21}


def paragraph(text: str, first: str = "", rest: str | None = None) -> str:
    """In lines of 72 columns, with something before the first and something (else blanks as wide) before the others."""
    hanging = " " * room(first) if rest is None else rest
    lines = wrap(text, first=first, rest=hanging, alone=_ALONE, measure=room)
    # the no-break space before a link's number has done its work
    return lines.replace("\u00a0[", " [")


def underlined(text: str, stroke: str = "-") -> str:
    """A heading: the line below it is as wide as the widest line of the text."""
    lines = paragraph(text)
    return f"{lines}\n{stroke * max(width(line) for line in lines.split(chr(10)))}"


def room(text: str) -> int:
    """The columns that a text takes once everything is filled in."""
    if "NL" not in text:
        return width(text)
    rest = _SHORT.sub("", text)
    return width(rest) + sum(_ROOM[found[1]] for found in _SHORT.finditer(text))


#: by the name under which a template uses them
FILTERS: Mapping[str, Callable[..., str]] = {"paragraph": paragraph, "underlined": underlined}
