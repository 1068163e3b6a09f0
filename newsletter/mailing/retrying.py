"""Which refusals deserve another try. A wrong address stays wrong; a full mailbox is emptied, a policy is mended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from newsletter.bounce import BounceKind, code_of, kind_of
from newsletter.store.retrying import RefusedReader

#: how dispatch begins when its patience has come to an end
_GIVEN_UP = "still deferred after"
_PASSING = frozenset({BounceKind.FULL, BounceKind.TEMPORARY, BounceKind.POLICY})
#: RFC 3463 section 3: subjects that somebody mends, some day: the mail system, and the way there
_MENDABLE = frozenset({3, 4})

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
    """Why a refusal is final, by what the provider said; None when another try may help."""
    kind, code = kind_of(said), code_of(said)
    if said.startswith(_GIVEN_UP) or kind in _PASSING or (code and code.subject in _MENDABLE):
        return None
    return _BAD_ADDRESS if kind is BounceKind.DEAD else _NO_HOPE
