"""Our own CSS rules into style attributes: the only call of premailer."""

import logging
from collections.abc import Callable, Hashable, Iterable
from functools import cache, lru_cache
from typing import Any

_SILENT = logging.CRITICAL + 1
_OPTIONS: dict[str, Any] = {
    "allow_network": False,
    "keep_style_tags": False,
    "strip_important": False,
    "remove_classes": False,
    "align_floating_images": False,
    "disable_validation": True,
    "cssutils_logging_level": _SILENT,
}


def inlined(html: str, css: str) -> str:
    """MJML's own style blocks stay what they are."""
    html = html.replace("<!doctype html>", "<!DOCTYPE html>", 1).replace("<style", '<style data-premailer="ignore"')
    made: str = _premailer()(html, css_text=[css], **_OPTIONS).transform(pretty_print=False)
    # the copies inside comments for Outlook are not seen by the parser
    return made.replace(' data-premailer="ignore"', "")


@cache
def _premailer() -> type[Any]:
    """A fifth of a second to import. Ours reads a style sheet once, silently, and fetches no `@import`."""
    import cssutils
    import premailer

    # Outlook wants colours in six digits
    cssutils.ser.prefs.minimizeColorHash = False
    parser = cssutils.CSSParser(fetcher=lambda _: (None, b""), validate=False, loglevel=_SILENT)

    premailer.premailer.merge_styles = _remembering(premailer.premailer.merge_styles)

    class Quiet(premailer.Premailer):  # type: ignore[misc]
        def _parse_css_string(self, css_body: str, validate: bool = True) -> Any:  # noqa: ARG002
            return parser.parseString(css_body, validate=False)

        def _style_to_basic_html_attributes(self, *_: Any, **__: Any) -> None:
            """A width must not become an attribute: Outlook would draw a picture at its natural size."""

        def _parse_style_rules(self, css_body: str, ruleset_index: int) -> Any:
            rules, leftover = _rules(css_body, ruleset_index)
            return list(rules), list(leftover)

    @lru_cache(maxsize=16)
    def _rules(css_body: str, ruleset_index: int) -> Any:
        return premailer.Premailer._parse_style_rules(Quiet("", **_OPTIONS), css_body, ruleset_index)

    return Quiet


def _remembering(merge_styles: Callable[..., str]) -> Callable[..., str]:
    """A mail has some hundred styled elements, and some twenty different styles: most paragraphs look the same."""

    @lru_cache(maxsize=256)
    def remembered(inline: str, rules: Iterable[Hashable], *others: Hashable) -> str:
        return merge_styles(inline, rules, *others)

    def merged(inline: str, rules: Iterable[Iterable[Hashable]], classes: Iterable[str], **options: bool) -> str:
        return remembered(inline, tuple(map(tuple, rules)), tuple(classes), *options.values())

    return merged
