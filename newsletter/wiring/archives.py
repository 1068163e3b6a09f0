"""Where the archive of a newsletter is."""

from newsletter.masthead import Archiving, Masthead
from newsletter.settings import Settings
from newsletter.tokens import archive_key


def archive_url(settings: Settings, masthead: Masthead) -> str:
    """What leads to it; "" when there are no pages, no archive, or no key to make the link to a shared one with."""
    if not settings.base_url or masthead.archive is Archiving.OFF:
        return ""
    shelf = f"{settings.base_url.rstrip('/')}/a/{masthead.name}"
    if masthead.archive is Archiving.PUBLIC:
        return shelf
    return f"{shelf}/{archive_key(settings.keys, masthead.name)}" if settings.keys else ""
