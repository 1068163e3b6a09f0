"""Compare what the ledger says with what the sink wrote down before it answered."""

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from newsletter.delivery import DeliveryState, MailingStatus
from newsletter.dispatch import Transport
from newsletter.mailing.sending import Terms, send_mailing
from newsletter.providers.smtp import SmtpTransport
from newsletter.store import Store, open_store

KEYS = (b"an invented key that signs nothing but a test of faults",)


def say(figures: str) -> None:
    """For whoever runs the battery with -s."""
    sys.stderr.write(f"\n{figures}\n")


def received(path: Path) -> Counter[str]:
    """How often each reader got the mail."""
    return Counter(path.read_text().split())


def terms_for(transport: Transport, *, later: timedelta = timedelta(0)) -> Terms:
    return Terms(
        transport=transport,
        keys=KEYS,
        base_url="https://news.example.com",
        actor="test",
        now=lambda: datetime.now(UTC) + later,
    )


def by_smtp(port: int, connections: int) -> SmtpTransport:
    return SmtpTransport("127.0.0.1", port, security="none", connections=connections, timeout=5)


def finish(store: Store, make_transport: Iterator[Transport]) -> None:
    """Send what is left, day after day, until nothing waits."""
    for day, transport in zip(range(20), make_transport, strict=False):
        mailing = store.mailings.recent(1)[0]
        if mailing.status is MailingStatus.SENT:
            return
        if mailing.status is MailingStatus.PAUSED:
            store.mailings.resume(mailing.id, actor="test", now=datetime.now(UTC))
        for _ in send_mailing(store, mailing, terms_for(transport, later=timedelta(days=day))):
            pass


def insist_that_all_is_accounted_for(address: str, truth: Counter[str], *, most_unknown: int) -> dict[str, int]:
    """
    Nobody twice, nobody missing, nothing claimed that is not so; the number of readers by state.

    :raises AssertionError: in words that say who
    """
    with open_store(address) as store:
        mailing = store.mailings.recent(1)[0]
        counts = store.mailings.counts(mailing.id)
        by_state: dict[DeliveryState, set[str]] = {state: set() for state in DeliveryState}
        for reader in store.mailings.readers(mailing.id):
            by_state[reader.state].add(reader.email)
    accepted, unknown = by_state[DeliveryState.ACCEPTED], by_state[DeliveryState.UNKNOWN]
    twice = {reader for reader, times in truth.items() if times > 1}
    assert not twice, f"mailed twice: {sorted(twice)[:5]}"
    assert accepted <= truth.keys(), f"called accepted, and got nothing: {sorted(accepted - truth.keys())[:5]}"
    unsaid = truth.keys() - accepted - unknown
    assert not unsaid, f"got it, and the ledger does not say so: {sorted(unsaid)[:5]}"
    assert len(unknown) <= most_unknown, f"{len(unknown)} unknown, {most_unknown} at most"
    left = {state: len(by_state[state]) for state in (DeliveryState.PLANNED, DeliveryState.CLAIMED)}
    assert not any(left.values()), f"left behind: {left}"
    return {str(state): count for state, count in counts.items() if count}
