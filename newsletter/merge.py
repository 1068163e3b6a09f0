"""The merge values of one reader: how the mail begins, since when they get it, and their links."""

from collections.abc import Callable
from datetime import date
from urllib.parse import quote

from newsletter.days import day_in_words
from newsletter.edition import CompiledIssue, Field, Links
from newsletter.tokens import Purpose

_PLACEHOLDER = "{{ name }}"
_PAGES = {
    Field.UNSUBSCRIBE_URL: Purpose.UNSUBSCRIBE,
    Field.PREFERENCES_URL: Purpose.PREFERENCES,
    Field.VIEW_URL: Purpose.VIEW,
}


def merge_values(
    compiled: CompiledIssue, *, base_url: str, name: str, since_on: date | None, token_for: Callable[[Purpose], str]
) -> dict[str, str]:
    """
    By field, raw: each transport escapes them for where they go.

    :param base_url: where the pages are; not used when the compiled issue names the mailbox only
    :param token_for: what a link for a purpose ends in
    """
    head = compiled.letterhead
    mailbox = quote(head.unsubscribe_address, safe="@")
    values: dict[str, str] = {
        Field.GREETING: greeting(compiled, name),
        Field.SINCE: since(head.language, since_on),
        Field.UNSUBSCRIBE_MAILTO: f"mailto:{mailbox}?subject=unsubscribe%20{token_for(Purpose.UNSUBSCRIBE)}",
    }
    if head.links is Links.WEB:
        values |= {field: f"{base_url.rstrip('/')}/{page}/{token_for(page)}" for field, page in _PAGES.items()}
    return values


def greeting(compiled: CompiledIssue, name: str) -> str:
    """`{{ name }}` is replaced once; a brace in a name stays as it is."""
    return compiled.greeting.replace(_PLACEHOLDER, name, 1) if name else compiled.greeting_without_name


def since(language: str, day: date | None) -> str:
    """The words that the footer's sentence goes on with; "" when nobody knows the day."""
    if day is None:
        return ""
    words = day_in_words(day, language)
    return f"（自{words}起）" if language.startswith("zh") else f" (since {words})"
