"""Mails that anybody could write: without a token of ours, none of them changes anything."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

from newsletter.ingest import apply_waiting
from newsletter.ingest.mailbox import read_mails
from newsletter.ingest.mails import Verdict
from newsletter.ingest.sources import Mail
from newsletter.store import open_store
from tests.bounced import bounces_of, complaint, leaving, leaving_token, status_report, vague
from tests.builders import NOW
from tests.reported import KEYS, a_history, delivery, everything
from tests.stores import address_of

#: 10,000 in full
FORGED = int(os.environ.get("NEWSLETTER_FORGED_MAILS", "1500"))


def forged(chance: random.Random, tokens: list[str]) -> Iterator[Mail]:
    """Tokens with a character too few, too many or changed; of another key; of other purposes; or none."""
    for number in range(FORGED):
        token = list(chance.choice(tokens))
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(token))
            # The digits of the number alone say which delivery it is about; the secret before them is what is forged.
            token[place : place + chance.randrange(2)] = chance.choice(["", "0", "f", "7a"])
        to = chance.choice([f"bounce+{''.join(token)}@news.example.com", f"reader{number % 12}@example.com",
                            bounces_of(**delivery(number % 12 + 1, 6), key=chance.randbytes(40))])  # fmt: skip
        status = chance.choice(["5.1.1", "5.2.1", "5.2.2", "4.4.7"])
        returned = f"Return-Path: <{to}>\nDelivered-To: {to}\n"
        yield Mail("forged", chance.choice([
            status_report(to, status=status, returned=returned), complaint(to, origin=to, returned=returned),
            vague(to), leaving(f"unsubscribe {''.join(token)[:48].ljust(48, 'A')}", to),
        ]))  # fmt: skip


def test_no_forged_mail_changes_anything(tmp_path: Path) -> None:
    a_history(tmp_path)
    with open_store(address_of(tmp_path)) as store:
        ours = [bounces_of(**delivery(reader, mailing)) for reader in range(1, 13) for mailing in range(1, 7)]
        tokens = [address.partition("@")[0].removeprefix("bounce+") for address in ours]
        tokens += [leaving_token(store, reader) for reader in range(1, 13)]
        genuine = {*tokens}
        mails = (mail for mail in forged(random.Random(7), tokens)
                 if not any(token.encode() in mail.raw for token in genuine))  # fmt: skip
        before = everything(tmp_path)
        read = read_mails(store, mails, keys=KEYS, now=NOW)
        assert apply_waiting(store, lambda: NOW) == 0
        assert everything(tmp_path) == before
        assert read.verdicts[Verdict.WITHOUT_TOKEN] == read.verdicts.total() > FORGED * 0.9
        # The same mails with tokens that are ours do something, or this would prove nothing.
        read_mails(store, [Mail("ours", status_report(ours[0]))], keys=KEYS, now=NOW)
        assert apply_waiting(store, lambda: NOW) == 1
