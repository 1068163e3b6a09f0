"""What machines write about a mail: what became of it (RFC 3464), and that its reader complains (RFC 5965)."""

import re
from dataclasses import dataclass
from email import message_from_string

from newsletter.bounce import BounceKind, code_of, kind_of
from newsletter.event import EventKind
from newsletter.ingest.parts import AnyMessage, header, part_of, text_of

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_SUCCESS = "2"
_DELAYED, _DELIVERED, _PASSED_ON = "delayed", "delivered", frozenset({"relayed", "expanded"})
#: feedback types (RFC 5965 section 7.3, RFC 6430) by what they mean; of all others, nothing follows
_COMPLAINTS = {"abuse": EventKind.COMPLAINED, "fraud": EventKind.COMPLAINED, "opt-out": EventKind.UNSUBSCRIBED}


@dataclass(frozen=True, slots=True)
class Told:
    """What a mail says of one of ours. Its words may hold an address."""

    #: None: nothing of which anything follows
    kind: EventKind | None
    bounce: BounceKind | None = None
    words: str = ""

    @property
    def code(self) -> str:
        found = code_of(self.words)
        return ".".join(map(str, found)) if found else ""


NOTHING = Told(None)


def refusal(words: str, *, kind: BounceKind | None = None) -> Told:
    """
    :param kind: by what a code that says more has it; None: by the words
    """
    bounce = kind or kind_of(words)
    return Told(EventKind.BLOCKED if bounce is BounceKind.POLICY else EventKind.BOUNCED, bounce, words)


def status_told(message: AnyMessage) -> Told | None:
    """A delivery status notification; None when the mail is none."""
    part = part_of(message, "message/delivery-status", "message/global-delivery-status")
    if part is None:
        return None
    groups = [message_from_string(text) for text in re.split(r"\r?\n[ \t]*\r?\n", text_of(part).strip())]
    about = [group for group in groups if group["Action"] or group["Status"] or group["Diagnostic-Code"]]
    # We write to one reader at a time; of more, somebody has passed it on.
    failed = [group for group in about if _action(group) in ("failed", "")]
    return _of_group((failed or about)[0]) if about else None


def _of_group(group: AnyMessage) -> Told:
    action, found = _action(group), _STATUS.search(header(group, "Status"))
    said = header(group, "Diagnostic-Code").partition(";")[2].strip() or header(group, "Diagnostic-Code").strip()
    if action == _DELAYED:
        return Told(EventKind.DEFERRED, words=_joined(found, said))
    if action == _DELIVERED:
        return Told(EventKind.DELIVERED)
    if action in _PASSED_ON or (found and found[1] == _SUCCESS):
        return NOTHING
    if found and (found[2], found[3]) == ("0", "0") and code_of(said):
        # The status says nothing, and what the server said does.
        return refusal(said)
    return refusal(_joined(found, said))


def _action(group: AnyMessage) -> str:
    return header(group, "Action").partition("(")[0].strip().lower()


def _joined(found: re.Match[str] | None, said: str) -> str:
    """The status first: it beats everything."""
    status = found[0] if found else ""
    return said if status in said[:20] else f"{status} {said}".strip()


def complaint_told(message: AnyMessage) -> Told | None:
    """A feedback report; None when the mail is none."""
    part = part_of(message, "message/feedback-report")
    if part is None:
        return None
    fields = message_from_string(text_of(part).strip())
    kind = header(fields, "Feedback-Type").strip().lower()
    return Told(_COMPLAINTS.get(kind), words=kind if kind in _COMPLAINTS else "")
