"""Links are visited a few at a time, gently, and never inside."""

import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from newsletter.checks import visit_findings
from newsletter.fetching import NoAnswerError, NotVisitedError, visit
from newsletter.mailing.visiting import Visited, urls_of, visited
from tests.checking import a_brief_file, a_note_file, a_reading, a_story
from tests.unit.test_fetching import SPELLINGS, numbers_only


class _Web(BaseHTTPRequestHandler):
    """Pages that let people in and turn programs away, in the ways that are met."""

    asked: list[str]
    at_once: list[int]
    busy = 0

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        name = self.path.strip("/")
        if name == "busy":
            self._be_busy()
        if name.startswith("round"):
            return self._give(302, "/round")
        if name == "away":
            return self._give(302, "http://inside.example/")
        if name == "dropped" and self.command == "HEAD":
            self.close_connection = True
            return None
        codes = {"gone": 404, "broken": 500, "get-only": 405 if self.command == "HEAD" else 200}
        return self._give(codes.get(name, 200))

    def _be_busy(self) -> None:
        kind = type(self)
        kind.busy += 1
        kind.at_once.append(kind.busy)
        time.sleep(0.05)
        kind.busy -= 1

    def _give(self, code: int, location: str = "") -> None:
        self.send_response(code)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[tuple[str, type[_Web]]]:
    kind = type("_Own", (_Web,), {"asked": [], "at_once": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://web.example:{server.server_port}", kind
    server.shutdown()
    thread.join()
    server.server_close()


def resolve(host: str) -> list[str]:
    return ["127.0.0.1"] if host == "web.example" else ["10.0.0.1"]


look = partial(visit, resolve=resolve, allow_private=True, timeout=5)


@pytest.mark.parametrize("page", ["there", "get-only", "dropped"])
def test_a_page_that_is_there_is_fine_whichever_way_it_wants_to_be_asked(
    page: str, web: tuple[str, type[_Web]]
) -> None:
    look(f"{web[0]}/{page}")
    assert web[1].asked == [f"{way} /{page}" for way in (("HEAD",) if page == "there" else ("HEAD", "GET"))]


@pytest.mark.parametrize(
    ("page", "reason"),
    [("gone", "answers 404"), ("broken", "answers 500"), ("round", "leads on more than 5 times")],
)
def test_a_page_that_is_not_there_is_dead(page: str, reason: str, web: tuple[str, type[_Web]]) -> None:
    with pytest.raises(NoAnswerError) as caught:
        look(f"{web[0]}/{page}")
    assert caught.value.reason == reason


def test_a_host_that_says_nothing_is_dead_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(NoAnswerError, match="takes too long"):
            look(f"http://web.example:{silent.getsockname()[1]}/", timeout=0.5)
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("url", SPELLINGS)
def test_no_spelling_of_an_inner_address_is_visited(url: str) -> None:
    with pytest.raises((NotVisitedError, NoAnswerError)):
        visit(url, resolve=numbers_only, timeout=0.5)


def test_a_redirect_into_the_network_is_refused(web: tuple[str, type[_Web]]) -> None:
    """The first address is let in for the test; the second is judged as always."""
    asked: list[str] = []

    def twice(host: str) -> list[str]:
        asked.append(host)
        if host == "inside.example":
            raise OSError("nobody may ask for this")
        return ["127.0.0.1"]

    with pytest.raises(NoAnswerError, match="no such host"):
        visit(f"{web[0]}/away", resolve=twice, allow_private=True)
    assert "inside.example" in asked
    with pytest.raises(NotVisitedError, match="private network"):
        visit("http://web.example/away", resolve=resolve)


def test_links_are_visited_a_few_at_a_time_and_each_once(web: tuple[str, type[_Web]]) -> None:
    urls = [f"{web[0]}/busy?{number}" for number in range(20)]
    kind = web[1]
    found = list(visited(urls, see=lambda url: look(url.replace("?", "#"))))
    assert sorted(one.url for one in found) == sorted(urls)
    assert found == [Visited(one.url) for one in found]
    assert max(kind.at_once) <= 7
    assert len(kind.asked) == 20


def test_what_came_of_a_link_is_said_where_it_stands() -> None:
    text = a_note_file(intro="The team has read.\n\nSee [the rules](https://example.com/gone) and more.")
    reading = a_reading(text)
    assert urls_of([reading, reading]) == ["https://example.com/gone"]
    [finding] = visit_findings(reading, {"https://example.com/gone": "answers 404"}, {})
    assert (finding.rule, text.split("\n")[(finding.line or 0) - 1][:3]) == ("NL801", "See")
    assert "https://example.com/gone answers 404" in finding.message


def test_a_dead_link_may_be_allowed() -> None:
    url = "https://example.com/a"
    reading = a_reading(a_brief_file(a_story(URL=url), front="allow: [NL801: it turns programs away]\n"))
    assert visit_findings(reading, {url: "answers 403"}, {}) == []
