"""Mails to those who signed up, and what the links in them confirm."""

import json
from collections.abc import Collection, Mapping, Sequence, Set
from datetime import date, datetime

import sqlalchemy as sa

from newsletter.signup import GOOD_FOR, Answer, AnswerKind, Asked, Confirmation, is_good
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.consents import Occasion, note_confirmation
from newsletter.store.database import AnyRow, Database
from newsletter.subscriber import Consent, SubscriptionStatus

_answer, _person, _subscription = schema.answers.c, schema.subscribers.c, schema.subscriptions.c
_interest = schema.interests.c
#: what is said of the consent that such a confirmation gives
BASIS = "signed up by the form, and confirmed by mail"
_JOINED = schema.answers.join(schema.subscriptions).join(schema.subscribers)


class Answers:
    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now: datetime, *, limit: int) -> list[Answer]:
        """Those that are to be mailed, the oldest first."""
        columns = (_subscription.newsletter, _person.address, _subscription.public_id.label("subscription"))
        wanted = sa.select(schema.answers, *columns).select_from(_JOINED)
        wanted = wanted.where(_answer.due_at <= now).order_by(_answer.id).limit(limit)
        with self._database.reading() as connection:
            return [_as_answer(row) for row in connection.execute(wanted)]

    def at_risk(self, ids: Collection[int]) -> None:
        """They are handed over this moment: from now on nobody mails them again, whatever happens."""
        with self._database.writing() as connection:
            gone = sa.update(schema.answers).where(_answer.id.in_(list(ids)))
            connection.execute(gone.values(due_at=None, tries=_answer.tries + 1))

    def put_off(self, due_at: Mapping[int, datetime | None]) -> None:
        """Certainly not taken: mail them again then; None: never."""
        with self._database.writing() as connection:
            for number, due in due_at.items():
                later = sa.update(schema.answers).where(_answer.id == number)
                connection.execute(later.values(due_at=due))

    def asked(self, public_id: bytes, now: datetime) -> Asked | None:
        """What a link asks to be confirmed; None when it is none of ours any more."""
        with self._database.reading() as connection:
            row = _find(connection, public_id)
        if row is None:
            return None
        return Asked(
            newsletter=row.newsletter,
            address=row.address,
            language=row.language,
            interests=frozenset(json.loads(row.interests)),
            public_id=row.subscription,
            is_open=row.used_at is None and is_good(row.asked_at, now),
            is_confirmed=row.used_at is not None and row.status == SubscriptionStatus.CONFIRMED,
        )

    def confirm(self, public_id: bytes, occasion: Occasion, *, on: date, offered: Set[str]) -> Confirmation | None:
        """
        The reader themselves says yes, once and in time; None when the link is none of ours any more.

        :param on: the day of it, where the newsletter is at home
        :param offered: tags among which they could choose: what they chose takes the place of these
        """
        with self._database.writing() as connection:
            row = _find(connection, public_id)
            if row is None:
                return None
            if row.used_at is not None:
                is_still = row.status == SubscriptionStatus.CONFIRMED
                return Confirmation.DONE_BEFORE if is_still else Confirmation.OVER
            if not is_good(row.asked_at, occasion.at):
                return Confirmation.OVER
            note_confirmation(
                connection, row.subscription_id, Consent(basis=BASIS, on=on, wording=row.wording), occasion
            )
            _apply(connection, row, occasion, offered)
            return Confirmation.DONE

    def tidy(self, now: datetime) -> int:
        """Let go of those whose links are not good any more; how many."""
        with self._database.writing() as connection:
            return connection.execute(sa.delete(schema.answers).where(_answer.asked_at < now - GOOD_FOR)).rowcount


def _find(connection: sa.Connection, public_id: bytes) -> "AnyRow | None":
    columns = (
        _subscription.newsletter,
        _subscription.status,
        _subscription.subscriber_id,
        _subscription.public_id.label("subscription"),
        _person.address,
    )
    wanted = sa.select(schema.answers, *columns).select_from(_JOINED)
    mine = (_answer.public_id == public_id, _answer.kind == AnswerKind.CONFIRM)
    return connection.execute(wanted.where(*mine)).first()


def _as_answer(row: AnyRow) -> Answer:
    return Answer(
        id=row.id,
        kind=AnswerKind(row.kind),
        newsletter=row.newsletter,
        address=row.address,
        language=row.language,
        public_id=row.public_id,
        subscription=row.subscription,
        tries=row.tries + 1,
    )


def _apply(connection: sa.Connection, row: AnyRow, occasion: Occasion, offered: Set[str]) -> None:
    """What they filled in, now that it is certain that it was them; and no other link of theirs works any more."""
    theirs = _answer.subscription_id == row.subscription_id
    connection.execute(sa.update(schema.answers).where(theirs).values(used_at=occasion.at, due_at=None))
    own = {"language": row.language} | ({"name": row.name} if row.name else {})
    connection.execute(sa.update(schema.subscribers).where(_person.id == row.subscriber_id).values(own))
    chosen = sorted(set(json.loads(row.interests)) & offered)
    if chosen:
        _replace(connection, row.subscription_id, chosen, offered)
    detail = {"newsletter": row.newsletter, "interests": chosen, "set": sorted(own)}
    told = audit_row("confirmed", actor=occasion.actor, at=occasion.at, subscriber_id=row.subscriber_id, detail=detail)
    write_audit(connection, told)


def _replace(connection: sa.Connection, subscription_id: int, chosen: Sequence[str], offered: Set[str]) -> None:
    of_theirs = (_interest.subscription_id == subscription_id, _interest.tag.in_(list(offered)))
    connection.execute(sa.delete(schema.interests).where(*of_theirs))
    rows = [{"subscription_id": subscription_id, "tag": tag} for tag in chosen]
    connection.execute(sa.insert(schema.interests), rows)
