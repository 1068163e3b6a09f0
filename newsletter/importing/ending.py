"""Greeting and last words: who is greeted, who can be asked, who signs."""

import re
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from newsletter.compiler.ink import TextInk
from newsletter.importing.lines import Line, Role
from newsletter.importing.remarks import Remarks
from newsletter.masthead import Masthead
from newsletter.prose import prose_plain
from newsletter.reader.rows import joined

_GREETING = re.compile(
    r"(?:dear|hello|hi|greetings|good (?:morning|afternoon|evening|day))\b[^.?]{0,60}[,:!，：]?"
    r"|(?:尊敬的|亲爱的|各位)[^。？]{0,40}[：:，,！]?|您好[：:，,！]?",
    re.IGNORECASE,
)
_ANYBODY = re.compile(
    r"\b(?:all|readers?|colleagues?|clients?|friends?|subscribers?|members?|partners?|team|everyone|everybody|sirs?|madams?)\b"
    r"|各位|读者|客户|同事|朋友|同仁",
    re.IGNORECASE,
)
_BLANK_NAME = re.compile(r"^(?:hello|hi|greetings|good \w+|您好|大家好)\W*$", re.IGNORECASE)
_READER = re.compile(r"\{\{\s*name\s*\}\}")
_SIGN_OFF = re.compile(
    r"(?:(?:with )?(?:best|kind|warm|kindest|warmest)(?: regards| wishes)?|regards|sincerely|yours(?: \w+)?|cheers"
    r"|many thanks"
    r"|(?:with )?thanks(?: and (?:best )?regards)?|respectfully|此致|敬礼|顺颂商祺|祝好|谨启)[,，.!！]?",
    re.IGNORECASE,
)
_SHORT = 60
_COMMAS = (",", "，")
_SENTENCE_ENDS = tuple(".!?。！？:：…;；")
#: a sentence that promises an address and ends before it
_DANGLING = re.compile(
    r"(?:(?:contact|reach|write to|e-?mail|call|ask|get in touch with|speak (?:to|with))\b|联系|咨询|致电|联络)"
    r".{0,160}?"
    r"(?P<gap>\s+(?:at|on|via|under|by (?:mail|phone))"
    r"|(?:，|,)?\s*(?:邮箱|电话|电邮|邮件)(?:是|为)?)\s*[:：]?\s*[.。]?\s*$",
    re.IGNORECASE,
)


def is_greeting(text: str) -> bool:
    return len(text) <= _SHORT + 20 and bool(_GREETING.fullmatch(prose_plain(text).strip()))


def place_greeting(line: Line, masthead: Masthead | None, remarks: Remarks) -> str | None:
    """The greeting, when it fits every reader."""
    text = prose_plain(line.text).strip()
    if _READER.search(text) or _ANYBODY.search(text) or _BLANK_NAME.match(text):
        return text
    own = (masthead and masthead.greeting) or "Dear {{ name }},"
    message = f"“{text}” greets one reader, and an issue goes to many; it was left out"
    remarks.say(line.number, message, f"readers get “{own}”; write another into the field greeting", rule="greeting")
    return None


def is_sign_off(text: str) -> bool:
    # marks make a short line longer, but not by this much; the look at all of it is what costs
    words = prose_plain(text).strip() if len(text) <= _SHORT + 40 else ""
    return bool(words) and len(words) <= _SHORT and bool(_SIGN_OFF.fullmatch(words))


def place_ending(lines: Sequence[Line], masthead: Masthead | None, remarks: Remarks) -> dict[str, Any]:
    """`closing`, `sign_off` and `signature`, as far as there are any; and `contact`, when the closing names one."""
    pieces = [piece for line in lines for piece in _pieces(line)]
    start = _sign_off_at([text for _, text in pieces])
    if start is None:
        start = len(pieces) - _signs([text for _, text in pieces])
        sign_off, signature = None, [text for _, text in pieces[start:]]
    else:
        sign_off, signature = pieces[start][1], [text for _, text in pieces[start + 1 :]]
    found: dict[str, Any] = {}
    paragraphs = _paragraphs(pieces[:start])
    if paragraphs:
        found |= _closing(paragraphs, masthead, remarks)
    if sign_off:
        found["sign_off"] = prose_plain(sign_off)
    if signature:
        found["signature"] = ", ".join(prose_plain(text).strip(" ,") for text in signature)
    return found


