"""The result of a sending in one small mail, for those who answer for it."""

import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from newsletter.delivery import DeliveryState, Mailing, MailingStatus, Outcome, Recipient
from newsletter.edition import Edition, Field, Letterhead, Links, digest
from newsletter.mailing.explaining import REASONS
from newsletter.mailing.posting import post
from newsletter.mailing.sending import BY_ITSELF
from newsletter.message import Letter, RefusedValueError, plain_address
from newsletter.report import Report, report_on
from newsletter.store import Store

if TYPE_CHECKING:
    from newsletter.dispatch import Transport

#: what the subject counts beside the accepted
_TOLD = (DeliveryState.REFUSED, DeliveryState.UNKNOWN, DeliveryState.WITHDRAWN)
#: more names are for the report
_NAMED = 50
_LONGEST = 200
_UNSURE = """They may have the mail or not. Nobody gets it again unless you say so: look into the provider's log, or ask
one of them, and then say what you found with

    newsletter mailings resolve {id}"""
_REFUSED = """The provider said no. Correct an address that is wrong; what was full or put off may be tried again with

    newsletter mailings retry {id}"""
_WITHDRAWN = "They were planned, and taken back before the mail left. There is nothing to do."
_PAUSED = """It is paused: {reason}.
When that is mended, let it go on with

    newsletter mailings resume {id}"""


@dataclass(frozen=True, slots=True)
class Told:
    """Who was told, and who could not be."""

    reached: tuple[str, ...] = ()
    #: address, why
    missed: tuple[tuple[str, str], ...] = ()


def tell_result(
    store: Store, mailing_id: int, *, to: Sequence[str], make_transport: "Callable[[], Transport]", now: datetime
) -> Told:
    """
    Tell these, the author and the approver, when the mailing has come to an end or has stopped by itself.

    Whatever goes wrong is in the answer: the mailing itself is well accounted for.
    """
    mailing = store.mailings.find(mailing_id)
    addresses = addressees(to, [mailing.planned_by, *(yes.approved_by for yes in store.approvals.of(mailing_id))])
    if not (addresses and is_worth_telling(store, mailing)):
        return Told()
    letterhead = store.mailings.compiled(mailing_id).letterhead
    letters = letters_of(report_on(store.mailings, mailing_id), letterhead, addresses, now=now)
    return _post(letters, addresses, make_transport)


def is_worth_telling(store: Store, mailing: Mailing) -> bool:
    """It is sent, or stopped by itself; who stops it by hand knows."""
    if mailing.status is MailingStatus.PAUSED:
        paused = [act.actor for act in store.mailings.acts(mailing.id) if act.action == "paused"]
        return paused[-1:] != [] and paused[-1] in BY_ITSELF
    return mailing.status is MailingStatus.SENT


def addressees(to: Iterable[str], actors: Iterable[str]) -> list[str]:
    """Each once; an actor may be a login name, and then has no mailbox that we know of."""
    named: dict[str, str] = {}
    for address in (*to, *filter(_is_address, actors)):
        named.setdefault(address.casefold(), address)
    return list(named.values())


def _is_address(actor: str) -> bool:
    try:
        return bool(plain_address(actor))
    except RefusedValueError:
        return False


def letters_of(report: Report, letterhead: Letterhead, addresses: Sequence[str], *, now: datetime) -> list[Letter]:
    """One for each address, in the newsletter's name but not as one of its mails."""
    text = text_of(report)
    source = digest([text])[:10]
    domain = letterhead.sender.address.rpartition("@")[2]
    edition = Edition(
        letterhead=_letterhead(letterhead, now),
        source=source,
        stories=(),
        subject=subject_of(report),
        preheader="",
        html=_as_html(text),
        text=text,
    )
    leave = f"mailto:{quote(edition.letterhead.unsubscribe_address, safe='@')}?subject=no%20result%20mails"
    return [
        Letter(
            edition,
            Recipient(
                # Below every number of a delivery, so that what a provider reports of it is never a reader's.
                delivery_id=-number,
                address=address,
                name="",
                message_id=f"result-{digest([text, address])[:24]}@{domain}",
                values={Field.UNSUBSCRIBE_MAILTO: leave},
            ),
        )
        for number, address in enumerate(addresses, start=1)
    ]


def _letterhead(letterhead: Letterhead, now: datetime) -> Letterhead:
    """A list of its own, so that no filter and no provider's figures take it for the newsletter."""
    return replace(
        letterhead,
        newsletter="results",
        title=f"{letterhead.title}, results",
        language="en",
        issued_at=now,
        list_id=f"results.{letterhead.list_id}",
        links=Links.MAILBOX,
        unsubscribe_address=letterhead.unsubscribe_address or letterhead.sender.address,
    )


