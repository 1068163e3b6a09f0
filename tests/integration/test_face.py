"""The pages behind the links of a mail, as `newsletter serve` serves them."""

import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from newsletter.errors import RefusedError
from newsletter.roster.own import SECOND_THOUGHTS, choose, come_back, leave, linked_reader
from newsletter.store import Store, open_store
from newsletter.subscriber import Subscriber, SubscriptionStatus, SuppressionReason
from newsletter.tags import Vocabulary, read_vocabulary
from newsletter.tokens import Purpose, Token, make_token
from tests.builders import NOW
from tests.integration.at_work import started
from tests.integration.conftest import SETTINGS, Command
from tests.smtpd import free_port
from tests.stores import CONSENT, a_store, address_of, an_entry, take_in

UNSUBSCRIBED, CONFIRMED = SubscriptionStatus.UNSUBSCRIBED, SubscriptionStatus.CONFIRMED
KEYS = (SETTINGS["NEWSLETTER_SECRET_KEY"].encode(),)
ONE_CLICK = {
    "urlencoded": ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
    "multipart": (
        "multipart/form-data; boundary=b",
        '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
    ),
}


@dataclass
class Face:
    """The pages at work, and the database behind them."""

    port: int
    folder: Path

    def ask(
        self, method: str, path: str, body: str | bytes = "", kind: str = "application/x-www-form-urlencoded"
    ) -> tuple[int, str, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        # A name that is not ours must not show in any link.
        connection.request(method, path, body, {"Content-Type": kind, "Host": "evil.example"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, answer.headers

    def post(self, path: str, **fields: object) -> tuple[int, str]:
        status, text, _ = self.ask("POST", path, urlencode(fields, doseq=True))
        return status, text

    def reader(self, number: int = 1, newsletter: str = "china-ai-brief") -> Subscriber:
        with open_store(address_of(self.folder)) as store:
            return store.readers.find(f"reader{number}@example.com", newsletter)[0]


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    folder = tmp_path_factory.mktemp("face")
    with a_store(folder) as store:
        entries = [an_entry(number, language="zh-Hans" if number == 2 else "en") for number in range(1, 30)]
        for newsletter in ("china-ai-brief", "china-team"):
            take_in(store, *entries, newsletter=newsletter)
    port = free_port()
    with started(folder, ["serve", "--port", port], port) as at_work:
        at_work.wait_until(lambda: "Serving" in at_work.said)
        yield Face(port, folder)


def link(reader: Subscriber, purpose: Purpose = Purpose.UNSUBSCRIBE) -> str:
    return f"/{purpose}/{make_token(KEYS, purpose, Token(reader.public_id, 1))}"


@pytest.mark.parametrize(("number", "form"), [(3, "urlencoded"), (4, "multipart")])
def test_one_click_has_taken_effect_before_the_answer(face: Face, number: int, form: str) -> None:
    kind, body = ONE_CLICK[form]
    for _ in range(2):
        status, said, headers = face.ask("POST", link(face.reader(number)), body, kind)
        assert (status, said) == (200, "unsubscribed\n")
        assert "Location" not in headers
        assert "Set-Cookie" not in headers
        assert face.reader(number).status is UNSUBSCRIBED
        assert face.reader(number, "china-team").status is CONFIRMED


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whoever_only_fetches_a_link_changes_nothing(face: Face, method: str) -> None:
    reader = face.reader(5)
    for purpose in (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES):
        status, text, headers = face.ask(method, link(reader, purpose))
        assert status == 200
        assert ("<form" in text) is (method == "GET")
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert reader.email not in text
        assert "evil.example" not in text
    assert face.reader(5) == reader


def test_from_the_page_one_leaves_this_newsletter_or_all_of_them_and_may_come_back(face: Face) -> None:
    path = link(face.reader(6))
    status, text = face.post(path, **{"from": "this"})
    assert (status, "You have left" in text) == (200, True)
    assert (face.reader(6).status, face.reader(6, "china-team").status) == (UNSUBSCRIBED, CONFIRMED)
    assert "You have left" in face.ask("GET", path)[1]
    face.post(path, **{"from": "all"})
    assert (face.reader(6).status, face.reader(6, "china-team").status) == (UNSUBSCRIBED, UNSUBSCRIBED)
    status, text = face.post(f"{path}/back", **{"from": "all"})
    assert (status, "You are subscribed again" in text) == (200, True)
    assert (face.reader(6).status, face.reader(6, "china-team").status) == (CONFIRMED, CONFIRMED)
    assert face.reader(6).consent == CONSENT


def test_a_reader_is_spoken_to_in_their_language(face: Face) -> None:
    _, text, _ = face.ask("GET", link(face.reader(2)))
    assert '<html lang="zh-Hans">' in text
    assert "退订" in text
    assert "r***@example.com" in text


def test_interests_are_chosen_among_what_is_offered(face: Face) -> None:
    path = link(face.reader(7), Purpose.PREFERENCES)
    status, text = face.post(path, which="some", subject=["ai-chips", "china", "no-such", "<script>"])
    assert (status, "Saved" in text) == (200, True)
    assert face.reader(7).interests == {"ai-chips", "china"}
    assert re.search(r'value="ai-chips" checked', text)
    face.post(path, which="some", subject=["china"])
    assert face.reader(7).interests == {"china"}
    face.post(path, which="all", subject=["china"])
    assert face.reader(7).interests == frozenset()


@pytest.mark.parametrize(
    "path",
    [
        "/u/",
        "/u/x",
        "/u/" + "A" * 48,
        "/p/%00",
        "/v/../../etc/passwd",
        "/nowhere",
        "/face/app.py",
        "/face/..%2fapp.py",
        "/health/",
        "//evil.example/",
    ],
)
def test_strange_links_lead_to_a_page_that_says_so(face: Face, path: str) -> None:
    status, text, _ = face.ask("GET", path)
    assert (status, "This link does not work" in text) == (404, True)


@pytest.mark.parametrize("made_for", Purpose)
@pytest.mark.parametrize("used_for", Purpose)
def test_a_link_is_good_for_its_own_purpose_only(face: Face, made_for: Purpose, used_for: Purpose) -> None:
    path = link(face.reader(8), made_for).replace(f"/{made_for}/", f"/{used_for}/", 1)
    method = "GET" if used_for is Purpose.VIEW else "POST"
    status, _, _ = face.ask(method, path)
    # there is no mailing 1 to be viewed, and a confirmation is not a subscription's
    leads_nowhere = used_for in {Purpose.VIEW, Purpose.CONFIRM}
    assert status == (200 if made_for is used_for and not leads_nowhere else 404)


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"", "", 200),
        (b"\xff\xfe%%%=&&&", "application/x-www-form-urlencoded", 200),
        (b"--b\r\nbroken", "multipart/form-data; boundary=b", 200),
        (b"{}", "application/json", 200),
        (b"a=1&" * 5_000, "application/x-www-form-urlencoded", 400),
        (b"x" * 70_000, "application/x-www-form-urlencoded", 413),
    ],
    ids=["empty", "no UTF-8", "broken", "JSON", "many fields", "large"],
)
def test_whatever_is_posted_is_answered(face: Face, body: bytes, kind: str, expected: int) -> None:
    assert face.ask("POST", link(face.reader(9)), body, kind)[0] == expected


