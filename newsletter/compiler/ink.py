"""How content is written down: as HTML that nothing can spoil, or as plain text. Both answer the same calls."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from markupsafe import Markup

from newsletter.columns import is_wide
from newsletter.edition import Field, Filling, Part, mark, slot
from newsletter.issue import Contact
from newsletter.prose import chinese_marked, prose_html, prose_text

_LABEL_FIELD = re.compile(r"\{(\w+)\}")


class Ink(Protocol):
    """What is written may stand in a template as it is."""

    @property
    def part(self) -> Part: ...

    @property
    def source(self) -> str: ...

    def line(self, text: str) -> str: ...

    def url(self, url: str) -> str: ...

    def prose(self, text: str, urls: list[str]) -> list[str]: ...

    def link(self, text: str, place: str) -> str: ...

    def contact(self, contact: Contact) -> str: ...

    def number_of(self, url: str, urls: list[str]) -> str: ...


@dataclass(frozen=True, slots=True)
class HtmlInk:
    """
    What people wrote waits outside as long as MJML and premailer are at work; a token stands for it.

    So no tool can misread it, and none has to be trusted with quotation marks, braces or joined emoji.
    """

    source: str
    language: str
    held: list[str] = field(default_factory=list)
    part: Part = Part.HTML

    def hold(self, text: str) -> str:
        """A token for the text; the place of the contact stays open, for it will hold a link."""
        place = contact_place(self)
        return place.join(map(self._held, text.split(place))) if place in text else self._held(text)

    def _held(self, text: str) -> str:
        if not text:
            return ""
        self.held.append(html.escape(text))
        return f"NL{self.source}v{len(self.held) - 1}NL"

    def line(self, text: str) -> str:
        return Markup(chinese_marked(text, language=self.language, hold=self.hold))  # noqa: S704 (tokens only)

    def url(self, url: str) -> str:
        return self._held(url)

    def prose(self, text: str, urls: list[str]) -> list[str]:  # noqa: ARG002
        made = prose_html(text, language=self.language, hold=self.hold, hold_url=self.url)
        return [Markup(paragraph) for paragraph in made]  # noqa: S704

    def link(self, text: str, place: str) -> str:
        """A text that leads to an address that is filled in later."""
        return Markup(f'<a href="{place}">{self.hold(text)}</a>')  # noqa: S704

    def contact(self, contact: Contact) -> str:
        shown = contact.email and f'<a href="mailto:{self.url(contact.email)}">{self.hold(contact.email)}</a>'
        return Markup(_contact(contact, self.language, shown, self.line))  # noqa: S704

    def number_of(self, url: str, urls: list[str]) -> str:  # noqa: ARG002
        """Addresses stand behind their words here, so they need no numbers."""
        return ""


@dataclass(frozen=True, slots=True)
class TextInk:
    """Plain text; addresses get numbers, and stand in full below."""

    source: str
    language: str
    part: Part = Part.TEXT

    def line(self, text: str) -> str:
        return text

    def url(self, url: str) -> str:
        return url

    def prose(self, text: str, urls: list[str]) -> list[str]:
        plain = prose_text(text, urls)
        urls[:] = plain.urls
        return list(plain.paragraphs)

    def link(self, text: str, place: str) -> str:  # noqa: ARG002
        return text

    def contact(self, contact: Contact) -> str:
        return _contact(contact, self.language, contact.email, str)

    def number_of(self, url: str, urls: list[str]) -> str:
        if url not in urls:
            urls.append(url)
        return f"\u00a0[{urls.index(url) + 1}]"


def contact_place(ink: Ink) -> str:
    """Stands in prose where the contact will be."""
    return f"NL{ink.source}contactNL"


def cut_mark(ink: Ink, what: str) -> str:
    """Where a piece begins: `all`, `section3` or `story7`."""
    token = f"NL{ink.source}cut{what}NL"
    return Markup(f"<!--{token}-->") if ink.part is Part.HTML else token  # noqa: S704


def _contact(contact: Contact, language: str, email: str | None, write: Callable[[str], str]) -> str:
    named = [write(part) for part in (contact.name, contact.role) if part]
    reached = [part for part in (email, contact.phone and write(contact.phone)) if part]
    is_chinese = language.startswith("zh")
    name = ("，" if is_chinese else ", ").join(named)
    if not reached:
        return name
    return f"{name}（{'，'.join(reached)}）" if is_chinese else f"{name} ({', '.join(reached)})"


def with_fields(ink: Ink, label: str, values: Mapping[str, str]) -> str:
    """A label of the theme with `{title}` and the like replaced once; a field that we do not know stays."""
    out, end = [], 0
    for found in _LABEL_FIELD.finditer(label):
        if found[1] in values:
            out += [_plain(ink, label[end : found.start()]), values[found[1]]]
            end = found.end()
    whole = "".join([*out, _plain(ink, label[end:])])
    return Markup(whole) if ink.part is Part.HTML else whole  # noqa: S704


def _plain(ink: Ink, text: str) -> str:
    return html.escape(text) if ink.part is Part.HTML else text


def gap_after(text: str) -> str:
    """Between a lead and what follows it: nothing after a Chinese full stop."""
    return "" if text and is_wide(text[-1]) else " "


def slots(ink: Ink) -> dict[str, str]:
    """The places of a reader's values, by the names of `newsletter.edition.Field`."""
    return {str(name): slot(ink.source, ink.part, name) for name in Field}


def marks(ink: Ink) -> dict[str, str]:
    """The places of an edition's values."""
    return {str(name): mark(ink.source, ink.part, name) for name in Filling}
