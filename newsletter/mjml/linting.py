"""What is wrong with an MJML document that its compiler would let pass and get wrong, or refuse without a place."""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from newsletter.mjml.components import ATTRIBUTES, COMPONENTS

#: characters; the largest of our own documents has 30,000
SIZE_LIMIT = 2 << 20
#: the deepest of our own documents nests 12
DEPTH_LIMIT = 60

#: No possessive repetition of a group: Python 3.11.2, which Debian 12 has, gets it wrong (gh-106052).
#: A style block with what is in it; a comment; a tag; or a `<` that begins none of them
TOKEN = re.compile(
    r"(?P<style><(?P<kind>mj-style|style)\b(?P<said>[^>]*)>.*?</(?P=kind)\s*>)|<!--.*?-->"
    r"""|<(?P<end>/?)(?P<name>[A-Za-z][\w:-]*)(?P<rest>(?:[^"'<>/]++|"[^"]*+"|'[^']*+'|/(?!>))*)(?P<empty>/?)>|<""",
    re.DOTALL,
)
ATTRIBUTE = re.compile(r"""(?P<name>[^\s"'=<>/]+)\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')""")
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
#: what prose and tables are made of: neither void nor a component, and without rules of their own
_PLAIN = frozenset(
    {
        "a",
        "b",
        "div",
        "em",
        "h1",
        "h2",
        "h3",
        "i",
        "li",
        "ol",
        "p",
        "span",
        "strong",
        "table",
        "tbody",
        "td",
        "tr",
        "ul",
    }
)
_UNITLESS = re.compile(r"(?:^|\s)0(?=\s|$)")
_SHORT_COLOUR = re.compile(r"#[0-9a-fA-F]{3}(?![0-9a-fA-F])")
_COMPARED_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Fault:
    #: characters from the beginning of the document
    offset: int
    message: str
    fix: str
    #: the tags cannot be followed any further
    is_last: bool = False


class _Open(NamedTuple):
    name: str
    offset: int


def lint(source: str) -> Iterator[Fault]:
    """The faults in order; the last one where tags are not closed, for from there on nothing can be said."""
    if len(source) > SIZE_LIMIT:
        yield Fault(0, f"becomes over {SIZE_LIMIT >> 20} MiB of MJML", "make it smaller")
        return
    open_tags: list[_Open] = []
    end = 0
    for token in TOKEN.finditer(source):
        text = source[end : token.start()]
        if text and not text.isspace() and _is_for_components(open_tags):
            yield _loose(open_tags, token.start() - len(text.lstrip()))
        end = token.end()
        if _nests(token, open_tags):
            continue
        for fault in _faults(token, open_tags):
            yield fault
            if fault.is_last:
                return
    if open_tags:
        yield _unclosed(open_tags[-1], "to the end")


def _nests(token: re.Match[str], open_tags: list[_Open]) -> bool:
    """An end in its place, or a plain tag of HTML within HTML: most tags are, and no more is to be asked of them."""
    end, name, empty = token.group("end", "name", "empty")
    if empty or not open_tags:
        return False
    holder = open_tags[-1].name
    if end:
        if name == holder:
            open_tags.pop()
        return bool(name == holder)
    if name not in _PLAIN or len(open_tags) == DEPTH_LIMIT:
        return False
    if holder not in _PLAIN and _is_for_components(open_tags):
        return False
    open_tags.append(_Open(name, token.start()))
    return True


def _faults(token: re.Match[str], open_tags: list[_Open]) -> Iterator[Fault]:
    if token["name"]:
        if not token["end"]:
            yield from _element(token, open_tags)
        yield from _follow(token, open_tags)
    elif token["style"]:
        yield from _placed(token["kind"], token.start(), open_tags)
    elif not token[0].startswith("<!--"):
        message, fix = "a '<' that begins no tag", "write &lt; for it, or finish the tag"
        yield Fault(token.start(), message, fix, is_last=True)


def _is_for_components(open_tags: list[_Open]) -> bool:
    if not open_tags:
        return True
    component = COMPONENTS.get(open_tags[-1].name)
    return component is not None and component.holds is not None


def _loose(open_tags: list[_Open], offset: int) -> Fault:
    where = f"loose in <{open_tags[-1].name}>" if open_tags else "outside of <mjml>"
    return Fault(offset, f"text stands {where}", "put it into <mj-text>")