def test_a_mailing_goes_out_with_links_that_work_and_is_seen_without_what_is_the_readers_own(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "readers.csv").write_text("email,name\nmei@example.com,Mei Chen\njun@example.com,Jun Li\n")
    consent = ("--consent-basis", "asked by mail", "--consent-on", "2026-03-01")
    assert command("subscribers", "import", "readers.csv", "-n", "china-ai-brief", *consent).code == 0
    issue = Path(__file__).parents[2] / "docs" / "examples" / "china-ai-brief.md"
    port = free_port()
    ours = {"NEWSLETTER_BASE_URL": f"http://127.0.0.1:{port}"}
    with started(tmp_path, ["serve", "--port", port], port, **ours) as at_work:
        at_work.wait_until(lambda: "Serving" in at_work.said)
        served = Face(port, tmp_path)
        assert command("send", issue, "-s", "everyone", "--yes", **ours).code == 0
        mail = next((tmp_path / "outbox").glob("*mei*.eml")).read_text()
        tokens = re.findall(r"/([upv])/([A-Za-z0-9_=\r\n-]{48,})", mail.replace("=3D", "=").replace("=\n", ""))
        by_purpose = {purpose: token[:48] for purpose, token in tokens}
        status, text, headers = served.ask("GET", f"/v/{by_purpose['v']}")
        assert status == 200
        assert "<title>" in text
        assert headers["Content-Security-Policy"].startswith("sandbox ")
        assert not [own for own in ("Mei Chen", "mei@example.com", *by_purpose.values()) if own in text]
        assert served.ask("POST", f"/u/{by_purpose['u']}", *reversed(ONE_CLICK["urlencoded"]))[0] == 200
        said = command("plan", issue, "-s", "everyone", "--again", "--json", **ours)
        assert said.document["skipped"]["unsubscribed"] == 1


