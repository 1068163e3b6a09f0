"""What SendGrid's event webhook says, and what may stand in its place."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import InputError
from newsletter.providers.sendgrid import events
from newsletter.providers.sendgrid.events import Event, read_events

DELIVERED: dict[str, Any] = {
    "email": "mei@example.com",
    "timestamp": 1_781_078_400,
    "event": "delivered",
    "sg_event_id": "ZGVsaXZlcmVk",
    "sg_message_id": "14c5d75ce93.dfd.64b469",
    "response": "250 OK for mei@example.com",
    "delivery": "12",
    "message": "abcdefghij",
}


def written(*entries: Any) -> bytes:
    return json.dumps(list(entries)).encode()


def lines(*entries: Any) -> bytes:
    return "\n".join(json.dumps(entry) for entry in entries).encode() + b"\n\n"


@pytest.mark.parametrize("form", [written, lines])
def test_an_event_names_our_delivery_and_no_address(form: Any) -> None:
    expected = Event(
        12, "abcdefghij", "delivered", datetime(2026, 6, 10, 8, tzinfo=UTC), "ZGVsaXZlcmVk", "250 OK for (address)"
    )
    assert read_events(form(DELIVERED)).found == (expected,)


def test_an_event_that_is_reported_twice_counts_once() -> None:
    other = DELIVERED | {"sg_event_id": "b3Blbg", "event": "open"}
    assert [event.kind for event in read_events(written(DELIVERED, other, DELIVERED)).found] == ["delivered", "open"]


@pytest.mark.parametrize(
    "change",
    [
        {"delivery": None}, {"delivery": 12}, {"delivery": "0"}, {"delivery": "-1"}, {"delivery": "1.0"},
        {"delivery": "9" * 5_000}, {"delivery": "9" * 19}, {"delivery": "١٢"}, {"delivery": ["12"]}, {"message": ""},
        {"message": {"a": 1}}, {"event": None}, {"event": True},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_event_of_our_mail_is_passed_over(change: dict[str, Any]) -> None:
    found = read_events(written(DELIVERED, DELIVERED | change | {"sg_event_id": "x"}, 7, None, ["delivered"]))
    assert (len(found.found), found.passed_over) == (1, 4)


@pytest.mark.parametrize("when", [None, "soon", True, 10**30, -(10**30), float("inf"), float("nan"), [1]])
def test_a_time_that_is_none_is_left_out(when: Any) -> None:
    (event,) = read_events(written(DELIVERED | {"timestamp": when})).found
    assert event.at is None


@pytest.mark.parametrize(
    "content", [b"7", b"hello", b"\xff\xfe\x00", b"{}\nnonsense", b"[" * 100_000, b"[1, 2", b"null"], ids=repr
)
def test_what_is_not_json_of_events_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(InputError, match=r"line \d+: is not an event"):
        read_events(content)


def test_too_much_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LONGEST", 10)
    with pytest.raises(InputError, match="of events"):
        read_events(written(DELIVERED))


@pytest.mark.parametrize("content", [b"", b"[]", b"\n"])
def test_nothing_holds_no_events(content: bytes) -> None:
    assert read_events(content).found == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(json_values | st.fixed_dictionaries(dict.fromkeys(DELIVERED, json_values)), max_size=5))
def test_whatever_json_comes_nothing_breaks(entries: list[Any]) -> None:
    found = read_events(json.dumps(entries).encode())
    assert len(found.found) + found.passed_over <= len(entries)


@given(st.binary())
def test_whatever_bytes_come_they_are_read_or_refused(content: bytes) -> None:
    try:
        read_events(content)
    except InputError:
        return
