"""The merge values of one reader: how the mail begins, since when they get it, and their links."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from urllib.parse import quote

from newsletter.days import day_in_words
from newsletter.edition import CompiledIssue, Field, Links
from newsletter.tokens import Purpose

_PLACEHOLDER = "{{ name }}"
#: looked up once, for Python takes its time over the members of an enumeration
_GREETING, _SINCE, _PAGE, _MAILBOX = Field.GREETING, Field.SINCE, Field.UNSUBSCRIBE_URL, Field.UNSUBSCRIBE_MAILTO
_LEAVE, _WEB = Purpose.UNSUBSCRIBE, Links.WEB
_OTHER_PAGES = {Field.PREFERENCES_URL: Purpose.PREFERENCES, Field.VIEW_URL: Purpose.VIEW}


def merge_values(
    compiled: CompiledIssue, *, base_url: str, name: str, since_on: date | None, token_for: Callable[[Purpose], str]
) -> dict[str, str]:
    """
    By field, raw: each transport escapes them for where they go.

    :param base_url: where the pages are; not used when the compiled issue names the mailbox only
    :param token_for: what a link for a purpose ends in
    """
    head, leaving = compiled.letterhead, token_for(_LEAVE)
    values: dict[str, str] = {
        _GREETING: greeting(compiled, name),
        _SINCE: since(head.language, since_on),
        _MAILBOX: f"{_mailto(head.unsubscribe_address)}{leaving}",
    }
    if head.links is _WEB:
        values[_PAGE] = f"{_way_to(_LEAVE, base_url)}{leaving}"
        for field, purpose in _OTHER_PAGES.items():
            values[field] = f"{_way_to(purpose, base_url)}{token_for(purpose)}"
    return values


@lru_cache(maxsize=16)
def _mailto(address: str) -> str:
    return f"mailto:{quote(address, safe='@')}?subject=unsubscribe%20"


@lru_cache(maxsize=16)
def _way_to(purpose: Purpose, base_url: str) -> str:
    return f"{base_url.rstrip('/')}/{purpose}/"


def greeting(compiled: CompiledIssue, name: str) -> str:
    """`{{ name }}` is replaced once; a brace in a name stays as it is."""
    return compiled.greeting.replace(_PLACEHOLDER, name, 1) if name else compiled.greeting_without_name


def since(language: str, day: date | None) -> str:
    """The words that the footer's sentence goes on with; "" when nobody knows the day."""
    if day is None:
        return ""
    words = day_in_words(day, language)
    return f"（自{words}起）" if language.startswith("zh") else f" (since {words})"
