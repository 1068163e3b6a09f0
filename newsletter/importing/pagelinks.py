"""The page of a story, as people paste it: an address, a link, or words that once were one."""

import re
from dataclasses import dataclass

from newsletter.prose import prose_plain

_PROMISE = re.compile(
    r"(?:please )?click (?:here|to read)|(?:read|view|see|find out|learn) (?:more|the (?:full )?(?:story|article|text))"
    r"|read (?:full )?(?:story|article)|full (?:story|article|text)|continue reading|more|link|here"
    r"|source link|original(?: article| link)?"
    r"|(?:阅读|查看|了解)(?:更多|原文|全文|详情)|原文(?:链接)?|全文|详情|更多|链接",
    re.IGNORECASE,
)
_LINK = re.compile(r"\[(?:[^\[\]\\]|\\.)*\]\((?P<url>https?://[^()\s]+)\)")
_ADDRESS = re.compile(r"<?(?P<url>https?://[^\s<>\"\\^`{|}]+)>?", re.IGNORECASE)
_BARE = re.compile(r"(?:www\.)[^\s<>\"\\^`{|}]+|(?:[a-z0-9-]+\.)+[a-z]{2,}/[^\s<>\"\\^`{|}]*", re.IGNORECASE)
_MARKS = " \t\u00a0.…>»›→↗⟶[]()（）:：。*"
_LONGEST = 3_000
_NONE = frozenset({"none", "n/a", "无", "-", "–", "—"})


@dataclass(frozen=True, slots=True)
class PageLink:
    url: str | None
    words: str
    #: words that promise a page and lead to none
    is_promise: bool = False
    #: the address was written without https://
    is_guessed: bool = False

    @property
    def says_none(self) -> bool:
        """Words that say that there is no page."""
        return self.url is None and self.words.strip().lower() in _NONE


def page_link(text: str) -> PageLink | None:
    """What a line that holds nothing but a link says; None for any other words."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    whole = _LINK.fullmatch(text.strip("<> "))
    if whole:
        return PageLink(whole["url"], text)
    plain = prose_plain(text).strip()
    address = _ADDRESS.fullmatch(plain)
    if address:
        return PageLink(address["url"].replace("(", "%28").replace(")", "%29"), plain)
    if _BARE.fullmatch(plain):
        return PageLink(f"https://{plain}", plain, is_guessed=True)
    if plain.lower() in _NONE:
        return PageLink(None, plain)
    words = plain.strip(_MARKS)
    inner = _LINK.search(text)
    if _PROMISE.fullmatch(words):
        return PageLink(inner["url"] if inner else None, text, is_promise=True)
    return None
