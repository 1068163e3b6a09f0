"""Forms of those who sign up, from the page until they are answered: a queue that survives a crash."""

import json
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from newsletter.limits import ONCE_A_DAY, Limit
from newsletter.signup import AnswerKind, SignUp
from newsletter.store import schema
from newsletter.store.consents import Occasion, note_request
from newsletter.store.database import AnyRow, Database
from newsletter.store.limiting import Counted, take
from newsletter.store.people import email_key
from newsletter.subscriber import SubscriptionStatus

#: where it is said in the consent log how somebody came to us
SOURCE = "sign-up form"
_signup, _person, _subscription = schema.signups.c, schema.subscribers.c, schema.subscriptions.c


class Taken(StrEnum):
    """What became of a form that waited."""

    ANSWERED = "answered"
    #: they, or too many at their provider, were written to a short while ago
    TOO_OFTEN = "too-often"


class SignUps:
    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, forms: Sequence[SignUp], limits: Callable[[SignUp], Sequence[Counted]], now: datetime) -> list[bool]:
        """
        Put forms into the queue, in one transaction; whether each was taken.

        The same work is done for every address: whether it is known is looked up behind the answer.

        :param limits: what a form counts for, of that which may be told to whoever filled it in
        """
        with self._database.writing() as connection:
            return [self._ask(connection, form, limits(form), now) for form in forms]

    def _ask(self, connection: sa.Connection, form: SignUp, counted: Sequence[Counted], now: datetime) -> bool:
        if not take(connection, counted, now):
            return False
        values = {
            "newsletter": form.newsletter,
            "email": email_key(form.address),
            "address": form.address,
            "name": form.name,
            "language": form.language,
            "interests": json.dumps(sorted(form.interests)),
            "wording": form.wording,
            "network": form.network,
            "asked_at": now,
        }
        connection.execute(sa.insert(schema.signups).values(values))
        return True

    def answer_next(self, by_domain: Limit, now: datetime) -> Taken | None:
        """
        Take the oldest form out of the queue, and write down the mail that answers it; None when there is none.

        :param by_domain: how many mails one provider gets by this
        """
        with self._database.writing() as connection:
            form = connection.execute(sa.select(schema.signups).order_by(_signup.id).limit(1)).first()
            if form is None:
                return None
            connection.execute(sa.delete(schema.signups).where(_signup.id == form.id))
            domain = form.email.rpartition("@")[2]
            counted = (Counted("mail to", form.email, ONCE_A_DAY), Counted("mail to domain", domain, by_domain))
            if not take(connection, counted, now):
                return Taken.TOO_OFTEN
            _answer(connection, form, now)
            return Taken.ANSWERED


def _answer(connection: sa.Connection, form: AnyRow, now: datetime) -> None:
    known = _reads_it(connection, form)
    if known is None:
        occasion = Occasion(at=form.asked_at, source=SOURCE, wording=form.wording, ip=form.network)
        # What a stranger may have made up about them waits until they have confirmed it.
        subscription_id = note_request(connection, form.address, form.newsletter, occasion)
    else:
        subscription_id = known
    values = {
        "public_id": secrets.token_bytes(16),
        "subscription_id": subscription_id,
        "kind": AnswerKind.CONFIRM if known is None else AnswerKind.KNOWN,
        "name": form.name if known is None else "",
        "language": form.language,
        "interests": form.interests if known is None else "[]",
        "wording": form.wording,
        "asked_at": form.asked_at,
        "due_at": now,
    }
    connection.execute(sa.insert(schema.answers).values(values))


def _reads_it(connection: sa.Connection, form: AnyRow) -> int | None:
    """The subscription of somebody who gets the newsletter already; whoever is suppressed does not."""
    joined = schema.subscriptions.join(schema.subscribers)
    theirs = (_person.email == form.email, _subscription.newsletter == form.newsletter)
    suppressed = sa.exists().where(schema.suppressions.c.subscriber_id == _subscription.subscriber_id)
    reading = (_subscription.status == SubscriptionStatus.CONFIRMED, ~suppressed)
    found = connection.execute(sa.select(_subscription.id).select_from(joined).where(*theirs, *reading)).scalar()
    return None if found is None else int(found)