OFFERED = """
ai: {names: {en: AI}, offered: yes}
ai-chips: {names: {en: AI chips}, parents: [ai], offered: yes}
chips: {names: {en: Chips}, replaced_by: ai-chips}
squirrel: {names: {en: Squirrel}}
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        yield opened


def vocabulary() -> Vocabulary:
    return read_vocabulary(OFFERED, path="tags.yaml")


@pytest.mark.parametrize(
    ("held", "chosen", "expected"),
    [
        ({"squirrel", "ai"}, ["ai-chips"], {"squirrel", "ai-chips"}),
        ({"squirrel", "ai"}, [], {"squirrel"}),
        ({"squirrel", "ai"}, None, set()),
        ({"ai"}, ["squirrel", "ai"], {"ai"}),
        # a tag that has retired since
        ({"chips"}, ["ai"], {"ai"}),
    ],
)
def test_what_an_adviser_noted_stays_unless_the_reader_wants_everything(
    store: Store, held: set[str], chosen: list[str] | None, expected: set[str]
) -> None:
    (reader,) = take_in(store, an_entry(interests=frozenset(held)))
    assert choose(store, reader, chosen, vocabulary=vocabulary(), now=NOW).interests == expected


def test_nobody_comes_back_after_a_day_or_from_a_suppression(store: Store) -> None:
    early, late, complaining = take_in(store, *(an_entry(number) for number in range(3)))
    for reader in (early, late, complaining):
        leave(store, reader, everywhere=False, now=NOW)
    store.readers.suppress(complaining.subscriber_id, SuppressionReason.COMPLAINED, actor="events", now=NOW)
    assert come_back(store, early, everywhere=False, now=NOW + SECOND_THOUGHTS) == [early.newsletter]
    with pytest.raises(RefusedError, match="more than a day"):
        come_back(store, late, everywhere=False, now=NOW + SECOND_THOUGHTS + timedelta(seconds=1))
    with pytest.raises(RefusedError, match="must not be mailed"):
        come_back(store, linked_reader(store, complaining.public_id), everywhere=False, now=NOW)


def test_who_had_given_no_consent_has_given_none_by_coming_back(store: Store) -> None:
    (reader,) = take_in(store, an_entry(consent=None))
    leave(store, reader, everywhere=False, now=NOW)
    come_back(store, reader, everywhere=False, now=NOW)
    assert linked_reader(store, reader.public_id).status is SubscriptionStatus.PENDING
