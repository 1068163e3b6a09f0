"""
From MJML to the HTML of a mail. The only module that knows MJML's compiler and the CSS inliner.

mjml-python is fenced in from both sides, for reasons that were measured: it writes attribute values with Rust's
escapes, takes a tag it does not know for HTML, and misreads a `0` without a unit. premailer inlines our own rules only,
fetches nothing, and is kept from dropping the doctype and from overwriting widths.
"""

import difflib
import logging
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from newsletter.errors import Finding, TemplateError

_TAG = re.compile(r"""<(?P<name>[A-Za-z][\w:-]*)(?P<rest>(?:"[^"]*"|'[^']*'|[^"'<>])*)>""")
_ATTRIBUTE = re.compile(r"""(?P<name>[^\s"'=<>/]+)\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')""")
_ANY_TAG = re.compile(r"""<(?P<end>/?)(?P<name>[A-Za-z][\w:-]*)(?:"[^"]*"|'[^']*'|[^"'<>])*?(?P<empty>/?)>""")
_UNREAD = re.compile(r"<!--.*?-->|<(?:mj-style|style)\b[^>]*>.*?</(?:mj-style|style)\s*>", re.DOTALL)
_INLINE_STYLE = re.compile(r'<mj-style\s+inline="inline"\s*>(.*?)</mj-style>', re.DOTALL)
_VALIGN = re.compile(r'(<td\b[^>]*?) vertical-align="[^"]*"')
_PICTURE = re.compile(r"<img\b[^>]*>")
_UNITLESS = re.compile(r"(?:^|\s)0(?=\s|$)")
_SHORT_COLOUR = re.compile(r"#[0-9a-fA-F]{3}(?![0-9a-fA-F])")
_POSITION = re.compile(r"position (\d+):\d+")
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_SILENT = logging.CRITICAL + 1

#: MJML's components that work here; the others are left out for the reasons in research/rendering.md, section 1
COMPONENTS = frozenset({
    "mjml", "mj-head", "mj-body", "mj-title", "mj-attributes", "mj-all", "mj-class", "mj-breakpoint", "mj-style",
    "mj-raw", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-text", "mj-image", "mj-button", "mj-divider",
    "mj-spacer", "mj-table", "mj-social", "mj-social-element", "mj-navbar", "mj-navbar-link",
})  # fmt: skip


def mail_html(source: str, *, path: str) -> str:
    """
    The finished HTML of a filled-in MJML document. `path` names the template in complaints.

    :raises TemplateError: it is not MJML that comes out as it was meant
    """
    findings = [finding.at(path) for finding in _lint(source)]
    if findings:
        raise TemplateError(*findings)
    css = "".join(_INLINE_STYLE.findall(source))
    if "url(" in css or "@import" in css:
        raise TemplateError(Finding(message="inline CSS asks for a file", fix="delete url() and @import", path=path))
    return _mended(_inlined(_compiled(_guarded(_INLINE_STYLE.sub("", source)), path), css))


def _compiled(source: str, path: str) -> str:
    from mjml import mjml2html

    try:
        # an empty table of fonts: else a stack that names Roboto makes every reader's software ask Google for it
        made: str = mjml2html(source, fonts={})
    except ValueError as error:
        raise TemplateError(_complaint(str(error), source).at(path)) from error
    return made


def _inlined(html: str, css: str) -> str:
    """Put our own rules into style attributes; MJML's style blocks stay what they are."""
    html = html.replace("<!doctype html>", "<!DOCTYPE html>", 1).replace("<style", '<style data-premailer="ignore"')
    inlined: str = _premailer()(
        html,
        css_text=[css],
        allow_network=False,
        keep_style_tags=False,
        strip_important=False,
        remove_classes=False,
        align_floating_images=False,
        disable_validation=True,
        disable_basic_attributes=["width", "height", "align", "valign", "bgcolor"],
        cssutils_logging_level=_SILENT,
    ).transform(pretty_print=False)
    # the copies inside comments for Outlook are not seen by the parser
    return inlined.replace(' data-premailer="ignore"', "")


@cache
def _premailer() -> type[Any]:
    """A fifth of a second to import. Ours parses CSS without a word and without fetching an `@import`."""
    import cssutils
    import premailer

    # Outlook wants colours in six digits
    cssutils.ser.prefs.minimizeColorHash = False
    parser = cssutils.CSSParser(fetcher=lambda _: (None, b""), validate=False, loglevel=_SILENT)

    parse = lru_cache(maxsize=16)(lambda css: parser.parseString(css, validate=False))

    class Quiet(premailer.Premailer):  # type: ignore[misc]
        def _parse_css_string(self, css_body: str, validate: bool = True) -> Any:  # noqa: ARG002
            return parse(css_body)

    return Quiet