def _pieces(line: Line) -> list[tuple[int, str]]:
    mark = "– " if line.role in (Role.BULLET, Role.NUMBERED) else ""
    return [(line.number, mark + part.strip()) for part in line.text.split("\n") if part.strip()]


def _sign_off_at(texts: Sequence[str]) -> int | None:
    """The last short line that says goodbye, or ends with a comma, and has no more than three short lines below it."""
    for place in range(len(texts) - 1, max(-1, len(texts) - 5), -1):
        after = texts[place + 1 :]
        says = is_sign_off(texts[place]) or (texts[place].endswith(_COMMAS) and _is_short(texts[place]) and after)
        if says and all(_is_short(text) for text in after):
            return place
    return None


def _signs(texts: Sequence[str]) -> int:
    """Whether the last line signs, without a sign-off above it."""
    return int(len(texts) > 0 and _is_short(texts[-1]) and not texts[-1].endswith((*_SENTENCE_ENDS, *_COMMAS)))


def _is_short(text: str) -> bool:
    return len(text) <= _SHORT and not any(mark in text for mark in ("{{", "@", "://"))


def _paragraphs(pieces: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Lines of one paragraph joined."""
    runs = groupby(pieces, key=itemgetter(0))
    return [(number, joined([text for _, text in run])) for number, run in runs]


def _closing(paragraphs: Sequence[tuple[int, str]], masthead: Masthead | None, remarks: Remarks) -> dict[str, Any]:
    contact: str | None = None
    texts = []
    for number, text in paragraphs:
        text, named = _named(text, masthead) if contact is None else (text, None)
        contact = contact or named
        dangling = _DANGLING.search(text)
        if dangling:
            text, reached = _reached(text, dangling, masthead)
            contact = contact or reached
            if reached:
                message = f"the sentence ended in “{dangling['gap'].strip()}”; the newsletter knows {reached}"
                remarks.say(number, message, "look at the closing, where {{ contact }} stands now", rule="contact")
            else:
                _say_missing(number, text, dangling, remarks)
        texts.append(text)
    return {"closing": "\n\n".join(texts)} | ({"contact": contact} if contact else {})


def _named(text: str, masthead: Masthead | None) -> tuple[str, str | None]:
    """With `{{ contact }}` where the text holds a contact in full, as mails of ours print it."""
    for key, contact in (masthead.contacts if masthead else {}).items():
        for language in ("en", "zh-Hans"):
            shown = TextInk("", language).contact(contact)
            linked = (
                shown.replace(contact.email, f"[{contact.email}](mailto:{contact.email})") if contact.email else shown
            )
            for written in (linked, shown):
                if written != contact.name and written in text:
                    return text.replace(written, "{{ contact }}", 1), key
    return text, None


def _say_missing(number: int, text: str, dangling: re.Match[str], remarks: Remarks) -> None:
    words = prose_plain(text)
    message = f"no address follows “{words[max(0, words.rfind('.', 0, -2) + 1) :].strip()}”"
    fix = f"write it behind “{dangling['gap'].strip()}”, or declare the contact in templates/newsletters.yaml"
    remarks.say(number, message, fix + " and write {{ contact }}", rule="contact")


def _reached(text: str, dangling: re.Match[str], masthead: Masthead | None) -> tuple[str, str | None]:
    """With the contact's place in it, when the newsletter knows whom the sentence names."""
    for key, contact in (masthead.contacts if masthead else {}).items():
        place = text.find(contact.name, dangling.start())
        if place >= 0:
            between = text[place + len(contact.name) : dangling.start("gap")]
            if not between.strip(" ,，"):
                stop = "。" if text[place + len(contact.name) :].strip().endswith("。") else "."
                return f"{text[:place]}{{{{ contact }}}}{stop}", key
    return text, None