def _element(token: re.Match[str], open_tags: list[_Open]) -> Iterator[Fault]:
    name, offset = token["name"], token.start()
    if name != "mjml" and not name.lower().startswith("mj-"):
        yield from _placed(name, offset, open_tags)
        if name.lower() == "img" and not re.search(r"\salt\s*=", token["rest"]):
            yield Fault(offset, "<img> has no alt", 'say what it shows, or write alt="" for decoration')
        return
    if name not in COMPONENTS:
        yield Fault(offset, f"there is no component <{name}> here", _likely(name, COMPONENTS, "<{}>"))
        return
    yield from _placed(name, offset, open_tags)
    is_default = bool(open_tags) and open_tags[-1].name == "mj-attributes"
    for fault in _attributes(name, token["rest"], is_default=is_default):
        yield replace(fault, offset=offset + 1 + len(name) + fault.offset)


def _placed(name: str, offset: int, open_tags: list[_Open]) -> Iterator[Fault]:
    if not open_tags:
        if name != "mjml":
            yield Fault(offset, f"<{name}> stands outside of <mjml>", "begin with <mjml> and put it inside")
        return
    holder = open_tags[-1].name
    component = COMPONENTS.get(holder)
    is_ours = name in COMPONENTS
    if component is None or component.holds is None:
        if is_ours:
            yield Fault(offset, f"<{name}> cannot stand in <{holder}>", "close the one before the other begins")
    elif name not in component.holds:
        yield Fault(offset, f"<{name}> cannot stand directly in <{holder}>", _home(name, is_ours=is_ours))


def _home(name: str, *, is_ours: bool) -> str:
    if not is_ours:
        return "put it into <mj-text> or <mj-raw>"
    homes = [f"<{holder}>" for holder, component in COMPONENTS.items() if name in (component.holds or ())]
    return f"put it into {' or '.join(home for home in homes if home != '<mj-attributes>')}"


@lru_cache(maxsize=1 << 10)
def _attributes(name: str, written: str, *, is_default: bool) -> tuple[Fault, ...]:
    """Templates write the same tags over and over. The offsets count from the end of the tag's name."""
    return tuple(_attribute_faults(name, written, is_default=is_default))


def _attribute_faults(name: str, written: str, *, is_default: bool) -> Iterator[Fault]:
    component = COMPONENTS[name]
    allowed = ATTRIBUTES if component.takes_all else component.attributes
    found: set[str] = set()
    for attribute in ATTRIBUTE.finditer(written):
        key, offset = attribute["name"], attribute.start()
        value = attribute["double"] if attribute["single"] is None else attribute["single"]
        if key not in allowed:
            yield Fault(offset, f"<{name}> has no attribute {key} here", _likely(key, allowed, "{}"))
        elif key in found:
            yield Fault(offset, f"<{name}> has {key} twice", "keep one of the two")
        found.add(key)
        yield from _value(key, value, offset)
    rest = ATTRIBUTE.sub("", written).strip()
    if rest:
        yield Fault(0, f"<{name}> holds {rest.split()[0][:40]!r}", 'write every attribute as name="value"')
    if name == "mj-image" and "alt" not in found and not is_default:
        yield Fault(0, "<mj-image> has no alt", 'say what it shows, or write alt="" for decoration')


def _value(name: str, value: str, offset: int) -> Iterator[Fault]:
    if "padding" in name and _UNITLESS.search(value):
        yield Fault(offset, f'{name}="{value}" has a 0 without a unit', "write 0px, or widths come out wrong")
    if ("color" in name or "border" in name) and _SHORT_COLOUR.search(value):
        yield Fault(offset, f'{name}="{value}" has a colour of three digits', "write six digits, for Outlook")
    if name == "mj-class" and len(value.split()) > 1:
        yield Fault(offset, f'mj-class="{value}" names several', "name one: only the first would count")


def _likely(name: str, names: Iterable[str], shown: str) -> str:
    near = difflib.get_close_matches(name[:_COMPARED_LIMIT], list(names), n=1)
    return f"did you mean {shown.format(near[0])}?" if near else "see newsletter/mjml/components.py for what there is"


def _follow(token: re.Match[str], open_tags: list[_Open]) -> Iterator[Fault]:
    """Keep track of what is open; a fault where it cannot be told any more."""
    name, offset = token["name"], token.start()
    if token["empty"] or name.lower() in VOID:
        return
    if not token["end"]:
        open_tags.append(_Open(name, offset))
        if len(open_tags) > DEPTH_LIMIT:
            yield Fault(offset, f"tags nest deeper than {DEPTH_LIMIT}", "nest them less deep", is_last=True)
    elif not open_tags:
        yield Fault(offset, f"</{name}> closes nothing", "delete it, or open it before", is_last=True)
    elif open_tags[-1].name != name:
        yield _unclosed(open_tags[-1], f"before </{name}>")
    else:
        open_tags.pop()


def _unclosed(opened: _Open, until: str) -> Fault:
    return Fault(opened.offset, f"<{opened.name}> is not closed {until}", f"write </{opened.name}>", is_last=True)
