"""Which refusals are final, by what the provider said."""

import pytest

from newsletter.mailing.retrying import judge_refusals, why_not_again
from newsletter.store.retrying import RefusedReader
from newsletter.subscriber import Skip


@pytest.mark.parametrize(
    ("said", "is_final"),
    [
        ("still deferred after 10 tries: 450 4.2.1 later", False),
        ("452 4.3.1 no room in the queue", False),
        ("451 try again", False),
        ("550 5.2.2 mailbox full", False),
        ("552 over quota", False),
        ("550 5.3.0 system trouble", False),
        ("550 5.4.4 no route", False),
        ("550 5.7.26 not authenticated", False),
        ("550 5.1.1 no such mailbox", True),
        ("450 5.1.2 no such domain", True),
        ("550 5.2.1 mailbox disabled", True),
        ("550 5.6.7 needs SMTPUTF8", True),
        ("550 no", True),
        ("400 does not contain a valid address", True),
        ("not handed over: the address is not a mail address", True),
    ],
)
def test_a_refusal_is_final_or_worth_another_try(said: str, is_final: bool) -> None:
    assert (why_not_again(said) is not None) == is_final


def test_who_has_left_is_left_out_whatever_the_provider_said() -> None:
    full = RefusedReader(1, "a@example.com", "550 5.2.2 full", None)
    left = RefusedReader(2, "b@example.com", "550 5.2.2 full", Skip.UNSUBSCRIBED)

    judged = judge_refusals([full, left])

    assert judged.again == (full,)
    assert judged.left_out == ((left, "unsubscribed"),)
