"""Which refusals deserve another try. A wrong address stays wrong; a full mailbox is emptied, a policy is mended."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from newsletter.store.retrying import RefusedReader

#: RFC 3463: class, subject, detail
_ENHANCED = re.compile(r"(?<![\d.])(?P<kind>[45])\.(?P<subject>\d{1,3})\.(?P<detail>\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<!\d)[45]\d\d(?!\d)")
#: how dispatch begins when its patience has come to an end
_GIVEN_UP = "still deferred after"
#: RFC 3463 section 3: the mail system, the way there, the policy. All of them are mended by somebody, some day
_MENDABLE = frozenset({3, 4, 7})
_ADDRESS, _MAILBOX, _FULL = 1, 2, 2
#: RFC 5321 section 4.2.3: exceeded storage
_NO_ROOM = "552"

_BAD_ADDRESS = "the address is wrong or gone"
_NO_HOPE = "nothing says that another try would help"


@dataclass(frozen=True, slots=True)
class Judged:
    """Refused readers, parted."""

    again: tuple[RefusedReader, ...]
    #: with the reason
    left_out: tuple[tuple[RefusedReader, str], ...]


def judge_refusals(refused: Iterable[RefusedReader]) -> Judged:
    again: list[RefusedReader] = []
    left_out: list[tuple[RefusedReader, str]] = []
    for reader in refused:
        why = str(reader.departed) if reader.departed else why_not_again(reader.detail)
        if why:
            left_out.append((reader, why))
        else:
            again.append(reader)
    return Judged(tuple(again), tuple(left_out))


def of_reader(refused: Iterable[RefusedReader], email: str) -> Sequence[RefusedReader]:
    return [reader for reader in refused if reader.email.lower() == email.strip().lower()]


def why_not_again(said: str) -> str | None:
    """
    Why a refusal is final, by what the provider said; None when another try may help.

    An enhanced code beats the three digits, which some servers choose without care.
    """
    if said.startswith(_GIVEN_UP):
        return None
    found = _ENHANCED.search(said)
    if found is None:
        reply = _REPLY.search(said)
        is_temporary = reply is not None and ((reply[0].startswith("4") and not _is_http(said)) or reply[0] == _NO_ROOM)
        return None if is_temporary else _NO_HOPE
    kind, subject, detail = (int(found[name]) for name in ("kind", "subject", "detail"))
    if kind == 4:
        return None
    if subject == _ADDRESS or (subject, detail) == (_MAILBOX, 1):
        return _BAD_ADDRESS
    is_mendable = subject in _MENDABLE or (subject, detail) == (_MAILBOX, _FULL)
    return None if is_mendable else _NO_HOPE


def _is_http(said: str) -> bool:
    """SendGrid's 400 and 413 are about the mail itself, and would come again."""
    return said.startswith(("400", "413"))
