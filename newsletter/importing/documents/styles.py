"""What an element's style says that matters to us: weight, slant, whether it is seen, Word's lists."""

import re
from collections.abc import Mapping
from dataclasses import replace

from newsletter.importing.documents.inline import Look

_DECLARATION = re.compile(r"([a-z-]+)\s*:\s*([^;]*)")
_MSO_LEVEL = re.compile(r"\bl\d+\s+level(\d)")
_BOLD = ("b", "strong")
_ITALIC = ("i", "em", "cite", "dfn", "var")
_ZERO = re.compile(r"0(?:\.0+)?(?:px|pt|em)?")
#: a style longer than this is no style
_LONGEST = 4_000


def style_of(attributes: Mapping[str, str]) -> dict[str, str]:
    written = attributes.get("style", "")[:_LONGEST].lower()
    return {name: value.strip() for name, value in _DECLARATION.findall(written)}


def look_of(tag: str, style: Mapping[str, str], look: Look) -> Look:
    """How words look within an element, when those around it look so."""
    weight, slant = style.get("font-weight", ""), style.get("font-style", "")
    bold, italic = look.bold or tag in _BOLD, look.italic or tag in _ITALIC
    if weight:
        bold = weight.startswith("bold") or (weight[:1] in "6789" and weight[:3].isdigit())
    if slant:
        italic = slant.startswith(("italic", "oblique"))
    return look if (bold, italic) == (look.bold, look.italic) else replace(look, bold=bold, italic=italic)


def is_hidden(attributes: Mapping[str, str], style: Mapping[str, str]) -> bool:
    """Whether nobody sees it: the line that mail programs show beside the subject, and the like."""
    if "hidden" in attributes or style.get("display") == "none" or style.get("mso-hide") == "all":
        return True
    is_flat = _ZERO.fullmatch(style.get("max-height", "")) and style.get("overflow") == "hidden"
    return style.get("visibility") == "hidden" or bool(is_flat)


def word_list_level(style: Mapping[str, str]) -> int | None:
    """How deep, from 0, a paragraph stands in a list of Word's HTML, whose lists are no lists."""
    found = _MSO_LEVEL.search(style.get("mso-list", ""))
    return int(found[1]) - 1 if found else None


def is_word_mark(style: Mapping[str, str]) -> bool:
    """The bullet or number itself, which Word writes as text."""
    return style.get("mso-list") == "ignore"
