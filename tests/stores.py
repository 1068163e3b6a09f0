"""Stores for tests, and what to put into them."""

import shutil
import tempfile
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from newsletter.delivery import Mailing
from newsletter.plan import Plan, PlannedDelivery, PlannedEdition, PlannedSkip
from newsletter.store import Store, open_store
from newsletter.subscriber import Consent, Entry, Subscriber
from newsletter.tags import Vocabulary, read_vocabulary
from tests import postgres
from tests.builders import NOW, a_compiled_issue, a_letterhead

NEWSLETTER = "harbour-brief"
CONSENT = Consent(basis="signed up at the spring forum", on=date(2026, 3, 1))
VOCABULARY = """
ai: {names: {en: AI, zh-Hans: 人工智能}}
ai-policy: {names: {en: AI policy, zh-Hans: 人工智能政策}, parents: [ai]}
ai-chips: {names: {en: AI chips, zh-Hans: 人工智能芯片}, parents: [ai]}
crypto: {names: {en: Crypto, zh-Hans: 加密货币}, aliases: ["coins, tokens"]}
"""


#: about SQLite's file, or its ways alone; or about what stands before any database, and takes long
only_sqlite = pytest.mark.skipif(postgres.IS_WANTED, reason="about SQLite alone, or the same on both")


def address_of(folder: Path) -> str:
    return postgres.address_of(folder) if postgres.IS_WANTED else f"sqlite:///{folder / 'newsletter.db'}"


def database_setting(folder: Path) -> dict[str, str]:
    """For a program that works in the folder: with a file, it finds its own."""
    return {"NEWSLETTER_DATABASE_URL": address_of(folder)} if postgres.IS_WANTED else {}


def copy_of(folder: Path, *, to: Path) -> None:
    """A second store with what the first one holds, which nobody has open."""
    if postgres.IS_WANTED:
        postgres.copy_for(to, of=folder)
    else:
        shutil.copyfile(folder / "newsletter.db", to / "newsletter.db")


def bytes_of(folder: Path) -> bytes:
    """All that is kept on a disk of the folder's database: with a file, its log and its free pages, too."""
    if postgres.IS_WANTED:
        return postgres.bytes_of(folder)
    return b"".join(path.read_bytes() for path in sorted(folder.glob("newsletter.db*")))


def a_store(folder: Path, *, wait_seconds: float = 5.0) -> Store:
    """A new store for the folder; migrated once per run and copied, which is faster."""
    if postgres.IS_WANTED:
        postgres.copy_for(folder)
    else:
        shutil.copyfile(_template(), folder / "newsletter.db")
    return open_store(address_of(folder), wait_seconds=wait_seconds)


@cache
def _template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="newsletter-tests-")) / "newsletter.db"
    open_store(f"sqlite:///{path}").close()
    return path


@cache
def a_vocabulary() -> Vocabulary:
    return read_vocabulary(VOCABULARY, path="tags.yaml")


def an_entry(number: int = 1, **details: object) -> Entry:
    values: dict[str, object] = {"email": f"reader{number}@example.com", "name": f"Reader {number}", "consent": CONSENT}
    return Entry(**values | details)  # type: ignore[arg-type]


def take_in(store: Store, *entries: Entry, newsletter: str = NEWSLETTER) -> list[Subscriber]:
    store.readers.take_in(newsletter, entries, update=False, actor="mei", now=NOW)
    return list(store.readers.stream(newsletter))


def a_plan(
    readers: Iterable[Subscriber], *, editions: int = 1, slug: str = "harbour-2026-06-10", again: bool = False
) -> Plan:
    """Every reader gets one of the editions, in turns."""
    planned = [
        PlannedEdition(f"hash{number}", ("grid", f"story{number}"), f"Subject {number}") for number in range(editions)
    ]
    return Plan(
        compiled=a_compiled_issue(letterhead=a_letterhead(slug=slug)),
        segment="everyone",
        again=again,
        editions=tuple(planned),
        deliveries=tuple(
            PlannedDelivery(reader.subscriber_id, reader.subscription_id, planned[number % editions].hash)
            for number, reader in enumerate(readers)
        ),
        skips=(),
        without_interests=0,
    )


def a_mailing(store: Store, plan: Plan) -> Mailing:
    """Saved, and under way."""
    mailing = store.mailings.save_plan(plan, actor="mei", now=NOW)
    return store.mailings.begin(mailing.id, transport="outbox", actor="mei", now=NOW)


__all__ = [
    "CONSENT",
    "NEWSLETTER",
    "PlannedSkip",
    "a_mailing",
    "a_plan",
    "a_store",
    "a_vocabulary",
    "address_of",
    "an_entry",
    "bytes_of",
    "copy_of",
    "database_setting",
    "only_sqlite",
    "take_in",
]
