"""Links that somebody made up: none is taken, mutated, cut or swapped. A million in full."""

import base64
import http.client
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.errors import TokenError
from newsletter.tokens import Purpose, Token, make_stamp, make_token, read_stamp, read_token
from tests.entrance import IS_FULL, KEYS, Entrance, an_entrance
from tests.stores import an_entry, take_in

FORGERIES = 1_000_000 if IS_FULL else 40_000
OVER_HTTP = 3_000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
STRANGE = [*ALPHABET, "=", "+", "/", "\0", "\n", " ", "é", "\uff21", "%", "."]


def forgeries(chance: random.Random, number: int) -> Iterator[tuple[Purpose, str]]:
    """Purpose, and a text that is no token of it."""
    purposes = list(Purpose)
    kinds = [mutated, flipped, cut, longer, made_up, of_another_key, swapped, respelt]
    while number:
        purpose = chance.choice(purposes)
        token = Token(chance.randbytes(16), chance.randrange(1 << 24))
        good = make_token(KEYS, purpose, token)
        found = chance.choice(kinds)(chance, purpose, good, token)
        if found != good:
            yield purpose, found
            number -= 1


def mutated(chance: random.Random, purpose: Purpose, good: str, token: Token) -> str:
    letters = list(good)
    for _ in range(chance.choice((1, 1, 2, 8))):
        letters[chance.randrange(48)] = chance.choice(STRANGE)
    return "".join(letters)


def flipped(chance: random.Random, purpose: Purpose, good: str, token: Token) -> str:
    raw = bytearray(base64.urlsafe_b64decode(good))
    raw[chance.randrange(36)] ^= 1 << chance.randrange(8)
    return base64.urlsafe_b64encode(bytes(raw)).decode()


def cut(chance: random.Random, purpose: Purpose, good: str, token: Token) -> str:
    return good[chance.randrange(1, 48) :] if chance.random() < 0.5 else good[: chance.randrange(48)]


def longer(chance: random.Random, purpose: Purpose, good: str, token: Token) -> str:
    extra = "".join(chance.choices(STRANGE, k=chance.randrange(1, 60)))
    return good + extra if chance.random() < 0.5 else extra + good


def made_up(chance: random.Random, purpose: Purpose, good: str, token: Token) -> str:
    return "".join(chance.choices(ALPHABET, k=48))


def of_another_key(chance: random.Random, purpose: Purpose, good: str, token: Token) -> str:
    return make_token([chance.randbytes(32)], purpose, token)


def swapped(chance: random.Random, purpose: Purpose, good: str, token: Token) -> str:
    """Good for another purpose, or with another's signature."""
    other = make_token(KEYS, chance.choice([it for it in Purpose if it is not purpose]), token)
    return other if chance.random() < 0.5 else good[:28] + other[28:] if other[28:] != good[28:] else other


def respelt(chance: random.Random, purpose: Purpose, good: str, token: Token) -> str:
    spellings = [
        good + "=",
        good + "\n",
        f" {good}",
        good.swapcase(),
        good.lower(),
        good[::-1],
        f"{good[:47]}=",
        f"%{good}",
    ]
    return chance.choice(spellings)


def test_no_forged_token_is_taken() -> None:
    chance = random.Random(20260610)
    taken = [(purpose, text) for purpose, text in forgeries(chance, FORGERIES) if is_taken(purpose, text)]
    assert taken == []


def is_taken(purpose: Purpose, text: str) -> bool:
    try:
        read_token(KEYS, purpose, text)
    except TokenError:
        return False
    return True


def test_every_token_is_good_for_one_purpose_alone() -> None:
    chance = random.Random(7)
    for _ in range(FORGERIES // 100):
        token = Token(chance.randbytes(16), chance.randrange(1 << 24))
        for made_for in Purpose:
            text = make_token(KEYS, made_for, token)
            assert [it for it in Purpose if is_taken(it, text)] == [made_for]


def test_no_forged_stamp_is_taken() -> None:
    chance = random.Random(9)
    good = make_stamp(KEYS, "sign-up x", 1_780_000_000)
    assert read_stamp(KEYS, "sign-up x", good) == 1_780_000_000
    for _ in range(FORGERIES // 10):
        letters = list(good)
        letters[chance.randrange(len(good))] = chance.choice(["0", "f", "x", ".", "\n", "é", ""])
        forged = "".join(letters)
        if forged != good:
            with pytest.raises(TokenError):
                read_stamp(KEYS, "sign-up x", forged)
    with pytest.raises(TokenError):
        read_stamp(KEYS, "sign-up y", good)


@pytest.fixture(scope="module")
def entrance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    with an_entrance(tmp_path_factory.mktemp("forged")) as opened:
        yield opened


def test_over_the_pages_they_are_refused_and_nothing_breaks_or_changes(entrance: Entrance, tmp_path: Path) -> None:
    with entrance.store() as store:
        before = take_in(store, *(an_entry(number) for number in range(3)), newsletter="china-team")
    connection = http.client.HTTPConnection("127.0.0.1", entrance.port, timeout=30)
    chance, statuses = random.Random(11), set()
    ends = {Purpose.PREFERENCES: ["", "/undo", "/pause", "/held", "/forget"], Purpose.UNSUBSCRIBE: ["", "/back"]}
    for purpose, text in forgeries(chance, OVER_HTTP):
        shown = "".join(mark if mark in ALPHABET else f"%{byte:02x}" for mark in text for byte in mark.encode()[:1])
        path = f"/{purpose}/{shown}{chance.choice(ends.get(purpose, ['']))}"
        method = chance.choice(("GET", "HEAD", "POST", "POST"))
        body = chance.choice((b"", b"List-Unsubscribe=One-Click", b"from=all", b"weeks=4"))
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body if method == "POST" else b"", kind)
        answer = connection.getresponse()
        answer.read()
        statuses.add(answer.status)
    connection.close()
    assert statuses <= {404, 405}
    with entrance.store() as store:
        assert list(store.readers.stream("china-team")) == before
