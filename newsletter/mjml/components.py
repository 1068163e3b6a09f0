"""
MJML's components that work here, what they may hold, and which attributes they have.

The facts are MJML 5's own rules (mjml-validator and each component's list of attributes). Left out is what our compiler
gets wrong, for the reasons in research/rendering.md, section 1: hero, carousel, accordion, include, `gap`, `owa`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_PADDING = "padding padding-bottom padding-left padding-right padding-top"
_BORDER = "border border-bottom border-left border-radius border-right border-top"
_BACKGROUND = "background-color background-position background-position-x background-position-y background-repeat"
_FONT = "color font-family font-size font-style font-weight letter-spacing line-height text-decoration text-transform"
_LINK = "href name rel target title"
_BOX = "container-background-color"
_IN_COLUMN = frozenset(
    {"mj-button", "mj-divider", "mj-image", "mj-navbar", "mj-raw", "mj-social", "mj-spacer", "mj-table", "mj-text"}
)


@dataclass(frozen=True, slots=True)
class Component:
    attributes: frozenset[str]
    #: components that may stand directly in it; None: it holds text or HTML, and no component
    holds: frozenset[str] | None = None
    #: any attribute of any component is fine
    takes_all: bool = False


def _component(attributes: str = "", *, holds: frozenset[str] | None = None, takes_all: bool = False) -> Component:
    return Component(frozenset(f"{attributes} css-class mj-class".split()), holds, takes_all)


def _row(attributes: str, *holds: str) -> Component:
    names = f"{_PADDING} {_BORDER} {_BACKGROUND} background-size background-url direction full-width text-align"
    return _component(f"{names} {attributes}", holds=frozenset(holds))


_DRAWN: Mapping[str, Component] = {
    "mj-body": _component("background-color id width", holds=frozenset({"mj-raw", "mj-section", "mj-wrapper"})),
    "mj-wrapper": _row("text-padding", "mj-raw", "mj-section"),
    "mj-section": _row("text-padding", "mj-column", "mj-group", "mj-raw"),
    "mj-group": _component("background-color direction vertical-align width", holds=frozenset({"mj-column", "mj-raw"})),
    "mj-column": _component(
        f"{_PADDING} {_BORDER} background-color direction inner-background-color inner-border inner-border-bottom"
        " inner-border-left inner-border-radius inner-border-right inner-border-top vertical-align width",
        holds=_IN_COLUMN,
    ),
    "mj-text": _component(f"{_PADDING} {_FONT} {_BOX} align background-color height vertical-align"),
    "mj-button": _component(
        f"{_PADDING} {_BORDER} {_FONT} {_LINK} {_BOX} align background-color height inner-padding text-align"
        " vertical-align width"
    ),
    "mj-image": _component(
        f"{_PADDING} {_BORDER} {_LINK} {_BOX} align alt fluid-on-mobile font-size height max-height src srcset usemap"
        " width"
    ),
    "mj-divider": _component(f"{_PADDING} {_BOX} align border-color border-style border-width width"),
    "mj-spacer": _component(f"{_PADDING} {_BOX} height"),
    "mj-table": _component(
        f"{_PADDING} {_FONT} {_BOX} align border cellpadding cellspacing table-layout vertical-align width"
    ),
    "mj-social": _component(
        f"{_PADDING} {_FONT} {_BOX} align border-radius icon-height icon-padding icon-size inner-padding mode"
        " table-layout text-padding vertical-align",
        holds=frozenset({"mj-raw", "mj-social-element"}),
    ),
    "mj-social-element": _component(
        f"{_PADDING} {_FONT} {_LINK} align alt background-color border border-radius icon-height icon-padding"
        " icon-position icon-size src srcset text-padding vertical-align"
    ),
    "mj-navbar": _component(
        f"{_PADDING} align base-url hamburger ico-align ico-close ico-color ico-font-family ico-font-size"
        " ico-line-height ico-open ico-padding ico-padding-bottom ico-padding-left ico-padding-right ico-padding-top"
        " ico-text-decoration ico-text-transform",
        holds=frozenset({"mj-navbar-link", "mj-raw"}),
    ),
    "mj-navbar-link": _component(f"{_PADDING} {_FONT} {_LINK}"),
    "mj-raw": _component("position"),
}

_HEAD: Mapping[str, Component] = {
    "mj-title": _component(),
    "mj-breakpoint": _component("width"),
    "mj-style": _component("inline"),
    "mj-raw": _DRAWN["mj-raw"],
    "mj-attributes": _component(holds=frozenset({*_DRAWN, "mj-all", "mj-class"})),
}

COMPONENTS: Mapping[str, Component] = {
    **_DRAWN,
    **_HEAD,
    "mjml": Component(frozenset({"dir", "lang"}), frozenset({"mj-head", "mj-body"})),
    "mj-head": _component(holds=frozenset(_HEAD)),
    "mj-all": _component(takes_all=True),
    "mj-class": _component("name", takes_all=True),
}

#: every attribute that any component knows
ATTRIBUTES = frozenset(name for component in COMPONENTS.values() for name in component.attributes)
