from typing import Any

import pytest

from newsletter.web.face.figures import may_see
from newsletter.web.face.origin import is_this_machine, network_of


def asked(peer: str = "127.0.0.1", *forwarded: str, **headers: str) -> dict[str, Any]:
    said = [(b"x-forwarded-for", entry.encode()) for entry in forwarded]
    said += [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"client": (peer, 1), "headers": said}


@pytest.mark.parametrize(
    ("scope", "proxies", "expected"),
    [
        (asked("203.0.113.77"), 0, "203.0.113.0/24"),
        # Nobody has said that a web server of ours is there: what it says is anybody's invention.
        (asked("203.0.113.77", "198.51.100.1"), 0, "203.0.113.0/24"),
        (asked("127.0.0.1", "198.51.100.9"), 1, "198.51.100.0/24"),
        # Only the last entry was written by ours.
        (asked("127.0.0.1", "192.0.2.1, 198.51.100.9"), 1, "198.51.100.0/24"),
        (asked("127.0.0.1", "192.0.2.1", "198.51.100.9"), 1, "198.51.100.0/24"),
        (asked("127.0.0.1", "192.0.2.1, 198.51.100.9, 10.0.0.7"), 2, "198.51.100.0/24"),
        (asked("127.0.0.1"), 1, "127.0.0.0/24"),
        (asked("127.0.0.1", "198.51.100.9:1234"), 1, "198.51.100.0/24"),
        (asked("127.0.0.1", "[2001:db8:1:2::3]:1234"), 1, "2001:db8:1::/48"),
        (asked("127.0.0.1", "2001:db8:1:2::3"), 1, "2001:db8:1::/48"),
        (asked("127.0.0.1", "::ffff:198.51.100.9"), 1, "198.51.100.0/24"),
        (asked("127.0.0.1", "<script>"), 1, ""),
        ({"client": None, "headers": []}, 0, ""),
    ],
)
def test_a_request_comes_from_a_network(scope: dict[str, Any], proxies: int, expected: str) -> None:
    assert network_of(scope, proxies) == expected


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (asked("127.0.0.1"), True),
        (asked("::1"), True),
        (asked("192.0.2.1"), False),
        (asked("127.0.0.1", "192.0.2.1"), False),
        (asked("127.0.0.1", via="1.1 Caddy"), False),
        ({"client": None, "headers": []}, False),
    ],
)
def test_what_a_web_server_passes_on_is_not_asked_from_here(scope: dict[str, Any], expected: bool) -> None:
    assert is_this_machine(scope) is expected
    assert may_see(scope, "") is expected


@pytest.mark.parametrize(
    ("said", "expected"), [("Bearer " + "t" * 40, True), ("Bearer t", False), ("t" * 40, False), ("Bearer é", False)]
)
def test_with_a_token_it_is_the_token_that_counts(said: str, expected: bool) -> None:
    assert may_see(asked("192.0.2.1", authorization=said), "t" * 40) is expected
    assert may_see(asked("127.0.0.1"), "t" * 40) is False
