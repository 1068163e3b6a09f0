"""What a provider reports of our mail, signed as it signs; and a store whose mail there is something to report of."""

import base64
import http.client
import json
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from newsletter.delivery import Outcome, Receipt
from newsletter.store import Store, open_store
from newsletter.tokens import message_id
from tests.builders import NOW
from tests.integration.conftest import KEY
from tests.stores import a_plan, a_store, address_of, an_entry, copy_of, take_in

KEYS = (KEY.encode(),)
SIGNATURE, TIMESTAMP = "X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"
#: of the mailings of a history: an issue every ten days, the last one now
STARTS = [NOW - timedelta(days=days) for days in (50, 40, 30, 20, 10, 0)]


class Signer:
    """SendGrid, as far as it holds a key."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> str:
        """As SendGrid shows it."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return base64.b64encode(self._key.public_key().public_bytes(serialization.Encoding.DER, form)).decode()

    def signature(self, timestamp: str, body: bytes) -> str:
        return base64.b64encode(self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()

    def headers(self, body: bytes, at: float | None = None) -> dict[str, str]:
        timestamp = str(int(time.time() if at is None else at))
        return {SIGNATURE: self.signature(timestamp, body), TIMESTAMP: timestamp}


@dataclass
class Door:
    """One kept connection to the pages."""

    port: int

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def post(self, body: bytes, headers: Mapping[str, str], path: str = "/events/sendgrid") -> int:
        self._connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        answer = self._connection.getresponse()
        answer.read()
        return answer.status

    def close(self) -> None:
        self._connection.close()


def entry(
    event: str, *, delivery_id: int, mailing_id: int, number: int, at: datetime = NOW, **fields: Any
) -> dict[str, Any]:
    """
    As SendGrid's reference shows them.

    :param number: what makes its sg_event_id
    """
    message = message_id(KEYS[0], mailing_id=mailing_id, delivery_id=delivery_id, domain="").rstrip("@")
    ours = {"delivery": str(delivery_id), "message": message}
    named = {"email": f"reader{delivery_id}@example.com", "sg_event_id": f"ZXZlbnQ-{number}"}
    return {"event": event, "timestamp": int(at.timestamp()), "sg_message_id": "14c5d75ce93", **named, **ours, **fields}


def written(entries: Iterable[Mapping[str, Any]]) -> bytes:
    return json.dumps(list(entries)).encode()


def send_out(
    store: Store, at: datetime, slug: str, *, unknown: Sequence[int] = (), refused: Mapping[int, str] | None = None
) -> int:
    """
    An issue to all readers, which all mail servers took; its mailing.

    :param unknown: of the readers, in their order, those of whom nobody knows
    :param refused: likewise, those who were refused, and in which words
    """
    plan = a_plan(list(store.readers.stream("harbour-brief")), slug=slug)
    mailing = store.mailings.save_plan(plan, actor="mei", now=at)
    store.mailings.begin(mailing.id, transport="sendgrid", actor="mei", now=at)
    run_id = store.mailings.open_run(mailing.id, at)
    claimed = store.mailings.claim(mailing.id, run_id=run_id, limit=10_000, now=at)
    outcomes = dict.fromkeys(unknown, Outcome.UNKNOWN) | dict.fromkeys(refused or (), Outcome.REFUSED)
    receipts = [
        Receipt(one.delivery_id, outcomes.get(number, Outcome.ACCEPTED), (refused or {}).get(number, ""))
        for number, one in enumerate(claimed, 1)
    ]
    store.mailings.settle(receipts, run_id=run_id, now=at, due_at=at)
    store.mailings.close_run(run_id, now=at)
    store.mailings.finish(mailing.id, now=at)
    return mailing.id


def a_history(folder: Path, readers: int = 12) -> None:
    """A store whose readers got six issues, ten days apart; of the last one, nobody knows about readers 1 and 2."""
    copy_of(_history(readers), to=folder)


@cache
def _history(readers: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="newsletter-tests-"))
    _fill(folder, readers)
    return folder


def _fill(folder: Path, readers: int) -> None:
    with a_store(folder) as store:
        for newsletter in ("harbour-brief", "harbour-notes"):
            take_in(store, *[an_entry(number) for number in range(1, readers + 1)], newsletter=newsletter)
        for number, at in enumerate(STARTS, 1):
            send_out(store, at, f"issue-{number}", unknown=(1, 2) if number == len(STARTS) else ())


def delivery(reader: int, mailing: int, readers: int = 12) -> dict[str, Any]:
    """The ids of a history's deliveries: they are planned in order."""
    return {"delivery_id": (mailing - 1) * readers + reader, "mailing_id": mailing}


def everything(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What events may have changed, without when."""
    asked = {
        "suppressions": "SELECT subscriber_id, reason FROM suppressions ORDER BY 1",
        "subscriptions": "SELECT id, status FROM subscriptions ORDER BY 1",
        "deliveries": "SELECT id, state, detail FROM deliveries ORDER BY 1",
        "bounces": "SELECT subscriber_id, mailing_id, kind, bounced_at FROM bounces ORDER BY 1, 2, 3, 4",
        "consents": "SELECT subscriber_id, newsletter, event FROM consents ORDER BY 1, 2, 3",
        "events": "SELECT key, kind, bounce, code, detail, applied_at IS NOT NULL FROM events ORDER BY 1",
    }
    with open_store(address_of(folder)) as store, store._database.reading() as connection:
        return {name: [tuple(row) for row in connection.exec_driver_sql(said)] for name, said in asked.items()}
