"""NL704: whether text can be read on its ground, in the light and in the dark scheme (WCAG 2.2, 1.4.3)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from newsletter.checks.markup import Element, Markup
from newsletter.checks.proof import Proof
from newsletter.checks.rules import Noted, Rule, Stage, mail_rule
from newsletter.checks.sheets import (
    Declaration,
    Selector,
    StyleRule,
    declarations_of,
    fitting,
    read_selector,
    read_sheet,
)
from newsletter.errors import Severity

Colour = tuple[int, int, int]

_ENOUGH, _ENOUGH_FOR_LARGE = 4.5, 3.0
#: CSS pixels from which text counts as large: 18 points, or 14 points bold
_LARGE, _LARGE_BOLD = 24.0, 18.66
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})(?![0-9a-f])", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*\)", re.IGNORECASE)
_NAMED = {
    "black": "#000000", "white": "#ffffff", "silver": "#c0c0c0", "gray": "#808080", "grey": "#808080",
    "red": "#ff0000", "maroon": "#800000", "yellow": "#ffff00", "olive": "#808000",
    "lime": "#00ff00", "green": "#008000", "aqua": "#00ffff", "teal": "#008080", "blue": "#0000ff", "navy": "#000080",
    "fuchsia": "#ff00ff", "purple": "#800080", "orange": "#ffa500",
}  # fmt: skip
_BLACK, _WHITE, _LINK_BLUE = (0, 0, 0), (255, 255, 255), (0, 0, 238)
_DARK = re.compile(r"@media[^{]*prefers-color-scheme\s*:\s*dark", re.IGNORECASE)
_SIZE = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)px")
_HEADING_SIZES = {"h1": 32.0, "h2": 24.0, "h3": 18.72}


@dataclass(frozen=True, slots=True)
class _Look:
    """How text in an element looks. A colour that cannot be told is None."""

    colour: Colour | None = _BLACK
    ground: Colour | None = _WHITE
    size: float = 16.0
    is_bold: bool = False
    is_hidden: bool = False

    @property
    def is_faint(self) -> bool:
        is_large = self.size >= _LARGE or (self.is_bold and self.size >= _LARGE_BOLD)
        is_seen = not self.is_hidden and self.size > 0
        return is_seen and self.contrast < (_ENOUGH_FOR_LARGE if is_large else _ENOUGH)

    @property
    def contrast(self) -> float:
        """21 where one of the colours cannot be told."""
        return contrast(self.colour, self.ground) if self.colour and self.ground else 21.0

    @property
    def pair(self) -> str:
        return " on ".join("#{:02x}{:02x}{:02x}".format(*colour) for colour in (self.colour, self.ground) if colour)


@mail_rule(
    Rule(
        id="NL704",
        title="Text that cannot be read on its ground",
        reason="Below 4.5:1 many people cannot read it, in sunlight nobody can; and many use the dark scheme.",
        example='theme.yaml: muted: "#b0b0b0" on sheet: "#ffffff"',
        mend="Change the colours in theme.yaml, for the scheme that the message names.",
        stage=Stage.MAIL,
        severity=Severity.ERROR,
    )
)
def low_contrast(proof: Proof) -> Iterator[Noted]:
    for scheme, look, words in faint(proof.markup):
        message = f"{look.pair} is {look.contrast:.1f}:1 in the {scheme} scheme ('{words}')"
        yield Noted(message, "choose colours of at least 4.5:1 in theme.yaml")


def faint(markup: Markup) -> Iterator[tuple[str, _Look, str]]:
    """Scheme, look and first words of what cannot be read, each pair of colours once."""
    told: set[str] = set()
    for scheme in ("light", "dark"):
        for element, look in _looks(markup, scheme):
            if element.words and look.is_faint and look.pair not in told:
                told.add(look.pair)
                yield scheme, look, " ".join(element.words[0].split())[:30]


def contrast(one: Colour, other: Colour) -> float:
    """From 1 to 21, as WCAG counts it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@cache
def _luminance(colour: Colour) -> float:
    shares = [part / 255 for part in colour]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@cache
