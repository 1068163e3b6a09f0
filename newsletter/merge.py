"""The merge values of one reader: how the mail begins, since when they get it, and their links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from newsletter.edition import CompiledIssue, Field, Links
from newsletter.tokens import Purpose, Token, make_token

_PLACEHOLDER = "{{ name }}"
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """What all links of a mailing have in common."""

    #: where the pages are, without a slash at the end; "" with `Links.MAILBOX`
    base_url: str
    #: the first signs, the others check
    keys: Sequence[bytes]
    mailing_id: int


def merge_values(
    compiled: CompiledIssue, addressing: Addressing, *, name: str, since_on: date | None, public_id: bytes
) -> dict[str, str]:
    """By field, raw: each transport escapes them for where they go."""
    token = Token(public_id, addressing.mailing_id)
    leave = make_token(addressing.keys, Purpose.UNSUBSCRIBE, token)
    values: dict[str, str] = {
        Field.GREETING: greeting(compiled, name),
        Field.SINCE: since(compiled.letterhead.language, since_on),
        Field.UNSUBSCRIBE_MAILTO: f"mailto:{quote(compiled.letterhead.unsubscribe_address, safe='@')}?subject=unsubscribe%20{leave}",
    }
    if compiled.letterhead.links is Links.WEB:
        values |= _pages(addressing, token, leave)
    return values


def _pages(addressing: Addressing, token: Token, leave: str) -> Mapping[str, str]:
    base = addressing.base_url
    return {
        Field.UNSUBSCRIBE_URL: f"{base}/{Purpose.UNSUBSCRIBE}/{leave}",
        Field.PREFERENCES_URL: f"{base}/{Purpose.PREFERENCES}/{make_token(addressing.keys, Purpose.PREFERENCES, token)}",
        Field.VIEW_URL: f"{base}/{Purpose.VIEW}/{make_token(addressing.keys, Purpose.VIEW, token)}",
    }


def greeting(compiled: CompiledIssue, name: str) -> str:
    """`{{ name }}` is replaced once; a brace in a name stays as it is."""
    return compiled.greeting.replace(_PLACEHOLDER, name, 1) if name else compiled.greeting_without_name


def since(language: str, day: date | None) -> str:
    """A date in words; "" when nobody knows."""
    if day is None:
        return ""
    if language.startswith("zh"):
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
