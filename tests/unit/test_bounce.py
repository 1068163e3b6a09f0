"""What kind of refusal it was, by what the server said."""

import pytest

from newsletter.bounce import BounceKind, Code, code_of, kind_of


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
        ("550 blocked by 192.5.7.1", BounceKind.OTHER),
        ("550 since version 15.5.7.26", BounceKind.OTHER),
        ("order 4510 is lost", BounceKind.OTHER),
        ("", BounceKind.OTHER),
    ],
)
def test_a_code_beats_the_three_digits_and_other_numbers_are_none(said: str, kind: BounceKind) -> None:
    assert kind_of(said) is kind


def test_the_first_code_counts() -> None:
    assert code_of("550-5.1.1 gone; was 4.2.2") == Code(5, 1, 1)
    assert code_of("550 no") is None
