"""What kind of refusal it was, by what the server said."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.bounce import BounceKind, Code, Sent, code_of, is_beyond_hope, kind_of
from tests.builders import NOW


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("550 5.1.1 no such mailbox", BounceKind.DEAD),
        ("550 5.2.1 mailbox disabled", BounceKind.DEAD),
        ("550 5.1.10 null MX", BounceKind.DEAD),
        ("450 5.1.2 no such domain", BounceKind.DEAD),
        ("450 4.1.1 not yet known here", BounceKind.TEMPORARY),
        ("550 5.1.8 the sender's domain does not exist", BounceKind.OTHER),
        ("550 5.2.2 full", BounceKind.FULL),
        ("452 4.2.2 full", BounceKind.FULL),
        ("552 over quota", BounceKind.FULL),
        ("550 5.7.26 not authenticated", BounceKind.POLICY),
        ("421 4.7.0 too many", BounceKind.POLICY),
        ("421 closing", BounceKind.TEMPORARY),
        ("451 try again", BounceKind.TEMPORARY),
        ("400 does not contain a valid address", BounceKind.OTHER),
        ("413 too large", BounceKind.OTHER),
        ("550 no", BounceKind.OTHER),
        ("550 answered by 192.5.7.1", BounceKind.OTHER),
        ("550 blocked by 192.5.7.1", BounceKind.POLICY),
        ("550 no such user here", BounceKind.DEAD),
        ("550 5.0.0 User unknown", BounceKind.DEAD),
        ("550 5.5.0 mailbox is full", BounceKind.FULL),
        ("554 spam, and no such user", BounceKind.POLICY),
        ("550 the sender's address does not exist", BounceKind.POLICY),
        ("550 5.1.8 no such user", BounceKind.OTHER),
        ("451 no such user", BounceKind.TEMPORARY),
        ("552 5.2.3 too big", BounceKind.OURS),
        ("552 5.3.4 too big", BounceKind.OURS),
        ("550 5.6.7 the address is not ASCII", BounceKind.OURS),
        ("550 since version 15.5.7.26", BounceKind.OTHER),
        ("order 4510 is lost", BounceKind.OTHER),
        ("", BounceKind.OTHER),
    ],
)
def test_a_code_beats_the_three_digits_and_other_numbers_are_none(said: str, kind: BounceKind) -> None:
    assert kind_of(said) is kind


LETTERS = {"f": BounceKind.FULL, "t": BounceKind.TEMPORARY, "o": BounceKind.OTHER, "p": BounceKind.POLICY,
           "u": BounceKind.OURS, "d": BounceKind.DEAD}  # fmt: skip


def issues(letters: str, days: float = 10) -> list[Sent]:
    """A letter an issue; `-` for one that was taken."""
    kinds = [frozenset({LETTERS[letter]} if letter in LETTERS else ()) for letter in letters]
    return [Sent(NOW + timedelta(days=days * number), kind) for number, kind in enumerate(kinds)]


@pytest.mark.parametrize(
    ("letters", "days", "expected"),
    [
        ("", 10, False), ("-", 10, False), ("d", 10, True), ("--d--", 10, True),
        ("ff", 20, False), ("fff", 7, False), ("fff", 7.5, True), ("ff-f", 10, False), ("fftf", 10, True),
        ("ffpf", 10, True), ("ffuf", 10, True), ("f-ff-f", 10, False),
        ("tttt", 30, False), ("ttttt", 7, False), ("ttttt", 7.5, True), ("tt-ttt", 30, False), ("ttott", 10, True),
        ("ooooo", 10, True), ("ttpttt", 10, True), ("tftft", 10, True), ("pppppppp", 30, False),
        ("uuuuuuuu", 30, False), ("ttttt-", 10, True), ("fff---", 10, True),
        # Many at once are one bad day; it goes on until they are far enough apart.
        ("f" * 30, 0.1, False), ("f" * 30, 0.6, True),
    ],
)  # fmt: skip
def test_how_much_a_mailbox_is_forgiven(letters: str, days: float, expected: bool) -> None:
    assert is_beyond_hope(issues(letters, days)) is expected


@given(st.text("ftopud-", max_size=12), st.integers(0, 11), st.sampled_from("ftopud"))
def test_one_more_bounce_never_speaks_for_a_mailbox(letters: str, place: int, more: str) -> None:
    before = issues(letters)
    after = [
        sent._replace(kinds=sent.kinds | {LETTERS[more]}) if number == place else sent
        for number, sent in enumerate(before)
    ]
    assert is_beyond_hope(after) >= is_beyond_hope(before)


def test_the_first_code_counts() -> None:
    assert code_of("550-5.1.1 gone; was 4.2.2") == Code(5, 1, 1)
    assert code_of("550 no") is None