def read_colour(written: str) -> Colour | None:
    """None for what is no opaque colour that we know."""
    written = _NAMED.get(written.strip().lower(), written)
    if found := _HEX.search(written):
        digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if found := _RGB.search(written):
        red, green, blue = (min(255, int(part)) for part in found.groups())
        return red, green, blue
    return None


def _looks(markup: Markup, scheme: str) -> Iterator[tuple[Element, _Look]]:
    """Each element with its look; a parent comes before its children."""
    rules = _rules(markup.styles, is_dark=scheme == "dark")
    known: dict[int, _Look] = {}
    for element in markup.elements:
        above = known[id(element.parent)] if element.parent else _Look()
        known[id(element)] = look = _look(element, above, rules)
        yield element, look


Ranked = Mapping[str, Sequence[tuple[Selector, StyleRule]]]


def _rules(styles: Iterable[str], *, is_dark: bool) -> Ranked:
    """What a still picture shows, by what the last compound asks for: a class, a tag, or anything."""
    found: dict[str, list[tuple[Selector, StyleRule]]] = {}
    for rule in (rule for style in styles for rule in read_sheet(style).rules):
        if rule.within and not (is_dark and len(rule.within) == 1 and _DARK.match(rule.within[0])):
            continue
        if any(name in _TELLING for name, _, _ in rule.declarations):
            for written in rule.selectors:
                selector = read_selector(written)
                key = next((f".{name}" for name in selector.subject.classes), selector.subject.tag)
                found.setdefault(key, []).append((selector, rule))
    return found


_TELLING = frozenset({
    "color", "background", "background-color", "font-size", "font-weight", "font", "display", "opacity", "visibility",
})  # fmt: skip


def _look(element: Element, above: _Look, rules: Ranked) -> _Look:
    look = replace(
        above,
        colour=_LINK_BLUE if element.tag == "a" and "href" in element.attributes else above.colour,
        size=_HEADING_SIZES.get(element.tag, above.size),
        is_bold=above.is_bold or element.tag in ("b", "strong", "th", *_HEADING_SIZES),
    )
    if ground := read_colour(element.attributes.get("bgcolor", "")):
        look = replace(look, ground=ground)
    for name, value in _cascade(element, rules):
        look = _with(look, name, value, above)
    return look


def _with(look: _Look, name: str, value: str, above: _Look) -> _Look:
    value = value.lower()
    if name == "color":
        return replace(look, colour=above.colour if value in ("inherit", "currentcolor") else read_colour(value))
    if name in ("background", "background-color"):
        clear = value in ("transparent", "none", "inherit", "initial", "unset")
        return look if clear else replace(look, ground=None if "url(" in value else read_colour(value))
    if name == "font-size" and (found := _SIZE.fullmatch(value)):
        return replace(look, size=float(found[1]))
    if name == "font-weight":
        return replace(look, is_bold=value in ("bold", "bolder", "600", "700", "800", "900"))
    if (name, value) in (("display", "none"), ("visibility", "hidden"), ("opacity", "0")):
        return replace(look, is_hidden=True)
    return look


def _cascade(element: Element, rules: Ranked) -> Iterator[tuple[str, str]]:
    """Property and value, those that win last: sheet, style attribute, then what is !important in the sheet."""
    keys = [f".{name}" for name in element.classes] + [element.tag, ""]
    candidates = [one for key in keys if key in rules for one in rules[key]]
    inline = declarations_of(element.attributes.get("style", ""))
    if not candidates:
        return ((name, value) for name, value, _ in inline)
    matched = sorted(fitting(element, candidates), key=lambda one: one[0])
    sheet = [declaration for _, rule in matched for declaration in rule.declarations]
    return _ranked(sheet, inline)


def _ranked(sheet: Sequence[Declaration], inline: Sequence[Declaration]) -> Iterator[tuple[str, str]]:
    for declarations, wanted in ((sheet, False), (inline, False), (sheet, True), (inline, True)):
        yield from ((name, value) for name, value, is_important in declarations if is_important is wanted)
