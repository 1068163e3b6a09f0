"""What is written out is read back as it was."""

import csv
import io
import tempfile
import unicodedata
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.fields import LINE_LIMIT
from newsletter.roster import Intake, export_readers, import_readers
from newsletter.store import Store
from newsletter.store.deciding import Overlap
from newsletter.subscriber import Consent, Entry, SubscriptionStatus, SuppressionReason
from tests.builders import NOW
from tests.stores import CONSENT, NEWSLETTER, a_store, a_vocabulary, an_entry, take_in

#: everything that a line may hold: no controls, no marks that turn the direction of text, folded spaces, NFC
TEXTS = (
    (
        st.text(st.sampled_from("'=+-@|;,\"\t a陈＝é"), max_size=8)
        | st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"]), max_size=20)
    )
    .map(lambda text: " ".join(unicodedata.normalize("NFC", text).split()))
    .filter(lambda text: len(text) <= LINE_LIMIT)
)
LOCALS = st.text(st.sampled_from("ab+-=_'{}"), min_size=1, max_size=6)
INSTANTS = st.integers(1_600_000_000, 1_780_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
CONSENTS = st.builds(
    Consent,
    basis=TEXTS.filter(bool),
    on=st.dates(date(2020, 1, 1), date(2026, 6, 1)),
    wording=TEXTS,
    cross_border=st.sampled_from([None, True, False]),
)


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    numbers = range(draw(st.integers(0, 5)))
    return [
        Entry(
            email=f"{draw(LOCALS)}{number}@example.com",
            **{name: draw(TEXTS) for name in ("name", "salutation", "company", "manager")},
            language=draw(st.sampled_from(["", "en", "zh-Hans"])),
            zone=draw(st.sampled_from(["", "Asia/Shanghai"])),
            interests=draw(st.frozensets(st.sampled_from(["ai", "ai-policy", "ai-chips", "crypto"]))),
            status=draw(st.sampled_from(SubscriptionStatus)),
            consent=draw(st.none() | CONSENTS),
            suppressed_for=draw(st.none() | st.sampled_from(SuppressionReason)),
            joined_at=draw(INSTANTS),
        )
        for number in numbers
    ]


def exported(store: Store) -> str:
    out = io.StringIO(newline="")
    export_readers(store, NEWSLETTER, store.readers.stream(NEWSLETTER), out)
    return out.getvalue()


def held(store: Store) -> list[tuple[object, ...]]:
    """All that is known of each reader but numbers that only this store gives."""
    proofs = store.consents.proofs(NEWSLETTER, [reader.subscriber_id for reader in store.readers.stream(NEWSLETTER)])
    return [
        (r.email, r.name, r.salutation, r.language, r.company, r.manager, r.zone, r.status, r.interests, r.consent,
         r.joined_at, r.suppressed_for, proofs.get(r.subscriber_id))
        for r in store.readers.stream(NEWSLETTER)
    ]  # fmt: skip


def imported(store: Store, text: str, overlap: Overlap) -> tuple[int, int]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "readers.csv"
        path.write_text(text, encoding="utf-8", newline="")
        intake = Intake(newsletter=NEWSLETTER, vocabulary=a_vocabulary(), overlap=overlap)
        found = import_readers(store, path, intake, actor="mei", now=NOW)
    assert (found.rejects, found.warnings) == ((), ())
    return found.added, found.updated


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries())
def test_an_import_of_an_export_is_what_was_exported(people: list[Entry]) -> None:
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        store, copy = (stack.enter_context(a_store(folder)) for folder in folders)
        take_in(store, *people)
        text = exported(store)
        assert imported(copy, text, Overlap()) == (len(people), 0)
        assert held(copy) == held(store)
        assert exported(copy) == text
        # Read back into the store that it came from, it changes nothing.
        before = held(store)
        assert imported(store, text, Overlap(update=True, replace_interests=True)) == (0, 0)
        assert held(store) == before


def test_no_cell_of_an_export_is_a_formula(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        entry = an_entry(
            email="=cmd@example.com", name='=HYPERLINK("http://x.example","y")', company="@SUM(1)", manager="-1"
        )
        take_in(store, entry)
        rows = list(csv.reader(io.StringIO(exported(store), newline="")))
    assert all(cell[:1] not in tuple("=+-@\t\r") for row in rows for cell in row if cell)
    assert rows[1][0] == "'=cmd@example.com"


def test_a_no_in_an_export_is_taken_by_a_store_that_does_not_know_of_it(tmp_path: Path) -> None:
    """As after a copy from before was brought back."""
    (tmp_path / "old").mkdir()
    with a_store(tmp_path) as store, a_store(tmp_path / "old") as old:
        for opened in (store, old):
            take_in(opened, *(an_entry(number) for number in range(3)))
        first, second, _ = store.readers.stream(NEWSLETTER)
        store.readers.unsubscribe(first.subscription_id, actor="reader", now=NOW)
        store.readers.suppress(second.subscriber_id, SuppressionReason.COMPLAINED, actor="provider", now=NOW)
        imported(old, exported(store), Overlap(update=True))
        assert held(old) == held(store)


@pytest.mark.parametrize("mailable", [True, False])
def test_readers_who_are_forgotten_are_in_no_export(tmp_path: Path, mailable: bool) -> None:
    with a_store(tmp_path) as store:
        take_in(store, an_entry(1, consent=CONSENT if mailable else None), an_entry(2))
        store.forgetting.forget("reader1@example.com", actor="mei", now=NOW)
        assert [row[0] for row in csv.reader(io.StringIO(exported(store), newline=""))] == [
            "email",
            "reader2@example.com",
        ]
