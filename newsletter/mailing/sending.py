"""Send a planned mailing: check that readers can leave, hand over what is waiting, and account for every reader."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial

from newsletter.delivery import DeliveryState, Mailing, MailingStatus, Outcome, Recipient
from newsletter.dispatch import Leases, Pace, Run, Transport, Watch, drain, outlast
from newsletter.edition import CompiledIssue, Edition, Links, cut_edition
from newsletter.errors import AwayError, Finding, RefusedError
from newsletter.health import answers_for
from newsletter.mailing.approving import insist_approved
from newsletter.mailing.holding import remember_batches
from newsletter.mailing.recovering import bury
from newsletter.merge import merge_values
from newsletter.store import Store
from newsletter.store.rows import ClaimedDelivery
from newsletter.tokens import Token, bounce_token, make_token, message_id

#: without a web face, one person must be able to honour every "unsubscribe" by hand
MAILBOX_LIMIT = 100
#: why a mailing is paused whose sender was stopped with Ctrl-C: whoever sends it again has thereby resumed it
INTERRUPTED = "stopped by hand while it was sent"
#: seconds between two looks whether somebody has paused or cancelled what is being sent
LOOK = 0.5
#: who has paused a mailing that no person has: its sender, a worker
BY_ITSELF = SENDER, WORKER = ("newsletter", "newsletter worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a sending needs beside what was planned."""

    transport: Transport
    keys: Sequence[bytes]
    base_url: str
    actor: str
    #: messages a second; None: as fast as they are taken
    rate: float | None = None
    #: likewise, by domain of the reader's address
    domain_rates: Mapping[str, float] = field(default_factory=dict)
    #: nothing leaves that nobody but its author has approved
    require_approval: bool = False
    #: the transport gives each delivery a sender of its own, for its bounces to come back to
    names_bounces: bool = False
    should_stop: Callable[[], bool] = lambda: False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep


def insist_sendable(store: Store, mailing: Mailing, now: datetime) -> CompiledIssue:
    """
    :raises RefusedError: it was cancelled, is paused, or its embargo has not passed
    """
    if mailing.status is MailingStatus.CANCELLED:
        raise RefusedError(f"mailing {mailing.id} was cancelled", fix="plan the issue again")
    if mailing.status is MailingStatus.PAUSED and mailing.pause_reason != INTERRUPTED:
        why = mailing.pause_reason
        raise RefusedError(f"mailing {mailing.id} is paused: {why}", fix=f"newsletter mailings resume {mailing.id}")
    compiled = store.mailings.compiled(mailing.id)
    if compiled.embargo_at and now < compiled.embargo_at:
        until = f"{compiled.embargo_at:%Y-%m-%d %H:%M} UTC"
        raise RefusedError(f"mailing {mailing.id} is under embargo until {until}", fix="send it then or later")
    return compiled


def insist_on_a_way_out(store: Store, compiled: CompiledIssue, *, base_url: str, readers: int) -> None:
    """
    A real mailing leaves only when its readers can leave, too.

    :raises RefusedError: BASE_URL does not answer for this store; or the list is too long for a mailbox alone
    """
    skip = "--skip-link-check if you know better"
    if compiled.letterhead.links is Links.MAILBOX:
        if readers > MAILBOX_LIMIT:
            raise RefusedError(
                f"{readers} readers, but the only way to leave is a mailbox (fit for {MAILBOX_LIMIT})",
                fix=f"set NEWSLETTER_BASE_URL, run newsletter serve and plan again, or {skip}",
            )
        return
    found = _unanswered(store, base_url)
    if found:
        raise RefusedError(Finding(message=found.message, fix=f"{found.fix}, or {skip}", rule=found.rule))


def _unanswered(store: Store, base_url: str) -> Finding | None:
    if not base_url:
        return Finding(message="NEWSLETTER_BASE_URL is missing; the planned links lead there", fix="set it in .env")
    return answers_for(base_url, store.id)


