"""Which features of HTML and CSS a mail uses, under the names that caniemail.com gives them."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from newsletter.checks.markup import Element, Markup
from newsletter.checks.sheets import Declaration, StyleRule, declarations_of, read_sheet

#: properties that caniemail files under another one's name, by how they begin
_FAMILIES = (
    ("border-inline", "border-inline-block"), ("border-block", "border-inline-block"),
    ("border-start-", "border-radius-logical"), ("border-end-", "border-radius-logical"),
    ("margin-inline-", "margin-inline-start-end"), ("margin-block-", "margin-block-start-end"),
    ("padding-inline-", "padding-inline-start-end"), ("padding-block-", "padding-block-start-end"),
    ("margin-inline", "margin-inline-block"), ("margin-block", "margin-inline-block"),
    ("padding-inline", "padding-inline-block"), ("padding-block", "padding-inline-block"),
    ("border-image", "border-image"), ("border-spacing", "border-spacing"), ("border-collapse", "border-collapse"),
    ("margin-", "margin"), ("padding-", "padding"), ("grid-template", "grid-template"), ("animation", "animation"),
    ("transition", "transition"), ("transform", "transform"), ("text-emphasis-position", "text-emphasis-position"),
    ("text-emphasis", "text-emphasis"), ("scroll-snap", "scroll-snap"), ("scroll-margin", "scroll-snap"),
    ("outline-", "outline"), ("overflow-", "overflow"), ("column-count", "column-count"),
    ("column-gap", "gap"), ("columns", "column-layout-properties"), ("column-", "column-layout-properties"),
    ("mask", "mask-image"), ("--", "variables"),
)  # fmt: skip
_SAME = {
    "left": "left-right-top-bottom", "right": "left-right-top-bottom", "top": "left-right-top-bottom",
    "bottom": "left-right-top-bottom", "row-gap": "gap", "grid-gap": "gap", "block-size": "block-inline-size",
    "inline-size": "block-inline-size", "clip": "clip-path", "overflow-wrap": "overflow-wrap",
}  # fmt: skip
#: what a value holds
_VALUES = {
    "unit-calc": r"\bcalc\(", "function-clamp": r"\bclamp\(", "function-max": r"\bmax\(", "function-min": r"\bmin\(",
    "function-light-dark": r"\blight-dark\(", "linear-gradient": r"linear-gradient\(", "variables": r"\bvar\(",
    "radial-gradient": r"radial-gradient\(", "conic-gradient": r"conic-gradient\(",
    "rgb": r"\brgb\(", "rgba": r"\brgba\(",
    "modern-color": r"\b(?:lch|oklch|lab|oklab)\(", "intrinsic-size": r"\b(?:fit|min|max)-content\b",
    "unit-initial": r"^initial$", "sytem-ui": r"\b(?:system-ui|ui-serif|ui-sans-serif|ui-rounded|ui-monospace)\b",
}  # fmt: skip
_IN_VALUE = [(f"css-{name}", re.compile(pattern, re.IGNORECASE)) for name, pattern in _VALUES.items()]
_UNIT = re.compile(r"(?<![\w#])-?\d*\.?\d+(px|em|rem|%|pt|pc|vh|vw|vmin|vmax|ch|ex|cm|mm|in)(?![\w])", re.IGNORECASE)
_MEDIA = {
    "at-media-prefers-color-scheme": "prefers-color-scheme",
    "at-media-prefers-reduced-motion": "prefers-reduced-motion",
    "at-media-hover": "hover",
    "at-media-orientation": "orientation",
    "at-media-device-pixel-ratio": "device-pixel-ratio",
}
_COMBINATORS = {">": "child", "+": "adjacent-sibling", "~": "general-sibling"}
_PSEUDO = re.compile(r"(::?)([a-z-]+)", re.IGNORECASE)
_PSEUDO_ELEMENTS = frozenset({"before", "after", "first-letter", "first-line", "marker", "placeholder"})
_IN_BRACKETS = re.compile(r"\[[^\]]*\]|\([^)]*\)")

_HTML_FAMILIES = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "h1-h6"),
    **dict.fromkeys(("ul", "ol", "dl"), "lists"),
    **dict.fromkeys(("map", "area"), "image-maps"),
    **dict.fromkeys(
        ("article", "aside", "details", "figcaption", "figure", "footer", "header", "main", "mark", "nav", "section",
         "summary", "time"), "semantics",
    ),
}  # fmt: skip
_ATTRIBUTES = frozenset({
    "align", "aria-describedby", "aria-hidden", "aria-label", "aria-labelledby", "aria-live", "background",
    "cellpadding", "cellspacing", "dir", "height", "hidden", "lang", "popover", "required", "role", "srcset", "target",
    "valign", "width",
})  # fmt: skip
_PICTURE = re.compile(r"\.(apng|avif|bmp|gif|hdr|heif|heic|ico|jpe?g|png|svg|tiff?|webp|mp4)(?:[?#]|$)", re.IGNORECASE)
_PICTURES = {"jpeg": "jpg", "tif": "tiff", "heic": "heif"}


def features_of(markup: Markup) -> dict[str, frozenset[str]]:
    """
    Slugs of caniemail, those that it does not have included; each with the at-rules around all of its uses.

    Whoever does not know `@media` never meets what stands within it. What is hidden in any case is left out.
    """
    found: dict[str, frozenset[str]] = {}
    for element in markup.elements:
        _add(found, _of_element(element))
    for style in {one.attributes["style"] for one in markup.elements if "style" in one.attributes}:
        declared = declarations_of(style)
        hidden = [one for one in declared if one[:2] == ("display", "none")]
        _add(found, _of_declarations(hidden or declared))
    for style in markup.styles:
        sheet = read_sheet(style)
        _add(found, (feature for at_rule in sheet.at_rules for feature in _of_at_rule(at_rule)))
        for rule in sheet.rules:
            _add(found, _of_rule(rule), frozenset(slug for at_rule in rule.within for slug in _of_at_rule(at_rule)))
    return found


def _add(found: dict[str, frozenset[str]], features: Iterable[str], within: frozenset[str] = frozenset()) -> None:
    for feature in features:
        found[feature] = found.get(feature, within) & within


def _of_element(element: Element) -> Iterator[str]:
    tag, attributes = element.tag, element.attributes
    yield f"html-{_HTML_FAMILIES.get(tag, tag)}"
    yield from (f"html-{name}" for name in attributes if name in _ATTRIBUTES)
    if tag in ("input", "button"):
        yield f"html-{tag}-{attributes.get('type', 'text' if tag == 'input' else 'submit').lower()}"
    if attributes.get("name") == "color-scheme":
        yield "html-meta-color-scheme"
    if "loading" in attributes:
        yield "html-loading-attribute"
    yield from _of_address(attributes.get("href", ""), attributes.get("src", ""))


def _of_address(href: str, src: str) -> Iterator[str]:
    if href.startswith("#"):
        yield "html-anchor-links"
    elif href.startswith("mailto:"):
        yield "html-mailto-links"
    if src.startswith("data:"):
        yield "image-base64"
    elif found := _PICTURE.search(src[-300:]):
        kind = found[1].lower()
        yield f"image-{_PICTURES.get(kind, kind)}"


def _of_declarations(declarations: Iterable[Declaration]) -> Iterator[str]:
    for name, value, is_important in declarations:
        yield f"css-{_property(name)}"
        if is_important:
            yield "css-important"
        yield from _of_value(name, value.lower())


def _property(name: str) -> str:
    if name.startswith("border-") and name.endswith("-radius") and name.count("-") == 3:
        return "border-radius-logical" if name.split("-")[1] in ("start", "end") else "border-radius"
    if name in _SAME:
        return _SAME[name]
    family = next((family for start, family in _FAMILIES if name.startswith(start)), None)
    if family:
        return family
    return "border" if re.fullmatch(r"border-(?:top|right|bottom|left|width|style|color)(?:-\w+)?", name) else name


def _of_value(name: str, value: str) -> Iterator[str]:
    if name == "display" and (kind := value.removeprefix("inline-")) in ("flex", "grid", "none"):
        yield f"css-display-{kind}"
    yield from (slug for slug, pattern in _IN_VALUE if pattern.search(value))
    yield from (f"css-unit-{'percent' if unit == '%' else unit}" for unit in _UNIT.findall(value))
    if "url(" in value:
        yield "css-background-image" if name.startswith("background") else f"css-{name}"


def _of_at_rule(words: str) -> Iterator[str]:
    name = words.split(None, 1)[0].split("(")[0].lower().removeprefix("@").removeprefix("-webkit-")
    yield f"css-at-{name}"
    if name == "media":
        lowered = words.lower()
        yield from (f"css-{slug}" for slug, word in _MEDIA.items() if word in lowered)


def _of_rule(rule: StyleRule) -> Iterator[str]:
    yield from _of_declarations(rule.declarations)
    if len(rule.selectors) > 1:
        yield "css-selector-grouping"
    for selector in rule.selectors:
        yield from _of_selector(selector)


def _of_selector(selector: str) -> Iterator[str]:
    bare = _IN_BRACKETS.sub("", selector)
    if "[" in selector:
        yield "css-selector-attribute"
    if "&" in bare:
        yield "css-nesting"
    for colons, name in _PSEUDO.findall(bare):
        kind = "element" if colons == "::" or name.lower() in _PSEUDO_ELEMENTS else "class"
        yield f"css-pseudo-{kind}-{name.lower()}"
    steps = _PSEUDO.sub("", bare).split()
    yield from (f"css-selector-{_COMBINATORS[mark]}" for mark in _COMBINATORS if mark in bare)
    if any(one not in _COMBINATORS and other not in _COMBINATORS for one, other in pairwise(steps)):
        yield "css-selector-descendant"
    yield from (slug for mark, slug in _SIGNS.items() if mark in bare)


_SIGNS = {"*": "css-selector-universal", "#": "css-selector-id", ".": "css-selector-class"}
