"""NL3xx: links, as far as they can be judged without visiting them."""

import re
from collections.abc import Iterator

from newsletter.checks.addresses import (
    fault_of,
    is_inside,
    is_shortened,
    tracking_in,
    without_tracking,
)
from newsletter.checks.manuscript import Form, Manuscript
from newsletter.checks.rules import Rule, Spotted, file_rule
from newsletter.errors import Severity
from newsletter.fields import shown

_VAGUE = re.compile(
    r"(?:please )?(?:click|tap|press)(?: here| this link| the link| below)?|here|this|this link|this page|link|more"
    r"|(?:read|see|view|find out|learn|show)(?: (?:it|this))?(?: more| on| here| the (?:full )?(?:story|article|text))"
    r"|(?:full|whole|original) (?:story|article|text)|(?:more )?details|continue(?: reading)?|source link"
    r"|请?(?:点击|点选|单击|点)(?:这里|此处|此|查看|链接|阅读)?(?:全文|更多|详情|原文)?|这里|此处|链接|原文(?:链接)?|全文|更多|详情|更多详情"
    r"|(?:阅读|查看|了解|看)(?:更多|原文|全文|详情|这里)|點擊(?:這裡|此處)?|這裡|閱讀(?:更多|全文|原文)|了解詳情|查看(?:全文|更多)",
    re.IGNORECASE,
)
_AROUND = " \t\u00a0.…>»›→↗⟶[]()（）:：。*_!！,，“”\"'"
#: what looks like a link and is none to us
_LOOKS_LIKE = re.compile(r"\[(?P<words>[^\[\]\n\\]{0,300})\]\((?P<url>[^()\s]{0,2000})\)")
_ALLOWED = re.compile(r"(?:https?://[^\s/?#]|mailto:[^\s@/]+@[^\s@/])", re.IGNORECASE)


@file_rule(
    Rule(
        id="NL301",
        title="A link without words",
        reason="Nobody sees it, nobody can click it, and a voice reads the address out letter by letter.",
        example="The rules are out [](https://example.com/rules).",
        mend="Put the words between the brackets that say where it leads.",
    )
)
def empty_words(draft: Manuscript) -> Iterator[Spotted]:
    for link in draft.links:
        if link.words is not None and not any(mark.isalnum() for mark in link.words):
            message = f"the link to {shown(link.url)} has no words"
            yield Spotted(link.path, message, "say between the brackets where it leads", f"]({link.url}")


@file_rule(
    Rule(
        id="NL302",
        title="A link whose words say nothing",
        reason="People who listen to mail jump from link to link; ten times 'Read more' tells them nothing.",
        example="[Read more](https://example.com/rules)",
        mend="Link the words that name what is behind it: [the draft rules](https://example.com/rules).",
    )
)
def vague_words(draft: Manuscript) -> Iterator[Spotted]:
    for link in draft.links:
        words = (link.words or "").strip(_AROUND)
        if words and len(words) < 40 and _VAGUE.fullmatch(words):
            message = f"the link '{shown(words)}' does not say where it leads"
            yield Spotted(link.path, message, "link words that name what is behind it", link.url)


@file_rule(
    Rule(
        id="NL303",
        title="An address that cannot be one",
        reason="Readers would see brackets and an address instead of a link, or a page that does not exist.",
        example="[the rules](www.example.com/rules)",
        mend="Write it in full: https://example.com/rules",
        severity=Severity.ERROR,
    )
)
def malformed(draft: Manuscript) -> Iterator[Spotted]:
    for link in draft.links:
        if not link.url.startswith("mailto:") and (fault := fault_of(link.url)):
            yield Spotted(link.path, f"'{shown(link.url)}' {fault}", "write it as https://example.com/page", link.url)
    for one in draft.texts:
        for found in _LOOKS_LIKE.finditer(one.text) if one.form is Form.PROSE else ():
            if not _ALLOWED.match(found["url"]):
                message = f"'{shown(found[0])}' is no link to readers, who see the brackets"
                yield Spotted(one.path, message, "write its address as https://example.com/page", found[0])


@file_rule(
    Rule(
        id="NL304",
        title="A link that is not encrypted",
        reason="Browsers warn of it, and the network in between sees and can change what a client reads.",
        example="- URL: http://example.com/rules",
        mend="Write https:// and try it.",
    )
)
def unencrypted(draft: Manuscript) -> Iterator[Spotted]:
    for link in draft.links:
        if link.url[:7].lower() == "http://" and not is_inside(link.url):
            yield Spotted(link.path, f"{shown(link.url)} is not encrypted", "write https://, and try it", link.url)


@file_rule(
    Rule(
        id="NL305",
        title="A link into a private network",
        reason="Readers cannot open it, and it tells them what our machines are called.",
        example="- URL: https://intranet/notes/12",
        mend="Link the public page, or none.",
        severity=Severity.ERROR,
        protects="the firm and its readers",
    )
)
def private(draft: Manuscript) -> Iterator[Spotted]:
    for link in draft.links:
        if is_inside(link.url):
            yield Spotted(link.path, f"{shown(link.url)} leads into a private network", "link a public page", link.url)


@file_rule(
    Rule(
        id="NL306",
        title="A shortened link",
        reason="It hides where it leads, spam filters count it, and it dies with the service that made it.",
        example="- URL: https://bit.ly/3abcdef",
        mend="Open it, and write the address on which you land.",
    )
)
def shortened(draft: Manuscript) -> Iterator[Spotted]:
    for link in draft.links:
        if is_shortened(link.url):
            message = f"{shown(link.url)} hides where it leads"
            yield Spotted(link.path, message, "write the address on which you land", link.url)


@file_rule(
    Rule(
        id="NL307",
        title="A link that tracks",
        reason="Its parameters tell the page who sent the reader, or who the reader is. We promise not to track.",
        example="- URL: https://example.com/rules?utm_source=mail",
        mend="Delete the parameters; the page is the same without them.",
    )
)
def tracking(draft: Manuscript) -> Iterator[Spotted]:
    for link in draft.links:
        if names := tracking_in(link.url):
            message = f"{' and '.join(names[:3])} in the address tells the page where its reader comes from"
            yield Spotted(link.path, message, f"write {_cut(without_tracking(link.url))}", link.url)


def _cut(url: str) -> str:
    return url if len(url) <= 200 else shown(url)