def subject_of(report: Report) -> str:
    mailing, counts = report.mailing, report.deliveries
    accepted = counts[DeliveryState.ACCEPTED]
    said = [f"{accepted:,} of {report.planned:,} accepted"]
    if accepted == report.planned:
        said = [f"all {accepted:,} accepted"]
    said += [f"{number:,} {state}" for state, number in counts.items() if number and state in _TOLD]
    paused = "paused, " if mailing.status is MailingStatus.PAUSED else ""
    return _one_line(f"[Result] {mailing.title}, {mailing.slug}: {paused}{', '.join(said)}")


def text_of(report: Report) -> str:
    """Counts first, then by name everyone of whom something must be known, with what to do."""
    mailing = report.mailing
    counts = [(str(state), number) for state, number in report.deliveries.items() if number]
    table = "\n".join(f"{number:>9,}  {word}" for word, number in [*counts, ("planned in all", report.planned)])
    blocks = [
        _one_line(f"{mailing.title}, {mailing.slug} (mailing {mailing.id}), to {mailing.segment}:"),
        table,
        *_times(mailing),
    ]
    if mailing.status is MailingStatus.PAUSED:
        blocks.append(_PAUSED.format(reason=_one_line(mailing.pause_reason or ""), id=mailing.id))
    unsure = [(email, f"since {since:%Y-%m-%d %H:%M} UTC") for email, _, since in report.unknown]
    withdrawn = [(email, _in_words(reason)) for email, reason in report.withdrawn]
    blocks += _named("Nobody is sure of", unsure, _UNSURE, mailing)
    blocks += _named("Refused", report.refused, _REFUSED, mailing)
    blocks += _named("Withdrawn", withdrawn, _WITHDRAWN, mailing)
    blocks.append(f"Everything that is known of it:\n\n    newsletter report {mailing.id}")
    return "\n\n".join(blocks) + "\n"


def _times(mailing: Mailing) -> Iterator[str]:
    if mailing.started_at and mailing.finished_at:
        took = in_words(mailing.finished_at - mailing.started_at)
        yield f"It began on {mailing.started_at:%Y-%m-%d} at {mailing.started_at:%H:%M} UTC and took {took}."


def in_words(duration: timedelta) -> str:
    """The two largest units: `2 hours 5 minutes`."""
    seconds = max(0, round(duration.total_seconds()))
    parts = [(seconds // 86_400, "day"), (seconds // 3_600 % 24, "hour"), (seconds // 60 % 60, "minute")]
    parts.append((seconds % 60, "second"))
    while len(parts) > 1 and not parts[0][0]:
        parts.pop(0)
    told = [f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in parts[:2] if number]
    return " ".join(told) or "less than a second"


def _named(heading: str, readers: Sequence[tuple[str, str]], advice: str, mailing: Mailing) -> Iterator[str]:
    if not readers:
        return
    yield f"{heading} ({len(readers):,}). {advice.format(id=mailing.id)}"
    lines = [f"- {_one_line(email)}: {_one_line(said)}" for email, said in readers[:_NAMED]]
    if len(readers) > _NAMED:
        lines.append(f"- and {len(readers) - _NAMED:,} more")
    yield "\n".join(lines)


def _in_words(reason: str) -> str:
    return next((said for skip, said in REASONS.items() if skip == reason), reason)


def _one_line(text: str) -> str:
    """What others wrote, a provider above all, must not look like a part of ours."""
    plain = "".join(mark if mark.isprintable() else " " for mark in text)
    folded = " ".join(plain.split())
    return folded if len(folded) <= _LONGEST else f"{folded[: _LONGEST - 1]}…"


def _as_html(text: str) -> str:
    # SendGrid and our messages have both parts; this one says the same in the same lines.
    return f'<!doctype html>\n<html lang="en"><body><pre>{html.escape(text)}</pre></body></html>\n'


def _post(letters: Sequence[Letter], addresses: Sequence[str], make_transport: "Callable[[], Transport]") -> Told:
    receipts, why = post(letters, make_transport)
    answers = {it.delivery_id: "" if it.outcome is Outcome.ACCEPTED else it.detail for it in receipts}
    known = [(address, answers.get(-number, why)) for number, address in enumerate(addresses, start=1)]
    return Told(tuple(a for a, said in known if not said), tuple((a, said) for a, said in known if said))
