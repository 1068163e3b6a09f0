"""Mails in frames without rights."""

import re

_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


def with_dead_links(html: str) -> str:
    """The sandbox around a mail allows no new window, so a link that asks for one is dead."""
    head = _HEAD.search(html)
    at = head.end() if head else 0
    return f'{html[:at]}<base target="_blank">{html[at:]}'