def send_mailing(store: Store, mailing: Mailing, terms: Terms) -> Iterator[Counter[Outcome]]:
    """
    Hand over what is waiting; yields outcomes as they come in. Ends when nothing is waiting, or when asked to.

    :raises RefusedError: another sender is at work on it, or it was not approved as it would go out now
    :raises TransportError: the provider takes nothing; what it did not take waits for the next `send`
    """
    mailings = store.mailings
    compiled = mailings.compiled(mailing.id)
    with mailings.lock(mailing.id):
        if mailings.find(mailing.id).status is MailingStatus.SENT:
            return
        begin_sending(store, mailing, terms)
        while mailings.counts(mailing.id)[DeliveryState.PLANNED]:
            if not (yield from _send_planned(store, compiled, mailing.id, terms)):
                break
        yield from _wait_for_the_lost(store, mailing.id, terms)
        # What a provider has told meanwhile may say more than its answer did.
        store.events.settle_told(mailing.id, now=terms.now())
        mailings.finish(mailing.id, now=terms.now())


def begin_sending(store: Store, mailing: Mailing, terms: Terms, *, silent: Collection[int] = ()) -> None:
    """
    Everything that is done once, before the first letter leaves: of us or of many.

    :param silent: runs that nobody waits for any longer
    :raises RefusedError: it was not approved as it would go out now, is paused, or was cancelled
    """
    if terms.require_approval:
        insist_approved(store, mailing)
    bury(store, terms.transport, mailing.id, silent=silent, now=terms.now())
    store.mailings.begin(mailing.id, transport=terms.transport.name, actor=terms.actor, now=terms.now())
    store.mailings.replan_due(mailing.id, now=terms.now())
    store.mailings.withdraw_departed(mailing.id, now=terms.now())


def send_some(store: Store, mailing: Mailing, terms: Terms, *, most: int, watch: Watch) -> Iterator[Counter[Outcome]]:
    """
    Hand over so many of a mailing that was begun, beside others who do the same. Only where there is room for many.

    :param watch: what has been seen of the mailing before
    :raises RefusedError: a sender is at work on it who is alone
    :raises TransportError: the provider takes nothing; what it did not take waits
    """
    with store.mailings.lock(mailing.id, is_shared=True):
        is_under_way = store.mailings.find(mailing.id).status is MailingStatus.SENDING
        if is_under_way and store.mailings.is_begun(mailing.id):
            compiled = store.mailings.compiled(mailing.id)
            yield from _send_planned(store, compiled, mailing.id, terms, most=most, watch=watch)


def _send_planned(
    store: Store,
    compiled: CompiledIssue,
    mailing_id: int,
    terms: Terms,
    *,
    most: int | None = None,
    watch: Watch | None = None,
) -> Generator[Counter[Outcome], None, bool]:
    """Whether something may be planned at its end that nobody keeps from leaving."""
    mailings, wait_for = store.mailings, partial(outlast, sleep=terms.sleep, should_stop=terms.should_stop)
    run_id = wait_for(lambda: mailings.open_run(mailing_id, now=terms.now()))
    remember_batches(store, terms.transport, wait_for, mailing_id=mailing_id, run_id=run_id)
    run = replace(_run(store, compiled, mailing_id, run_id, terms), outlast=wait_for, most=most, watch=watch or Watch())
    with terms.transport as transport:
        yield from drain(mailings, transport, run)
    return wait_for(lambda: mailings.close_run(run_id, now=terms.now()))


def _wait_for_the_lost(store: Store, mailing_id: int, terms: Terms) -> Iterator[Counter[Outcome]]:
    """Somebody on another machine holds a part of it: wait for a word of them, or until their lease is over."""
    leases = Leases()
    while store.mailings.counts(mailing_id)[DeliveryState.CLAIMED] and not terms.should_stop():
        silent = leases.silent(store.mailings.open_runs())
        bury(store, terms.transport, mailing_id, silent=silent, now=terms.now())
        yield Counter()
        terms.sleep(LOOK)


