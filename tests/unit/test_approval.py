"""An approval is for one content and one audience: who leaves does not end it, whoever comes does."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.approval import Approval, Outgoing, code_of, insist_same, is_same_person, standing_of, void_reason
from newsletter.errors import RefusedError
from newsletter.plan import audience_hash, audience_hash_in_order, content_hash
from tests.builders import NOW

CONTENT, AUDIENCE = "3f9a1c2077be" + "0" * 52, "80d16a4e92c3" + "0" * 52
OUTGOING = Outgoing(CONTENT, AUDIENCE)


def an_approval(by: str = "lin", *, content: str = CONTENT, audience: str = AUDIENCE, minutes: int = 0) -> Approval:
    at = NOW + timedelta(minutes=minutes)
    return Approval(approved_by=by, approved_at=at, content_hash=content, audience_hash=audience)


@pytest.mark.parametrize(
    ("approvals", "holds", "reason"),
    [
        ([], False, "nobody has yet"),
        ([an_approval()], True, ""),
        ([an_approval("mei")], False, "only mei, who planned it, has approved it"),
        ([an_approval("  MEI ")], False, "only mei, who planned it, has approved it"),
        ([an_approval("mei"), an_approval("lin")], True, ""),
        (
            [an_approval(content="x")],
            False,
            "lin did, but since 2026-06-10 01:30 UTC what it says has changed",
        ),
        (
            [an_approval(audience="x")],
            False,
            "lin did, but since 2026-06-10 01:30 UTC somebody was added, or gets another edition",
        ),
        (
            [an_approval(content="x", audience="x")],
            False,
            "lin did, but since 2026-06-10 01:30 UTC what it says and who gets it have changed",
        ),
        ([an_approval(content="x"), an_approval("ada", minutes=5)], True, ""),
        ([an_approval("ada"), an_approval(content="x", minutes=5)], True, ""),
        ([an_approval(content="x"), an_approval("mei", minutes=5)], False, "lin did, but since"),
    ],
)
def test_an_approval_holds_for_what_was_approved_by_somebody_else(
    approvals: list[Approval], holds: bool, reason: str
) -> None:
    standing = standing_of(approvals, OUTGOING, author="mei")

    assert (standing.approval is not None) is holds
    assert standing.reason.startswith(reason)
    assert bool(standing.reason) is not holds


DELIVERIES = st.dictionaries(st.integers(1, 10**6), st.sampled_from(["red", "green", "blue"]), min_size=1)


def outgoing(deliveries: Mapping[int, str]) -> Outgoing:
    return Outgoing(content_hash(set(deliveries.values())), audience_hash(deliveries.items()))


def approval_of(deliveries: Mapping[int, str]) -> Approval:
    found = outgoing(deliveries)
    return an_approval(content=found.content_hash, audience=found.audience_hash)


@given(DELIVERIES, st.data())
def test_whoever_leaves_voids_nothing(deliveries: dict[int, str], data: st.DataObject) -> None:
    states = dict.fromkeys(deliveries, "planned")
    for gone in data.draw(st.sets(st.sampled_from(sorted(deliveries)))):
        states[gone] = "withdrawn"

    assert void_reason(approval_of(deliveries), outgoing({key: deliveries[key] for key in states})) is None


@given(DELIVERIES, st.integers(1, 10**6), st.sampled_from(["red", "green", "blue"]))
def test_whoever_is_added_or_gets_another_edition_voids_it(
    deliveries: dict[int, str], reader: int, edition: str
) -> None:
    changed = deliveries | {reader: edition}

    assert (void_reason(approval_of(deliveries), outgoing(changed)) is None) is (changed == deliveries)


@given(DELIVERIES, st.data())
def test_another_word_in_any_edition_voids_it(deliveries: dict[int, str], data: st.DataObject) -> None:
    edited = data.draw(st.sampled_from(sorted(set(deliveries.values()))))
    changed = {key: hash_ + "2" if hash_ == edited else hash_ for key, hash_ in deliveries.items()}

    reason = void_reason(approval_of(deliveries), outgoing(changed))

    assert reason == "what it says and who gets it have changed"


@given(DELIVERIES)
def test_deliveries_in_order_hash_as_any_other_order_does(deliveries: dict[int, str]) -> None:
    backwards = sorted(deliveries.items(), reverse=True)
    assert audience_hash(backwards) == audience_hash_in_order(sorted(deliveries.items()))


@pytest.mark.parametrize("seen", ["3f9a-1c20-77be", "3F9A1C20 77BE", "3f9a1c20", CONTENT])
def test_a_code_is_the_beginning_of_the_hash_however_it_is_typed(seen: str) -> None:
    insist_same("content", seen, CONTENT)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ("3f9a-1c2", "is no code of a proof page"),
        ("", "is no code of a proof page"),
        ("3f9a-1c20-77bx", "is no code of a proof page"),
        ("3f9a-1c20-77bf", "the content is 3f9a-1c20-77be, and what you looked at was 3f9a-1c20-77bf"),
        (CONTENT + "0", "the content is"),
    ],
)
def test_another_code_or_too_little_of_one_is_refused(seen: str, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        insist_same("content", seen, CONTENT)


def test_a_hash_is_read_out_in_groups() -> None:
    assert code_of(CONTENT) == "3f9a-1c20-77be"


def test_one_person_is_one_person_however_the_name_is_typed() -> None:
    assert is_same_person("Mei  Lin", "mei lin")
    assert not is_same_person("mei", "mei.lin")
