"""From MJML that passed the linter to the HTML of a mail: the only call of MJML's compiler."""

import re

from newsletter.mjml.guarding import guarded
from newsletter.mjml.inlining import inlined
from newsletter.mjml.linting import Fault

_INLINE_STYLE = re.compile(r'<mj-style\s+inline="inline"\s*>(.*?)</mj-style>', re.DOTALL)
_FETCHING = re.compile(r"url\(|@import", re.IGNORECASE)
_VALIGN = re.compile(r'(<td\b[^>]*?) vertical-align="[^"]*"')
_PICTURE = re.compile(r"<img\b[^>]*>")
_POSITION = re.compile(r"position (\d+):\d+")


def html_of(source: str) -> str | Fault:
    """The finished HTML of a filled-in MJML document, or why the compiler refuses it."""
    from mjml import mjml2html

    css = "".join(_INLINE_STYLE.findall(source))
    fetching = _INLINE_STYLE.search(source) if _FETCHING.search(css) else None
    if fetching:
        return Fault(fetching.start(), "inline CSS asks for a file", "delete url() and @import")
    safe = guarded(_INLINE_STYLE.sub(_blank, source))
    try:
        # an empty table of fonts: else a stack that names Roboto makes every reader's software ask Google for it
        made: str = mjml2html(safe, fonts={})
    except ValueError as error:
        return _complaint(str(error), safe, source)
    return _mended(inlined(made, css))


def _blank(found: re.Match[str]) -> str:
    """The lines stay, so that a place in what is left is a place in the whole."""
    return "\n" * found[0].count("\n")


def _complaint(said: str, safe: str, source: str) -> Fault:
    """The compiler names a byte, if anything. What it was given has the lines of the source."""
    position = _POSITION.search(said)
    line = safe.encode()[: int(position[1])].count(b"\n") if position else 0
    offset = sum(len(text) for text in source.splitlines(keepends=True)[:line])
    return Fault(offset, f"MJML cannot be compiled ({said})", "check the tags around it")


def _mended(html: str) -> str:
    html = _VALIGN.sub(r"\1", html) if " vertical-align=" in html else html
    return _PICTURE.sub(_with_alt, html) if "<img" in html else html


def _with_alt(picture: re.Match[str]) -> str:
    """Icons of social networks come without one, and a voice would read the file name out."""
    return picture[0] if " alt=" in picture[0] else f'{picture[0][:-1].rstrip(" /")} alt="">'