def _run(store: Store, compiled: CompiledIssue, mailing_id: int, run_id: int, terms: Terms) -> Run:
    corrects_id = store.mailings.find(mailing_id).corrects_id

    @lru_cache(maxsize=16)
    def edition(stories: tuple[str, ...]) -> Edition:
        return cut_edition(compiled, stories)

    def recipient(claimed: ClaimedDelivery) -> Recipient:
        found = _recipient(compiled, claimed, mailing_id, terms)
        return _answering(store, found, corrects_id, terms.keys) if corrects_id else found

    return Run(
        mailing_id=mailing_id,
        id=run_id,
        edition_of=lambda claimed: edition(claimed.stories),
        recipient_of=recipient,
        pace=Pace(store.paces, terms.transport.name, terms.rate, terms.domain_rates),
        pause=lambda reason: _pause(store, mailing_id, reason, terms),
        should_stop=_stop(store, mailing_id, terms),
        now=terms.now,
        sleep=terms.sleep,
    )


def _stop(store: Store, mailing_id: int, terms: Terms) -> Callable[[], bool]:
    """
    Whether to hand over nothing more: whoever sends has asked for it, or somebody has paused or cancelled the mailing.

    A claim would see that, too, but at a slow pace a batch lasts for half an hour.
    """
    looked_at, is_under_way = time.monotonic(), True

    def should_stop() -> bool:
        nonlocal looked_at, is_under_way
        # Asked before every letter.
        if time.monotonic() - looked_at >= LOOK:
            # While the database is away, it is as it was.
            with suppress(AwayError):
                is_under_way = store.mailings.find(mailing_id).status is MailingStatus.SENDING
            looked_at = time.monotonic()
        return not is_under_way or terms.should_stop()

    return should_stop


def _pause(store: Store, mailing_id: int, reason: str, terms: Terms) -> None:
    """By itself, and so in nobody's name; a person or another sender who was faster has the last word."""
    with suppress(RefusedError):
        outlast(
            lambda: store.mailings.pause(mailing_id, reason, actor=SENDER, now=terms.now()),
            sleep=terms.sleep,
            should_stop=terms.should_stop,
        )


def _recipient(compiled: CompiledIssue, claimed: ClaimedDelivery, mailing_id: int, terms: Terms) -> Recipient:
    """A claimed delivery as the transport sees it."""
    token = Token(claimed.public_id, mailing_id)
    values = merge_values(
        compiled,
        base_url=terms.base_url,
        name=claimed.salutation or claimed.name,
        since_on=claimed.consent_on,
        token_for=lambda purpose: make_token(terms.keys, purpose, token),
    )
    domain = compiled.letterhead.sender.address.rpartition("@")[2]
    ours = message_id(terms.keys[0], mailing_id=mailing_id, delivery_id=claimed.delivery_id, domain=domain)
    return Recipient(
        delivery_id=claimed.delivery_id,
        address=claimed.address,
        name=claimed.name,
        message_id=ours,
        values=values,
        bounce_token=_bounce_token(claimed, mailing_id, terms),
    )


def _bounce_token(claimed: ClaimedDelivery, mailing_id: int, terms: Terms) -> str:
    if not terms.names_bounces:
        return ""
    return bounce_token(terms.keys[0], mailing_id=mailing_id, delivery_id=claimed.delivery_id)


def _answering(store: Store, recipient: Recipient, corrected_id: int, keys: Sequence[bytes]) -> Recipient:
    """The recipient of a correction: below the mail that it corrects, whichever of our keys that was sent with."""
    original = store.mailings.delivery_before(recipient.delivery_id, corrected_id)
    if original is None:
        return recipient
    domain = recipient.message_id.rpartition("@")[2]
    ids = (message_id(key, mailing_id=corrected_id, delivery_id=original, domain=domain) for key in keys)
    return replace(recipient, in_reply_to=tuple(ids))
