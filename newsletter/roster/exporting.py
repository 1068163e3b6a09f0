"""A list of readers written out, so that an import reads it back as it was."""

from collections.abc import Iterable, Iterator
from typing import IO

from newsletter.roster.formulas import write_table
from newsletter.store import Store
from newsletter.store.readers import in_batches
from newsletter.subscriber import Subscriber

COLUMNS = (
    "email", "name", "salutation", "language", "company", "manager", "zone", "interests", "status", "suppressed",
    "consent_basis", "consent_on", "consent_wording", "cross_border", "joined_at",
)  # fmt: skip
_PAGE = 2_000
_YES_OR_NO = {True: "yes", False: "no", None: ""}


def export_readers(store: Store, newsletter: str, readers: Iterable[Subscriber], file: IO[str]) -> int:
    """
    One row a reader, with what they follow and what they said; how many they are. No cell is a formula.

    :param file: opened with `newline=""`
    """
    return write_table(file, COLUMNS, _rows(store, newsletter, readers))


def _rows(store: Store, newsletter: str, readers: Iterable[Subscriber]) -> Iterator[tuple[str, ...]]:
    for page in in_batches(readers, _PAGE):
        proofs = store.consents.proofs(newsletter, [reader.subscriber_id for reader in page])
        for reader in page:
            wording, cross_border = proofs.get(reader.subscriber_id, ("", None)) if reader.consent else ("", None)
            yield (
                reader.email,
                reader.name,
                reader.salutation,
                reader.language,
                reader.company,
                reader.manager,
                reader.zone,
                ";".join(sorted(reader.interests)),
                reader.status,
                reader.suppressed_for or "",
                reader.consent.basis if reader.consent else "",
                reader.consent.on.isoformat() if reader.consent else "",
                wording,
                _YES_OR_NO[cross_border],
                reader.joined_at.isoformat(),
            )
