"""
One sending in a process of its own, so that its memory is its own.

`python -m benchmarks.sender STORE smtp PORT CONNECTIONS`, or `… sendgrid URL READERS`; prints what it took as JSON.
"""

import json
import resource
import sys
import time
from collections import Counter
from typing import Any

from newsletter.delivery import Outcome
from newsletter.dispatch import Transport
from newsletter.mailing.sending import Terms, send_mailing
from newsletter.store import open_store

KEYS = (b"an invented key that signs nothing but a benchmark",)


def main() -> None:
    address, kind, place, many = sys.argv[1:]
    transport = transport_of(kind, place, int(many))
    terms = Terms(transport=transport, keys=KEYS, base_url="https://news.example.com", actor="bench")
    outcomes: Counter[Outcome] = Counter()
    with open_store(address) as store:
        mailing = store.mailings.recent(1)[0]
        # As `send` does before it asks: what must be imported to read it is no part of the sending.
        store.mailings.compiled(mailing.id)
        used, started = time.process_time(), time.perf_counter()
        for batch in send_mailing(store, mailing, terms):
            outcomes += batch
        taken = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - used}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found: dict[str, Any] = taken | {"peak_mib": peak, "accepted": outcomes[Outcome.ACCEPTED]}
    print(json.dumps(found))


def transport_of(kind: str, place: str, many: int) -> Transport:
    if kind == "smtp":
        from newsletter.providers.smtp import SmtpTransport

        return SmtpTransport("127.0.0.1", int(place), security="none", connections=many)
    from newsletter.providers.sendgrid import SendGridTransport

    return SendGridTransport("SG.bench", url=place, batch=many)


if __name__ == "__main__":
    main()
