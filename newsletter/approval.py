"""Whether an approval still holds for what would go out now. No I/O."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.errors import RefusedError

#: so many digits of a hash are read out and typed
CODE_DIGITS = 12
#: fewer would be a guess, not a comparison
_FEWEST_DIGITS = 8
_GROUP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Somebody's yes to one content for one audience."""

    approved_by: str
    approved_at: datetime
    content_hash: str
    audience_hash: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """
    What would go out now.

    The audience hash is over every delivery ever planned, those taken back since included: who left cannot void an
    approval, and who was added must.
    """

    content_hash: str
    audience_hash: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The approval that holds, or why none does."""

    approval: Approval | None
    reason: str = ""


def void_reason(approval: Approval, outgoing: Outgoing) -> str | None:
    """What has changed since; None while the approval is for exactly what would go out."""
    is_other_content = approval.content_hash != outgoing.content_hash
    is_other_audience = approval.audience_hash != outgoing.audience_hash
    if is_other_content and is_other_audience:
        return "what it says and who gets it have changed"
    if is_other_content:
        return "what it says has changed"
    if is_other_audience:
        return "somebody was added, or gets another edition"
    return None


def standing_of(approvals: Sequence[Approval], outgoing: Outgoing, *, author: str) -> Standing:
    """
    Whether somebody other than the author has approved what would go out now.

    :param approvals: the oldest first
    """
    others = [approval for approval in approvals if not is_same_person(approval.approved_by, author)]
    if not others:
        return Standing(None, f"only {author}, who planned it, has approved it" if approvals else "nobody has yet")
    for approval in reversed(others):
        if void_reason(approval, outgoing) is None:
            return Standing(approval)
    last = others[-1]
    since = f"{last.approved_at:%Y-%m-%d %H:%M} UTC"
    return Standing(None, f"{last.approved_by} did, but since {since} {void_reason(last, outgoing)}")


def is_same_person(one: str, other: str) -> bool:
    """By the names that people go by in the record; `Mei` does not become somebody else as `mei`."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def code_of(digest: str) -> str:
    """A hash as people read it to each other: `3f9a-1c20-77be`."""
    return "-".join(digest[start : start + _GROUP] for start in range(0, CODE_DIGITS, _GROUP))


def insist_same(what: str, seen: str, digest: str) -> None:
    """
    :param seen: the beginning of the hash of what was looked at, with or without dashes
    :raises RefusedError: it is another one, or too little to tell
    """
    digits = re.sub(r"[\s-]", "", seen).lower()
    if len(digits) < _FEWEST_DIGITS or not re.fullmatch(r"[0-9a-f]+", digits):
        raise RefusedError(f"{seen!r} is no code of a proof page", fix="copy it from there, like 3f9a-1c20-77be")
    if not digest.startswith(digits):
        raise RefusedError(
            f"the {what} is {code_of(digest)}, and what you looked at was {seen}",
            fix="it is another one; look at a fresh proof before you approve",
        )
