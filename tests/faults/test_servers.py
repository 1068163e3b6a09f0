"""Postfix's smtp-sink misbehaves at every command; a healthy one takes what is left; nobody gets it twice."""

import subprocess
import sys
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from itertools import repeat
from pathlib import Path

import pytest

from newsletter.delivery import DeliveryState
from newsletter.errors import NewsletterError, RefusedError
from newsletter.mailing.sending import send_mailing
from newsletter.store import open_store
from tests.faults.truth import by_smtp, finish, insist_that_all_is_accounted_for, received, terms_for
from tests.smtpd import read_sink, sink_folder, smtp_sink
from tests.stores import address_of, copy_of

READERS = 60
COMMANDS = ("EHLO", "MAIL", "RCPT", "DATA", ".")
FAULTS = {
    "soft": ("-r",),
    "hard": ("-f",),
    "disconnects": ("-q",),
    "disconnects with 421": ("-Q",),
}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planned")
    subprocess.run([sys.executable, "-m", "benchmarks.planned", address_of(folder), str(READERS)], check=True)
    return folder


@pytest.fixture
def address(tmp_path: Path, planned: Path) -> str:
    copy_of(planned, to=tmp_path)
    return address_of(tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_fails_at_a_command(address: str, fault: str, command: str) -> None:
    with sink_folder() as bad, sink_folder() as good, open_store(address) as store:
        with smtp_sink(*FAULTS[fault], command, taken=bad) as port:
            mailing = store.mailings.recent(1)[0]
            terms = terms_for(by_smtp(port, 2))
            # told, or not: what counts is what is left behind
            with suppress(NewsletterError):
                for _ in send_mailing(store, mailing, terms):
                    pass
        counts = store.mailings.counts(mailing.id)
        assert counts[DeliveryState.CLAIMED] == 0
        with smtp_sink(taken=good) as port:
            finish(store, repeat(by_smtp(port, 2)))
        # smtp-sink writes down what it then refuses at the dot; only silence there may have been a yes
        taken = (good,) if command == "." and fault != "disconnects" else (bad, good)
        truth = Counter(mail.recipient for folder in taken for mail in read_sink(folder))
    found = insist_that_all_is_accounted_for(address, truth, most_unknown=READERS if command == "." else 2)
    assert found.get("accepted", 0) + found.get("refused", 0) + found.get("unknown", 0) == READERS


def test_two_senders_at_once(tmp_path: Path, address: str) -> None:
    """The second one is refused, whatever process it is in, and the first is not disturbed."""
    truth = tmp_path / "truth"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sink", str(truth)], stdout=subprocess.PIPE, text=True
    ) as sink, open_store(address) as store, open_store(address) as other:  # fmt: skip
        assert sink.stdout
        port = int(sink.stdout.readline())
        mailing = store.mailings.recent(1)[0]
        sending = send_mailing(store, mailing, terms_for(by_smtp(port, 2)))
        next(sending)
        with pytest.raises(RefusedError, match="another sender is at work"):
            next(send_mailing(other, mailing, terms_for(by_smtp(port, 2))))
        for _ in sending:
            pass
        sink.terminate()
    assert insist_that_all_is_accounted_for(address, received(truth), most_unknown=0) == {"accepted": READERS}


@pytest.mark.parametrize("jump", [timedelta(days=-3), timedelta(hours=-1), timedelta(hours=1), timedelta(days=400)])
def test_a_clock_that_jumps_in_the_middle(tmp_path: Path, address: str, jump: timedelta) -> None:
    truth = tmp_path / "truth"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sink", str(truth), "soft=0.2"], stdout=subprocess.PIPE, text=True
    ) as sink, open_store(address) as store:  # fmt: skip
        assert sink.stdout
        port = int(sink.stdout.readline())
        mailing = store.mailings.recent(1)[0]
        for later in (timedelta(0), jump):
            for _ in send_mailing(store, mailing, terms_for(by_smtp(port, 2), later=later)):
                pass
        finish(store, repeat(by_smtp(port, 2)))
        sink.terminate()
    found = insist_that_all_is_accounted_for(address, received(truth), most_unknown=0)
    assert sum(found.values()) == READERS