def _mended(html: str) -> str:
    html = _VALIGN.sub(r"\1", html)
    return _PICTURE.sub(_with_alt, html)


def _with_alt(picture: re.Match[str]) -> str:
    """Without an alt text, a voice reads the file name out."""
    return picture[0] if " alt=" in picture[0] else f'{picture[0][:-1].rstrip(" /")} alt="">'


def _guarded(source: str) -> str:
    """
    Attribute values in double quotes, with what the compiler would spoil written as `&#N;`.

    It prints values the way Rust debugs them: a quotation mark would end the attribute, and a joined emoji or a
    decomposed accent would come out as `\\u{200d}`.
    """
    return _outside_comments(source, lambda text: _TAG.sub(_guard_tag, text))


def _outside_comments(source: str, change: Any) -> str:
    out, end = [], 0
    for found in _UNREAD.finditer(source):
        out += [change(source[end : found.start()]), found[0]]
        end = found.end()
    return "".join([*out, change(source[end:])])


def _guard_tag(found: re.Match[str]) -> str:
    return f"<{found['name']}{_ATTRIBUTE.sub(_guard_attribute, found['rest'])}>"


def _guard_attribute(found: re.Match[str]) -> str:
    value = found["single"] if found["double"] is None else found["double"]
    return f'{found["name"]}="{"".join(map(_guard_character, value))}"'


def _guard_character(mark: str) -> str:
    is_plain = mark == " " or (unicodedata.category(mark)[0] in "LNPS" and mark not in '"\\<>')
    return mark if is_plain else f"&#{ord(mark)};"


def _lint(source: str) -> Iterator[Finding]:
    """What the compiler would let pass and get wrong."""
    blank = _UNREAD.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)
    for tag in _TAG.finditer(blank):
        line = source.count("\n", 0, tag.start()) + 1
        name = tag["name"].lower()
        if (name.startswith("mj-") or name == "mjml") and name not in COMPONENTS:
            yield _filled_in(line, f"<{name}> cannot be used", _likely(name))
        for attribute in _ATTRIBUTE.finditer(tag["rest"]) if name.startswith("mj-") else ():
            yield from _lint_attribute(line, attribute["name"], attribute["double"] or attribute["single"] or "")


def _lint_attribute(line: int, name: str, value: str) -> Iterator[Finding]:
    if "padding" in name and _UNITLESS.search(value):
        yield _filled_in(line, f'{name}="{value}" has a 0 without a unit', "write 0px, or widths come out wrong")
    if "color" in name and _SHORT_COLOUR.fullmatch(value):
        yield _filled_in(line, f'{name}="{value}" is a short colour', "write six digits, for Outlook")


def _likely(name: str) -> str:
    near = difflib.get_close_matches(name, COMPONENTS, n=1)
    return f"did you mean <{near[0]}>?" if near else "use one of the components that newsletter/mjml.py lists"


def _filled_in(line: int, message: str, fix: str) -> Finding:
    return Finding(message=f"line {line} once filled in: {message}", fix=fix, rule="mjml")


def _complaint(said: str, source: str) -> Finding:
    """The compiler names a byte, if anything; people want a line."""
    unbalanced = _unbalanced(source)
    if unbalanced:
        return unbalanced
    position = _POSITION.search(said)
    line = source.encode()[: int(position[1])].count(b"\n") + 1 if position else 1
    return _filled_in(line, f"MJML cannot be compiled ({said})", "check the tags around it")


def _unbalanced(source: str) -> Finding | None:
    open_tags: list[tuple[str, int]] = []
    blank = _UNREAD.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)
    for tag in _ANY_TAG.finditer(blank):
        name, line = tag["name"].lower(), blank.count("\n", 0, tag.start()) + 1
        if tag["empty"] or name in _VOID:
            continue
        if not tag["end"]:
            open_tags.append((name, line))
        elif not open_tags or open_tags[-1][0] != name:
            return _crossed(open_tags, name, line)
        else:
            open_tags.pop()
    return _crossed(open_tags, "", 0) if open_tags else None


def _crossed(open_tags: list[tuple[str, int]], name: str, line: int) -> Finding:
    if not open_tags:
        return _filled_in(line, f"</{name}> closes nothing", "delete it, or open it before")
    opened, at = open_tags[-1]
    met = f"before </{name}> in line {line}" if name else "to the end"
    return _filled_in(at, f"<{opened}> is not closed {met}", f"write </{opened}>")
