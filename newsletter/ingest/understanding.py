"""What a mail in the bounce mailbox, or in the mailbox for leaving, is and wants."""

import re
from dataclasses import dataclass
from enum import StrEnum

from newsletter.event import EventKind
from newsletter.ingest.parts import AnyMessage, addressed_to, came_from, header, parsed
from newsletter.ingest.status import NOTHING, Told, complaint_told, status_told
from newsletter.ingest.vague import vaguely_told

#: tokens of one mail that are tried
_MOST = 5
_BOUNCE_TOKEN = re.compile(r"\+([0-9a-f]{33,47})@", re.IGNORECASE)
_LINK_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{48}(?![A-Za-z0-9_-])")
_AWAY = re.compile(
    r"\s*(re: )?(out of (the )?office|auto(matic(ally)?)?[ -]?(reply|response|generated)|autoreply|auto:|vacation|"
    r"away from|i am away|on leave|abwesen|réponse automatique|自动回复|自動回覆|不在)",
    re.IGNORECASE,
)
_AUTO_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Vacation")


class MailKind(StrEnum):
    REPORT = "report"
    #: somebody asks to leave
    LEAVING = "leaving"
    AUTO_REPLY = "auto-reply"
    NOT_UNDERSTOOD = "not understood"


@dataclass(frozen=True, slots=True)
class Understood:
    kind: MailKind
    told: Told = NOTHING
    #: by which its delivery, or whoever wants to leave, may be known; whether they are ours is for others to say
    tokens: tuple[str, ...] = ()
    date: str = ""


def understand(raw: bytes) -> Understood:
    """Whatever the bytes are, this ends: a mail that breaks the parser is not understood."""
    try:
        return _understood(raw)
    except Exception:  # noqa: BLE001 - the standard library's parser raises what it likes, and the next mail is to be read
        return Understood(MailKind.NOT_UNDERSTOOD)


def _understood(raw: bytes) -> Understood:
    message = parsed(raw)
    told = status_told(message) or complaint_told(message)
    if told:
        return _report(message, told)
    if _is_away(message):
        return Understood(MailKind.AUTO_REPLY)
    leaving = _LINK_TOKEN.findall(f"{header(message, 'Subject')}\n{_plus(addressed_to(message))}")
    if leaving and "auto-replied" not in _auto(message):
        told = Told(EventKind.UNSUBSCRIBED)
        return Understood(MailKind.LEAVING, told, tuple(dict.fromkeys(leaving))[:_MOST], header(message, "Date"))
    told = vaguely_told(raw, message)
    if told:
        return _report(message, told)
    return Understood(MailKind.AUTO_REPLY if _auto(message) not in ("", "no") else MailKind.NOT_UNDERSTOOD)


def _report(message: AnyMessage, told: Told) -> Understood:
    found = _BOUNCE_TOKEN.findall(f"{addressed_to(message)}\n{came_from(message)}")
    tokens = tuple(dict.fromkeys(token.lower() for token in found))[:_MOST]
    return Understood(MailKind.REPORT, told, tokens, header(message, "Date"))


def _plus(addresses: str) -> str:
    """What stands between a plus and an @."""
    return "\n".join(re.findall(r"\+([A-Za-z0-9_-]{48})@", addresses))


def _auto(message: AnyMessage) -> str:
    """RFC 3834 section 5: "no", or how it was made without a person; "" when it does not say."""
    return header(message, "Auto-Submitted").partition(";")[0].partition("(")[0].strip().lower()


def _is_away(message: AnyMessage) -> bool:
    said = header(message, "Precedence").strip().lower()
    has_header = any(header(message, name) for name in _AUTO_HEADERS)
    return has_header or said.replace("_", "-") == "auto-reply" or bool(_AWAY.match(header(message, "Subject")))
